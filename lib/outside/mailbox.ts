import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Clock, MailboxLetter } from "@/lib/flow";
import { bounds } from "@/lib/policy";
import type { Mailer } from "./mailer";

/** A mailer that keeps letters in a directory of files, one each, for the page that shows them. */
export function localMailbox(directory: string, clock: Clock) {
  const files = async () =>
    (await readdir(directory).catch(() => []))
      .filter((name) => name.endsWith(".json"))
      .sort()
      .reverse();

  const mailer: Mailer = async ({ id, to, subject, text }) => {
    const sentAt = clock.now().toISOString();
    const letter: MailboxLetter = { id, to, subject, text, sentAt };
    await mkdir(directory, { recursive: true, mode: 0o700 });
    // Named by time for their order; renamed into place, so that a reader never sees half a letter.
    const file = path.join(directory, `${sentAt.replace(/\W/g, "")}-${id}.json`);
    await writeFile(`${file}.part`, JSON.stringify(letter), { mode: 0o600 });
    await rename(`${file}.part`, file);
    for (const old of (await files()).slice(bounds.mailboxLetters))
      await rm(path.join(directory, old), { force: true });
    return { sent: true };
  };

  const letters = async (): Promise<MailboxLetter[]> =>
    Promise.all(
      (await files()).map(
        async (name) =>
          JSON.parse(await readFile(path.join(directory, name), "utf8")) as MailboxLetter,
      ),
    );

  return { mailer, letters };
}
