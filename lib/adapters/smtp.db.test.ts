import { createServer, type AddressInfo, type Socket } from "node:net";
import PostalMime from "postal-mime";
import { sql } from "drizzle-orm";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { row } from "@/db/rows";
import { intervals } from "@/lib/core/policy";
import { Browser } from "@/test/support/browser";
import { setUpWorld } from "@/test/support/setup";
import { startFakeSmtp } from "@/test/support/fake-smtp";
import { testEnv } from "@/test/support/world";
import { deliverDueLetters } from "./courier";
import type { Mailer, Message } from "./mailer";
import { smtpMailer } from "./smtp";

/** Sending with SMTP, against a real SMTP server (X2, X3). */

const runTimeout = vi.hoisted(() => ({ seconds: 15 }));
vi.mock(import("@/lib/core/policy"), async (original) => {
  const policy = await original();
  // The lease is as short in proportion as the timeout, so seconds here stand for minutes in
  // production.
  const { mailTimeout, emailLease } = policy.intervals;
  const intervals = Object.defineProperties(
    { ...policy.intervals },
    {
      mailTimeout: { get: () => runTimeout.seconds },
      emailLease: { get: () => (emailLease * runTimeout.seconds) / mailTimeout },
    },
  );
  return { ...policy, intervals } as never;
});

// Names of other machines resolve to the test server; everything else is as in production.
const elsewhere = vi.hoisted(() => ({ port: 0, trusted: true }));
vi.mock(import("mailer"), async (original) => {
  const mailer = await original();
  const createTransport = (options: { url: string }) => {
    const server = new URL(options.url);
    if (server.hostname === "127.0.0.1") return mailer.createTransport(options);
    server.hostname = "127.0.0.1";
    server.port = String(elsewhere.port);
    const tls = { rejectUnauthorized: !elsewhere.trusted };
    return mailer.createTransport({ ...options, url: server.href, tls });
  };
  return { ...mailer, createTransport } as never;
});

const world = await setUpWorld();
const sink = await startFakeSmtp();
const secure = await startFakeSmtp({ tls: true });

beforeEach(() => {
  elsewhere.port = sink.port;
  elsewhere.trusted = true;
  runTimeout.seconds = 15;
});
afterEach(() => {
  sink.resetProviders();
  secure.resetProviders();
});
afterAll(async () => {
  await sink.stop();
  await secure.stop();
});

const ada = "ada@example.com";
const from = "Latchkey at Example <sign-in@mail.example.org>";
const mailer = smtpMailer(sink.url, world.log);

const here = world.with({ env: testEnv({ SMTP_URL: sink.url, MAIL_FROM: from }) });
const deliver = (by: Mailer = mailer) => deliverDueLetters(here, by);
/** Lets the longest pause between two attempts pass, but not the link's lifetime. */
const later = () => world.advance(intervals.emailRetries[3]);

interface Kept {
  id: string;
  state: string;
  reason: string | null;
  attempts: number;
}
const saved = async () =>
  (await row<Kept>(world.db, sql`select id, state, reason, attempts from outbox`))!;

const message: Message = {
  id: "00000000-0000-4000-8000-000000000001",
  from: { name: "Latchkey", address: "sign-in@mail.example.org" },
  to: ada,
  subject: "Sign in to Latchkey",
  html: "<p>Hello</p>",
  text: "Hello",
  date: "2026-11-20T08:12:00.000Z",
};
const because = (text: RegExp) => ({
  sent: false,
  reason: expect.stringMatching(text) as string,
});

/** The header lines of a message, unfolded. */
const headersOf = (raw: string) =>
  raw
    .slice(0, raw.indexOf("\r\n\r\n"))
    .replace(/\r\n[ \t]+/g, " ")
    .split("\r\n");
const namesOf = (raw: string) => headersOf(raw).map((entry) => entry.split(":")[0]!.toLowerCase());

