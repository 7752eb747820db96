import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Clock, Log, MailboxLetter } from "@/lib/runtime/ports";
import { bounds } from "@/lib/core/policy";
import type { Mailer } from "./mailer";

/**
 * A mailer that writes each email to a file in a directory, for the mailbox page. Their order is a number
 * in the file's name, and not a time: the clock may be set back. A file that is no email is left out,
 * and named in the log once.
 */
export function localMailbox(directory: string, clock: Clock, log?: Pick<Log, "warn">) {
  let lastNumber = 0;
  const named = new Set<string>();

  /** The names of the files, the newest first. */
  const files = async () =>
    ((await unlessGone(readdir(directory))) ?? [])
      .filter((name) => name.endsWith(".json"))
      .sort((a, b) => numberOf(b) - numberOf(a) || (a < b ? 1 : -1));

  /** The name for an email; that of the first attempt if it was written before. */
  const nameFor = async (id: string) => {
    const names = await files();
    const before = names.find((name) => name.endsWith(`-${id}.json`));
    if (before) return before;
    lastNumber = Math.max(lastNumber, ...names.slice(0, 1).map(numberOf)) + 1;
    return `${String(lastNumber).padStart(12, "0")}-${id}.json`;
  };

  const write = async (letter: MailboxLetter) => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const file = path.join(directory, await nameFor(letter.id));
    // Renaming is atomic, so a reader never sees a partial file.
    try {
      await writeFile(`${file}.part`, JSON.stringify(letter), { mode: 0o600 });
      await rename(`${file}.part`, file);
    } catch (error) {
      await rm(`${file}.part`, { force: true });
      throw error;
    }
    for (const old of (await files()).slice(bounds.mailboxEmails))
      await rm(path.join(directory, old), { force: true });
  };

  /** A full disk is a failed attempt, as at any mail server. */
  const mailer: Mailer = async ({ id, to, subject, html, text }) => {
    const sentAt = clock.now().toISOString();
    return write({ id, to, subject, html, text, sentAt }).then(
      () => ({ sent: true }),
      (error: Error) => ({ sent: false, reason: `local mailbox: ${error.message}` }),
    );
  };

  const read = async (name: string): Promise<MailboxLetter[]> => {
    const file = path.join(directory, name);
    try {
      // A new email may delete the oldest one during this read.
      const text = await unlessGone(readFile(file, "utf8"));
      if (text === null) return [];
      const letter: unknown = JSON.parse(text);
      if (isLetter(letter)) return [letter];
    } catch {
      // Not readable, or no JSON.
    }
    if (!named.has(name)) log?.warn("mailbox.unreadable_file", { file });
    named.add(name);
    return [];
  };

  const letters = async () => (await Promise.all((await files()).map(read))).flat();

  return { mailer, letters };
}

/** The number in a file's name; zero for names that earlier versions gave, which begin with a time. */
const numberOf = (name: string) => Number(/^(\d{12})-/.exec(name)?.[1] ?? 0);

const isLetter = (value: unknown): value is MailboxLetter =>
  typeof value === "object" &&
  value !== null &&
  ["id", "to", "subject", "html", "text", "sentAt"].every(
    (field) => typeof (value as Record<string, unknown>)[field] === "string",
  );

/** The result of a read; null when the file does not exist. */
const unlessGone = <T>(read: Promise<T>): Promise<T | null> =>
  read.catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
