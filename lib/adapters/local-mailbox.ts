import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Clock, MailboxLetter } from "@/lib/runtime/ports";
import { bounds } from "@/lib/core/policy";
import type { Mailer } from "./mailer";

/** A mailer that keeps letters in a directory of files, one each, for the page that shows them. */
export function localMailbox(directory: string, clock: Clock) {
  const files = async () =>
    ((await unlessGone(readdir(directory))) ?? [])
      .filter((name) => name.endsWith(".json"))
      .sort()
      .reverse();

  const mailer: Mailer = async ({ id, to, subject, html, text }) => {
    const sentAt = clock.now().toISOString();
    const letter: MailboxLetter = { id, to, subject, html, text, sentAt };
    await mkdir(directory, { recursive: true, mode: 0o700 });
    // Named by time for their order; renamed into place, so that a reader never sees half a letter.
    const file = path.join(directory, `${sentAt.replace(/\W/g, "")}-${id}.json`);
    await writeFile(`${file}.part`, JSON.stringify(letter), { mode: 0o600 });
    await rename(`${file}.part`, file);
    for (const old of (await files()).slice(bounds.mailboxLetters))
      await rm(path.join(directory, old), { force: true });
    return { sent: true };
  };

  // A new letter may take the oldest one away while this reads.
  const letters = async (): Promise<MailboxLetter[]> => {
    const names = await files();
    const texts = await Promise.all(
      names.map((name) => unlessGone(readFile(path.join(directory, name), "utf8"))),
    );
    return texts.flatMap((text) => (text === null ? [] : [JSON.parse(text) as MailboxLetter]));
  };

  return { mailer, letters };
}

/** What was read; null for what is not there, or no longer. */
const unlessGone = <T>(read: Promise<T>): Promise<T | null> =>
  read.catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