describe("an email that arrives", () => {
  test("goes to the stored address alone, once, with its code and link", async () => {
    await new Browser(world).requestLink(ada);
    await deliver();
    expect(await saved()).toMatchObject({ state: "sent", attempts: 1 });
    expect(sink.accepted).toHaveLength(1);
    const [{ raw, from: sender, to }] = sink.accepted as [(typeof sink.accepted)[0]];
    expect({ sender, to }).toEqual({ sender: "sign-in@mail.example.org", to: [ada] });

    const mail = await PostalMime.parse(raw);
    expect(mail.to).toEqual([{ name: "", address: ada }]);
    expect(mail.from).toEqual({
      name: "Latchkey at Example",
      address: "sign-in@mail.example.org",
    });
    expect(mail.subject).toMatch(/^\d{6} is your code to sign in to Latchkey$/);
    for (const part of [mail.text, mail.html]) {
      expect([...world.secrets.codes].filter((code) => part?.includes(code))).toHaveLength(1);
      const link = /http:\/\/localhost:3000\/l\/([\w-]{43})\b/.exec(part ?? "");
      expect(world.secrets.tokens).toContain(link?.[1]);
    }
  });

  test("has the headers of automated mail, its own id on our domain, and no others", async () => {
    const before = Math.floor(Date.now() / 1000) * 1000;
    await new Browser(world).requestLink(ada);
    await deliver();
    const { id } = await saved();
    const { raw } = sink.accepted[0]!;
    const headers = headersOf(raw);
    expect(headers).toContain(`Message-ID: <${id}@mail.example.org>`);
    expect(headers).toContain("Auto-Submitted: auto-generated");
    expect(headers.map((entry) => entry.toLowerCase())).toContain(`x-entity-ref-id: ${id}`);
    const date = headers.find((entry) => entry.startsWith("Date: "))!.slice("Date: ".length);
    expect(new Date(date).getTime()).toBeGreaterThanOrEqual(before);
    expect(new Date(date).getTime()).toBeLessThanOrEqual(Date.now());
    expect(namesOf(raw).sort()).toEqual(
      [
        "auto-submitted",
        "content-type",
        "date",
        "from",
        "message-id",
        "mime-version",
        "subject",
        "to",
        "x-entity-ref-id",
      ].sort(),
    );
  });

  test("says the same as text and as HTML, within 20 KB, and loads nothing", async () => {
    await new Browser(world).requestLink(ada);
    await deliver();
    const { raw } = sink.accepted[0]!;
    expect(raw.length).toBeLessThan(20 * 1024);
    const mail = await PostalMime.parse(raw);
    expect(mail.attachments).toEqual([]);
    expect(raw).toMatch(/^Content-Type: multipart\/alternative;/m);
    expect(mail.html).not.toMatch(/<(img|script|link|iframe|object)\b|url\(|@import/i);
    const read = new Set(wordsOf(visible(mail.html!)));
    const plain = wordsOf(mail.text!);
    expect(plain.filter((word) => !read.has(word))).toEqual([]);
    expect([...read].filter((word) => !plain.includes(word))).toEqual([]);
  });

  test("is sent after signing in with SMTP_URL's user and password", async () => {
    const url = `smtp://ada%40work:p%3Ass%2Fword@127.0.0.1:${sink.port}`;
    expect(await smtpMailer(url, world.log)(message)).toEqual({ sent: true });
    expect(sink.accepted[0]?.user).toBe("ada@work");
    expect(sink.passwords).toEqual(["p:ss/word"]);
  });

  test("is one of ten when ten are sent at once", async () => {
    for (let i = 0; i < 12; i += 1) await new Browser(world).requestLink(`person${i}@example.com`);
    await deliver();
    const recipients = sink.accepted.map(({ to }) => to.join()).sort();
    expect(recipients).toEqual(
      Array.from({ length: 12 }, (_, i) => `person${i}@example.com`).sort(),
    );
  });
});

/** What a person sees of it. */
const visible = (html: string) =>
  html
    .replace(/<head[^]*?<\/head>/i, "")
    .replace(/<div style="display:none[^]*?<\/div>/i, "")
    .replace(/<[^>]+>/g, " ")
    .replace(/&#?\w+;/g, " ");
const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

describe("a server with a temporary failure", () => {
  test.each([
    ["mail", 451, "greylisted, come again"],
    ["rcpt", 450, "mailbox busy"],
    ["rcpt", 452, "mailbox full, try again later"],
    ["data", 421, "shutting down"],
    ["received", 451, "out of disk"],
    ["greeting", 421, "too many connections"],
    ["auth", 454, "cannot check passwords now"],
  ] as const)(
    "at %s with %i: the email waits, and is sent with the same bytes",
    async (step, says, text) => {
      const user = step === "auth" ? "ada:secret@" : "";
      const by = smtpMailer(`smtp://${user}127.0.0.1:${sink.port}`, world.log);
      sink.failWith(step, { says, text });
      await new Browser(world).requestLink(ada);
      await deliver(by);
      expect(await saved()).toMatchObject({ state: "queued", attempts: 1 });
      expect(world.logged.at(-1)).toMatchObject({ level: "warn", event: "letter.delayed" });
      expect(sink.accepted).toEqual([]);

      sink.failWith(step, "hangs_up", 0);
      await deliver(by);
      expect(sink.accepted).toEqual([]);
      await later();
      await deliver(by);
      expect(await saved()).toMatchObject({ state: "sent", attempts: 2 });
      expect(sink.accepted).toHaveLength(1);
    },
  );

  test.each(["greeting", "mail", "rcpt", "data", "received"] as const)(
    "that hangs up at %s: the email waits, and the next attempt succeeds",
    async (step) => {
      sink.failWith(step, "hangs_up");
      await new Browser(world).requestLink(ada);
      await deliver(smtpMailer(sink.url, world.log));
      expect(await saved()).toMatchObject({ state: "queued", attempts: 1 });
      sink.resetProviders();
      await later();
      await deliver();
      expect(await saved()).toMatchObject({ state: "sent" });
      expect(sink.accepted).toHaveLength(1);
    },
  );

  test.each(["greeting", "auth", "mail", "rcpt", "received"] as const)(
    "that does not respond at %s is given up after the timeout",
    async (step) => {
      runTimeout.seconds = 0.3;
      const by = smtpMailer(`smtp://ada:secret@127.0.0.1:${sink.port}`, world.log);
      sink.failWith(step, "never_answers");
      expect(await by(message)).toEqual(because(/^smtp E(TIMEDOUT|ABORT)/));
    },
  );

  test("that is unreachable, is no mail server, or sends nonsense: the email waits", async () => {
    expect(await smtpMailer("smtp://127.0.0.1:1", world.log)(message)).toEqual(
      because(/ECONNREFUSED|ECONNECTION|ESOCKET/),
    );
    for (const greeting of ["HTTP/1.1 400 Bad Request\r\n\r\n", "\0\xff\xfe\r\n", ""]) {
      const nonsense = createServer((socket: Socket) => void socket.end(greeting));
      await new Promise<void>((resolve) => nonsense.listen(0, "127.0.0.1", resolve));
      const { port } = nonsense.address() as AddressInfo;
      for (const scheme of ["smtp", "smtps"]) {
        const response = await smtpMailer(`${scheme}://127.0.0.1:${port}`, world.log)(message);
        expect(response).toEqual(because(/^smtp /));
      }
      nonsense.close();
    }
  });

  test("whose connection fails: the reason says why, and what to check", async () => {
    const reasonOf = async (url: string) => {
      const outcome = await smtpMailer(url, world.log)(message);
      return "reason" in outcome ? outcome.reason : "";
    };
    expect(await reasonOf("smtp://127.0.0.1:1")).toMatch(
      /No server accepts connections at 127\.0\.0\.1:1\. Check host and port in SMTP_URL/,
    );
    expect(await reasonOf(`smtps://127.0.0.1:${sink.port}`)).toMatch(/does not speak TLS/);
    elsewhere.port = secure.port;
    elsewhere.trusted = false;
    expect(await reasonOf("smtp://u:s3cret@mail.example.org")).toMatch(
      /^(?!.*s3cret).*The TLS certificate of mail\.example\.org /,
    );
    elsewhere.port = sink.port;
    expect(await reasonOf("smtp://mail.example.org")).toMatch(/no encryption by STARTTLS/);
    const web = createServer((socket: Socket) => void socket.end("HTTP/1.1 400 Bad Request\r\n"));
    await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
    const { port } = web.address() as AddressInfo;
    expect(await reasonOf(`smtp://127.0.0.1:${port}`)).toMatch(
      /does not respond as a mail server does: "HTTP\/1\.1 400 Bad Request/,
    );
    web.close();
    runTimeout.seconds = 0.3;
    sink.failWith("greeting", "never_answers");
    expect(await reasonOf(sink.url)).toMatch(/did not respond within 0\.3 seconds/);
  });

  test("every retry has the same bytes, though clock, name and origin changed meanwhile (X3)", async () => {
    await new Browser(world).requestLink(ada);
    sink.failWith("received", { says: 451 }, 2);
    await deliver();
    await later();
    const moved = here.with({
      clock: { now: () => new Date(Date.UTC(2033, 1)) },
      env: testEnv({ APP_NAME: "Elsewhere", PORT: "4000", MAIL_FROM: "other@example.net" }),
    });
    // Changes the process's own clock too, which a library might read.
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 90_000 });
    try {
      await deliverDueLetters(moved, mailer);
      await later();
      await deliverDueLetters(moved, smtpMailer(sink.url, world.log));
    } finally {
      vi.useRealTimers();
    }
    expect(sink.offered).toHaveLength(3);
    expect(sink.offered[1]!.raw).toBe(sink.offered[0]!.raw);
    expect(sink.offered[2]!.raw).toBe(sink.offered[0]!.raw);
    expect(new Set(sink.offered.map((arrival) => arrival.from)).size).toBe(1);
  });

  test("no two emails share a boundary or an id", async () => {
    await new Browser(world).requestLink(ada);
    await new Browser(world).requestLink("leo@example.com");
    await deliver();
    const boundaries = sink.accepted.map(({ raw }) => /boundary="?([^"\r\n]+)/.exec(raw)?.[1]);
    expect(boundaries).not.toContain(undefined);
    expect(new Set(boundaries).size).toBe(2);
  });
});

