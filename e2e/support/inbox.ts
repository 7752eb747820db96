import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface Letter {
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly sentAt: string;
}

export interface SignInLetter extends Letter {
  readonly link: string;
  readonly path: string;
  readonly token: string;
  readonly code: string;
}

/** The local mailbox: the letters that a server wrote to its data directory. */
export class Inbox {
  readonly #read = new Set<string>();
  readonly #folder: string;
  /** Letters by file name; a file does not change once it is written. */
  readonly #letters = new Map<string, Letter>();

  constructor(dataDir: string) {
    this.#folder = join(dataDir, "mailbox");
  }

  all(): Letter[] {
    return this.#files().flatMap((name) => {
      const known = this.#letters.get(name);
      if (known) return [known];
      // The mailbox deletes its oldest letters, perhaps while this reads.
      const text = existing(() => readFileSync(join(this.#folder, name), "utf8"));
      if (text === null) return [];
      const letter = JSON.parse(text) as Letter;
      this.#letters.set(name, letter);
      return [letter];
    });
  }

  /** Letters but those about new devices, which any sign-in may cause. */
  lettersTo = (address: string) =>
    this.all().filter(({ to, subject }) => to === address && !isReport(subject));

  /** Waits for the first unread letter to an address. */
  nextTo = (address: string): Promise<Letter> => this.#nextOf(() => this.lettersTo(address));

  /** Waits for the next letter about a sign-in from a new device; returns the path of its link. */
  async reportTo(address: string): Promise<string> {
    const { text } = await this.#nextOf(() =>
      this.all().filter(({ to, subject }) => to === address && isReport(subject)),
    );
    const [, path] = /https?:\/\/[^/\s]+(\/l\/report\/[\w-]{43})/.exec(text) ?? [];
    if (!path) throw new Error(`This letter has no link:\n${text}`);
    return path;
  }

  async #nextOf(read: () => Letter[]): Promise<Letter> {
    for (let tries = 0; tries < 2_400; tries += 1) {
      const letter = read().find(({ id }) => !this.#read.has(id));
      if (letter) {
        this.#read.add(letter.id);
        return letter;
      }
      await sleep(50);
    }
    throw new Error("No letter arrived.");
  }

  /** Waits for the next letter, which must have a link and a code. */
  letterTo = async (address: string): Promise<SignInLetter> =>
    signInLetter(await this.nextTo(address));

  /** Waits for the next letter, which must have a link. Its code is "" where it has none. */
  linkTo = async (address: string): Promise<SignInLetter> => withLink(await this.nextTo(address));

  /** Waits for the next letter, which must have a code and no link. */
  async codeTo(address: string): Promise<string> {
    const { text } = await this.nextTo(address);
    const [code] = /\b\d{6}\b/.exec(text) ?? [];
    if (!code || /https?:/.test(text)) throw new Error(`No code, or a link with it:\n${text}`);
    return code;
  }

  #files(): string[] {
    // The server creates the folder with the first letter.
    const names = existing(() => readdirSync(this.#folder)) ?? [];
    return names.filter((name) => name.endsWith(".json")).sort();
  }
}

const isReport = (subject: string) => subject.startsWith("New sign-in to ");

/** The result of a read, or null when the file does not exist. */
function existing<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

function signInLetter(letter: Letter): SignInLetter {
  const read = withLink(letter);
  if (!read.code) throw new Error(`This letter has no code:\n${letter.text}`);
  return read;
}

function withLink(letter: Letter): SignInLetter {
  const [link, path, token] =
    /https?:\/\/[^/\s]+(\/l\/(?:\w+\/)?([\w-]{43}))/.exec(letter.text) ?? [];
  const [code = ""] = /\b\d{6}\b/.exec(letter.text) ?? [];
  if (!link || !path || !token) throw new Error(`This letter has no link:\n${letter.text}`);
  return { ...letter, link, path, token, code };
}
