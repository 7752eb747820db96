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

/** Every mailbox of this machine: the letters a server left in its data directory. */
export class Inbox {
  readonly #read = new Set<string>();
  readonly #folder: string;

  constructor(dataDir: string) {
    this.#folder = join(dataDir, "mailbox");
  }

  all(): Letter[] {
    return this.#files().map(
      (name) => JSON.parse(readFileSync(join(this.#folder, name), "utf8")) as Letter,
    );
  }

  lettersTo = (address: string) => this.all().filter(({ to }) => to === address);

  /** The first letter to an address that nobody read yet; waits for the post. */
  async letterTo(address: string): Promise<SignInLetter> {
    for (let tries = 0; tries < 300; tries += 1) {
      const letter = this.lettersTo(address).find(({ id }) => !this.#read.has(id));
      if (letter) {
        this.#read.add(letter.id);
        return signInLetter(letter);
      }
      await sleep(50);
    }
    throw new Error(`No letter to ${address} arrived.`);
  }

  #files(): string[] {
    try {
      return readdirSync(this.#folder)
        .filter((name) => name.endsWith(".json"))
        .sort();
    } catch {
      return []; // No letter yet, no mailbox yet.
    }
  }
}

function signInLetter(letter: Letter): SignInLetter {
  const [link, path, token] = /https?:\/\/[^/\s]+(\/l\/(\S+))/.exec(letter.text) ?? [];
  const [code] = /\b\d{6}\b/.exec(letter.text) ?? [];
  if (!link || !path || !token || !code)
    throw new Error(`This letter has no link or no code:\n${letter.text}`);
  return { ...letter, link, path, token, code };
}