describe("a server with a permanent failure", () => {
  test.each([
    ["rcpt", 550, "no such user"],
    ["rcpt", 553, "5.1.3 not a valid address"],
    ["data", 554, "no valid recipients"],
    ["received", 550, "5.1.1 user unknown"],
  ] as const)(
    "at %s with %i: the email is marked dead as refused, and is not retried",
    async (step, says, text) => {
      sink.failWith(step, { says, text }, 1);
      await new Browser(world).requestLink(ada);
      await deliver();
      expect(await saved()).toMatchObject({ state: "dead", reason: "refused", attempts: 1 });
      expect(world.logged.at(-1)).toMatchObject({ level: "error", event: "letter.refused" });
      await later();
      await deliver();
      expect(sink.accepted).toEqual([]);
    },
  );

  test.each([
    ["rcpt", 553, "mailbox name not allowed"],
    ["rcpt", 554, "5.7.1 relay access denied"],
    ["data", 554, "Message rejected: Email address is not verified."],
    ["received", 554, "this looks like spam, with the code 123456"],
  ] as const)(
    "at %s with %i %s, it refuses the sender: the email waits, and the log says what to do",
    async (step, says, text) => {
      sink.failWith(step, { says, text }, 1);
      await new Browser(world).requestLink(ada);
      await deliver();
      expect(await saved()).toMatchObject({ state: "queued", reason: null, attempts: 1 });
      const [error, delayed] = world.logged.slice(-2);
      expect(error).toMatchObject({ level: "error", event: "mail.sender_refused" });
      expect(JSON.stringify(error)).toContain(text.replace("123456", "[number]"));
      expect(JSON.stringify(error)).toContain("MAIL_FROM");
      expect(delayed).toMatchObject({ level: "warn", event: "letter.delayed" });
      await later();
      await deliver();
      expect(await saved()).toMatchObject({ state: "sent", attempts: 2 });
    },
  );

  test("a refusal of our server rather than of the email is for the operator to fix: emails wait", async () => {
    for (const [step, says] of [
      ["greeting", 554],
      ["mail", 550],
      ["mail", 530],
    ] as const) {
      sink.resetProviders();
      sink.failWith(step, { says });
      const response = await smtpMailer(sink.url, world.log)(message);
      expect(response).toEqual(because(new RegExp(`^smtp ${says}`)));
      expect(response).not.toHaveProperty("refused");
    }
  });

  test("535: emails wait, and the log says where to look", async () => {
    sink.failWith("auth", { says: 535, text: "5.7.8 Username and Password not accepted" }, 1);
    const by = smtpMailer(`smtp://ada:s3cret-pass@127.0.0.1:${sink.port}`, world.log);
    await new Browser(world).requestLink(ada);
    await deliver(by);
    expect(await saved()).toMatchObject({ state: "queued", attempts: 1 });
    const logged = world.logged.find(({ event }) => event === "mail.sign_in_refused");
    expect(logged).toMatchObject({ level: "error", facts: { host: "127.0.0.1" } });
    expect(JSON.stringify(logged)).toMatch(/SMTP_URL/);
    expect(JSON.stringify(logged)).not.toMatch(/Gmail/);
    expect(JSON.stringify(world.logged)).not.toMatch(/s3cret-pass|"ada"/);
    await later();
    await deliver(by);
    expect(await saved()).toMatchObject({ state: "sent" });
  });

  test.each(["smtp.gmail.com", "smtp-relay.gmail.com", "SMTP.GMail.com"])(
    "535 from %s explains app passwords",
    async (host) => {
      elsewhere.port = secure.port;
      secure.failWith("auth", { says: 535, text: "5.7.8 BadCredentials" });
      const by = smtpMailer(`smtp://ada%40gmail.com:s3cret-pass@${host}:587`, world.log);
      expect(await by(message)).toEqual(because(/^smtp 535/));
      const help = JSON.stringify(world.logged);
      expect(help).toMatch(/2-step verification, create an app password/);
      expect(help).not.toMatch(/s3cret-pass/);
    },
  );

  test.each([
    [530, "5.7.0 Authentication required"],
    [534, "5.7.9 Application-specific password required"],
    [538, "5.7.11 Encryption required for requested authentication mechanism"],
  ])("a sign-in refused with %i %s is logged as one, with the reply", async (says, text) => {
    elsewhere.port = secure.port;
    secure.failWith("auth", { says, text });
    const by = smtpMailer("smtp://ada%40gmail.com:s3cret-pass@smtp.gmail.com:587", world.log);
    expect(await by(message)).toEqual(because(new RegExp(`^smtp ${says} EAUTH`)));
    expect(world.logged).toMatchObject([
      {
        level: "error",
        event: "mail.sign_in_refused",
        facts: {
          reply: expect.stringContaining(text) as string,
          help: expect.stringContaining("create an app password") as string,
        },
      },
    ]);
    expect(JSON.stringify(world.logged)).not.toMatch(/s3cret-pass/);
  });

  test("a sign-in that is refused temporarily is no error", async () => {
    elsewhere.port = secure.port;
    secure.failWith("auth", { says: 454, text: "4.7.0 Temporary authentication failure" });
    const by = smtpMailer("smtp://ada:s3cret-pass@smtp.gmail.com:587", world.log);
    expect(await by(message)).toEqual(because(/^smtp 454 EAUTH/));
    expect(world.logged).toEqual([]);
  });

  test("greylisting is no error, and the log says that there is nothing to do", async () => {
    sink.failWith("rcpt", { says: 450, text: "4.2.0 Greylisted, try again in 300 seconds" }, 1);
    const response = await smtpMailer(sink.url, world.log)(message);
    expect(response).toEqual(because(/^smtp 450 .*Greylisted.*nothing to do\.$/));
    expect(world.logged).toEqual([]);
  });

  test("535 from a name that only looks like Gmail's does not", async () => {
    elsewhere.port = secure.port;
    secure.failWith("auth", { says: 535 });
    await smtpMailer("smtp://ada:secret@notgmail.com", world.log)(message);
    await smtpMailer("smtp://ada:secret@gmail.com.example.org", world.log)(message);
    expect(world.logged).toHaveLength(2);
    expect(JSON.stringify(world.logged)).not.toMatch(/Gmail/);
  });
});

