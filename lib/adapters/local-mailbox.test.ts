import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Clock } from "@/lib/runtime/ports";
import { localMailbox } from "./local-mailbox";
import type { Message } from "./mailer";

let home: string;
beforeEach(() => (home = mkdtempSync(path.join(tmpdir(), "latchkey-mailbox-"))));
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** A clock that moves a minute each time it is read. */
function steps(from: string): Clock {
  let at = Date.parse(from);
  return { now: () => new Date((at += 60_000)) };
}

const letterTo = (id: string): Message => ({
  id,
  from: { name: "Latchkey", address: "latchkey@localhost" },
  to: "ada@example.com",
  subject: `Letter ${id}`,
  html: "<p>Your code is 482193</p>",
  text: "Your code is 482193",
  date: "2026-11-20T08:12:00.000Z",
});

const warn = vi.fn();
const open = (clock = steps("2026-11-20T08:00:00Z")) =>
  localMailbox(path.join(home, "deep", "mailbox"), clock, { warn });

describe("the developer's mailbox shows", () => {
  it("nothing before the first email", async () => {
    expect(await open().letters()).toEqual([]);
  });

  it("the emails that would have been sent, with the text a person would have read", async () => {
    const { mailer, letters } = open();
    expect(await mailer(letterTo("1"))).toEqual({ sent: true });
    expect(await letters()).toEqual([
      expect.objectContaining({
        id: "1",
        to: "ada@example.com",
        subject: "Letter 1",
        html: "<p>Your code is 482193</p>",
        text: "Your code is 482193",
        sentAt: "2026-11-20T08:01:00.000Z",
      }),
    ]);
  });

  it("the newest email first, also across midnight and the end of a year", async () => {
    const { mailer, letters } = open(steps("2026-12-31T23:57:30Z"));
    for (const id of ["c", "a", "d", "b"]) await mailer(letterTo(id));
    expect((await letters()).map(({ id }) => id)).toEqual(["b", "d", "a", "c"]);
  });

  it("both emails of one moment", async () => {
    const { mailer, letters } = open({ now: () => new Date("2026-11-20T08:00:00Z") });
    await Promise.all([mailer(letterTo("1")), mailer(letterTo("2"))]);
    expect((await letters()).map(({ id }) => id).sort()).toEqual(["1", "2"]);
  });

  it("an email once when it was sent twice in one moment", async () => {
    const { mailer, letters } = open({ now: () => new Date("2026-11-20T08:00:00Z") });
    await mailer(letterTo("1"));
    await mailer(letterTo("1"));
    expect(await letters()).toHaveLength(1);
  });

  it("the last hundred emails and no more", async () => {
    const { mailer, letters } = open();
    for (let i = 1; i <= 103; i += 1) await mailer(letterTo(String(i)));
    const ids = (await letters()).map(({ id }) => id);
    expect(ids).toEqual(Array.from({ length: 100 }, (_, i) => String(103 - i)));
    expect(readdirSync(path.join(home, "deep", "mailbox"))).toHaveLength(100);
  });

  it("the newest emails when the clock was set back, also after a restart", async () => {
    const before = open(steps("2026-11-20T10:00:00Z"));
    for (let i = 1; i <= 100; i += 1) await before.mailer(letterTo(String(i)));
    const after = open(steps("2026-11-20T08:00:00Z"));
    for (const id of ["a", "b"]) await after.mailer(letterTo(id));
    const ids = (await after.letters()).map(({ id }) => id);
    expect(ids.slice(0, 3)).toEqual(["b", "a", "100"]);
    expect(ids).toHaveLength(100);
  });

  it("the newest email first, beside files that an earlier version named by time", async () => {
    const { mailer, letters } = open();
    await mailer(letterTo("new"));
    const old = { ...letterTo("old"), sentAt: "2026-11-19T08:00:00.000Z" };
    const file = path.join(home, "deep", "mailbox", "20261119T080000000Z-old.json");
    writeFileSync(file, JSON.stringify(old));
    await mailer(letterTo("newer"));
    expect((await letters()).map(({ id }) => id)).toEqual(["newer", "new", "old"]);
  });

  it.each(["", '{"id":"2","to":', "null", "[]", '{"id":"2"}'])(
    "the other emails beside a damaged file, which the log names once: %s",
    async (text) => {
      warn.mockClear();
      const { mailer, letters } = open();
      await mailer(letterTo("1"));
      const file = path.join(home, "deep", "mailbox", "000000000002-2.json");
      writeFileSync(file, text);
      for (let i = 0; i < 2; i += 1) expect((await letters()).map(({ id }) => id)).toEqual(["1"]);
      expect(warn).toHaveBeenCalledExactlyOnceWith("mailbox.unreadable_file", { file });
      await mailer(letterTo("3"));
      expect((await letters()).map(({ id }) => id)).toEqual(["3", "1"]);
    },
  );

  it("the remaining emails when some are deleted while it is read", async () => {
    const { mailer, letters } = open();
    for (let i = 1; i <= 100; i += 1) await mailer(letterTo(String(i)));
    let isWriting = true;
    const writes = async () => {
      for (let i = 101; i <= 130; i += 1) await mailer(letterTo(String(i)));
      isWriting = false;
    };
    const looks = async () => {
      while (isWriting) expect((await letters()).length).toBeGreaterThan(50);
    };
    await Promise.all([writes(), looks(), looks()]);
  });

  it("the emails from before a restart", async () => {
    await open().mailer(letterTo("1"));
    expect(await open().letters()).toHaveLength(1);
  });

  it("no email that is half written", async () => {
    const { mailer, letters } = open();
    await mailer(letterTo("1"));
    writeFileSync(path.join(home, "deep", "mailbox", "20261120T090000000Z-2.json.part"), '{"id":');
    expect((await letters()).map(({ id }) => id)).toEqual(["1"]);
  });
});

it("an email that cannot be written is a failed attempt, with its reason", async () => {
  const { mailer, letters } = open();
  const directory = path.join(home, "deep");
  writeFileSync(directory, "");
  expect(await mailer(letterTo("1"))).toMatchObject({
    sent: false,
    reason: expect.stringMatching(/^local mailbox: ENOTDIR/) as string,
  });
  rmSync(directory);
  expect(await mailer(letterTo("1"))).toEqual({ sent: true });
  expect(await letters()).toHaveLength(1);
});

it.skipIf(process.platform === "win32")(
  "no other user of the machine can read an email, whatever the process's umask",
  async () => {
    const before = process.umask(0);
    try {
      const { mailer } = open();
      await mailer(letterTo("1"));
      const directory = path.join(home, "deep", "mailbox");
      expect(statSync(directory).mode & 0o777).toBe(0o700);
      for (const file of readdirSync(directory))
        expect(statSync(path.join(directory, file)).mode & 0o777).toBe(0o600);
    } finally {
      process.umask(before);
    }
  },
);
