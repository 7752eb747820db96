import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Clock, MailboxLetter } from "@/lib/runtime/ports";
import { bounds } from "@/lib/core/policy";
import type { Mailer } from "./mailer";

/** A mailer that writes each email to a file in a directory, for the mailbox page. */
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
    // The name sorts by time. Renaming is atomic, so a reader never sees a partial file.
    const file = path.join(directory, `${sentAt.replace(/\W/g, "")}-${id}.json`);
    await writeFile(`${file}.part`, JSON.stringify(letter), { mode: 0o600 });
    await rename(`${file}.part`, file);
    for (const old of (await files()).slice(bounds.mailboxEmails))
      await rm(path.join(directory, old), { force: true });
    return { sent: true };
  };

  // A new email may delete the oldest one during this read.
  const letters = async (): Promise<MailboxLetter[]> => {
    const names = await files();
    const texts = await Promise.all(
      names.map((name) => unlessGone(readFile(path.join(directory, name), "utf8"))),
    );
    return texts.flatMap((text) => (text === null ? [] : [JSON.parse(text) as MailboxLetter]));
  };

  return { mailer, letters };
}

/** The result of a read; null when the file does not exist. */
const unlessGone = <T>(read: Promise<T>): Promise<T | null> =>
  read.catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