describe("credentials for a server on another machine", () => {
  test("are not sent without encryption, and no email is sent", async () => {
    const by = smtpMailer("smtp://ada:secret@mail.example.org:587", world.log);
    const response = await by(message);
    expect(response).toEqual(because(/^smtp /));
    expect(response).not.toHaveProperty("refused");
    expect(sink.passwords).toEqual([]);
    expect(sink.mails()).toBe(0);
  });

  test("are not sent to a server with a self-signed certificate", async () => {
    elsewhere.port = secure.port;
    elsewhere.trusted = false;
    const response = await smtpMailer("smtp://ada:secret@mail.example.org", world.log)(message);
    expect(response).toEqual(because(/^smtp /));
    expect(secure.passwords).toEqual([]);
    expect(secure.mails()).toBe(0);
  });

  test("are sent over STARTTLS, and the email with them", async () => {
    elsewhere.port = secure.port;
    const by = smtpMailer("smtp://ada:secret@mail.example.org:587", world.log);
    expect(await by(message)).toEqual({ sent: true });
    expect(secure.accepted).toMatchObject([{ user: "ada", encrypted: true, to: [ada] }]);
  });

  test("an email without credentials is not sent unencrypted either", async () => {
    const response = await smtpMailer("smtp://mail.example.org:25", world.log)(message);
    expect(response).toEqual(because(/^smtp /));
    expect(sink.mails()).toBe(0);
  });
});

describe("user input never becomes a header or a recipient", () => {
  const evil = "x\r\nBcc: mallory@example.com\r\nX-Evil: 1\r\n\r\n<b>Hello</b>";

  test.each([
    ["subject", { subject: evil }],
    ["name of the sender", { from: { ...message.from, name: evil } }],
    ["unicode line ends", { subject: "a\u2028Bcc: m@example.com\u2029b\u0085c\vd\fe" }],
    ["text", { text: evil, html: `<p>${evil}</p>` }],
    ["a line that is only a dot", { text: "one\r\n.\r\nRSET\r\n..\r\ntwo" }],
  ])("%s", async (_, changes) => {
    expect(await mailer({ ...message, ...changes })).toEqual({ sent: true });
    expect(sink.accepted).toHaveLength(1);
    const { raw, to, from: sender } = sink.accepted[0]!;
    expect({ to, sender }).toEqual({ to: [ada], sender: message.from.address });
    expect(namesOf(raw)).not.toContain("bcc");
    expect(namesOf(raw)).not.toContain("x-evil");
    const mail = await PostalMime.parse(raw);
    expect(mail.to).toEqual([{ name: "", address: ada }]);
    expect(mail.from?.address).toBe(message.from.address);
    if ("text" in changes)
      expect(mail.text?.trim().split(/\r?\n/)).toEqual(changes.text.split("\r\n"));
  });

  test.each([
    "ada@example.com, mallory@example.com",
    "ada@example.com\r\nRCPT TO:<mallory@example.com>",
    "Ada <mallory@example.com>",
    "mallory@example.com>\r\nX: <ada@example.com",
    '"mallory@example.com,"@example.com',
  ])("a malformed address: %j", async (to) => {
    await mailer({ ...message, to });
    for (const arrival of sink.accepted) {
      expect(arrival.to).not.toContain("mallory@example.com");
      expect(arrival.to.length).toBeLessThan(2);
    }
  });

  test.each(["Latchkey, Inc.", "Ada @ Home", "(Latchkey)", "Schlüssel: Öl; & Co.", "O’Neil"])(
    "the sender's name stays a name: %s",
    async (name) => {
      await mailer({ ...message, from: { ...message.from, name } });
      const mail = await PostalMime.parse(sink.accepted[0]!.raw);
      expect(mail.from).toEqual({ name, address: message.from.address });
    },
  );
});

test("a slow server gets no email twice, though two workers run", async () => {
  // Each step is well within the timeout; a whole batch of emails takes long.
  runTimeout.seconds = 1;
  for (const step of ["greeting", "mail", "rcpt", "received"] as const)
    sink.failWith(step, { after: 0.4 });
  for (let i = 0; i < 10; i += 1) await new Browser(world).requestLink(`person${i}@example.com`);
  const another = smtpMailer(sink.url, world.log);
  const looks: Promise<void>[] = [];
  const again = setInterval(() => looks.push(deliver(another)), 300);
  await deliver(smtpMailer(sink.url, world.log));
  clearInterval(again);
  await Promise.all(looks);
  const recipients = sink.accepted.map(({ to }) => to.join());
  expect(recipients).toEqual([...new Set(recipients)]);
});

test("a send ends within its timeout, however slow the server is", async () => {
  runTimeout.seconds = 1;
  for (const step of ["mail", "rcpt", "received"] as const) sink.failWith(step, { after: 0.7 });
  const response = await smtpMailer(sink.url, world.log)(message);
  expect(response).toEqual(because(/^smtp /));
  expect(sink.accepted).toEqual([]);
});

test("a server that hangs up is tried once per attempt: the outbox does the retrying", async () => {
  const by = smtpMailer(sink.url, world.log);
  await by(message);
  sink.resetProviders();
  sink.failWith("mail", "hangs_up");
  expect(await by(message)).toEqual(because(/^smtp /));
  expect(sink.mails()).toBe(1);
});
