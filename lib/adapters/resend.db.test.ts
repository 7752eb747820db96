import { sql } from "drizzle-orm";
import { addressParser } from "postal-mime";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { row } from "@/db/rows";
import { intervals } from "@/lib/core/policy";
import { Browser } from "@/test/support/browser";
import { resendError, startResendFront } from "@/test/support/fake-resend";
import { setUpWorld } from "@/test/support/setup";
import { testEnv } from "@/test/support/world";
import { deliverDueLetters } from "./courier";
import type { Message } from "./mailer";
import { resendMailer } from "./resend";

/** Mail by Resend, against a server that answers as Resend does (X2, X3). */

const patience = vi.hoisted(() => ({ seconds: 15 }));
vi.mock(import("@/lib/core/policy"), async (original) => {
  const policy = await original();
  const intervals = Object.defineProperty({ ...policy.intervals }, "mailTimeout", {
    get: () => patience.seconds,
  });
  return { ...policy, intervals } as never;
});

const world = await setUpWorld();
const front = await startResendFront();
const mailer = resendMailer(front.key, front.baseUrl);

beforeEach(() => {
  patience.seconds = 15;
});
afterEach(() => front.calm());
afterAll(() => front.stop());

const ada = "ada@example.com";
const here = world.but({
  env: testEnv({
    RESEND_API_KEY: front.key,
    RESEND_BASE_URL: front.baseUrl,
    MAIL_FROM: "Latchkey <sign-in@mail.example.org>",
  }),
});
const deliver = () => deliverDueLetters(here, mailer);

interface Kept {
  id: string;
  state: string;
  reason: string | null;
  attempts: number;
  pause: number;
}
const kept = async (where = world) =>
  (await row<Kept>(
    where.db,
    sql`select id, state, reason, attempts,
          extract(epoch from next_attempt_at - now())::float as pause from outbox`,
  ))!;

const message: Message = {
  id: "00000000-0000-4000-8000-000000000001",
  from: { name: "Latchkey", address: "sign-in@mail.example.org" },
  to: ada,
  subject: "Sign in to Latchkey",
  html: "<p>Hello</p>",
  text: "Hello",
  date: "2026-11-20T08:12:00.000Z",
};

const html = { status: 502, body: "<!doctype html><h1>Bad gateway</h1>" };

test("a letter is handed over whole: one address, both parts, our headers, its id as the key", async () => {
  await new Browser(world).ask(ada);
  await deliver();
  const { id, state } = await kept();
  expect(state).toBe("sent");
  expect(front.keys).toEqual([id]);
  expect(front.delivered).toHaveLength(1);
  const [letter] = front.delivered;
  expect(letter).toMatchObject({
    to: [ada],
    subject: "Sign in to Latchkey",
    headers: {
      "Message-ID": `<${id}@mail.example.org>`,
      "Auto-Submitted": "auto-generated",
      "X-Entity-Ref-ID": id,
    },
  });
  expect(addressParser(letter!.from)).toEqual([
    { name: "Latchkey", address: "sign-in@mail.example.org" },
  ]);
  for (const part of [letter!.text, letter!.html])
    expect([...world.secrets.codes].some((code) => part.includes(code))).toBe(true);
  expect(Object.keys(letter!).sort()).toEqual(["from", "headers", "html", "subject", "text", "to"]);
});

describe("what cannot be done now", () => {
  test.each([
    ["429", resendError(429, "rate_limit_exceeded")],
    ["429, the day's quota", resendError(429, "daily_quota_exceeded")],
    ["500", resendError(500, "internal_server_error")],
    ["503 of another", { status: 503, body: '{"message":"upstream"}' }],
    ["502 in HTML", html],
    ["500 with null", { status: 500, body: "null" }],
    ["500 with false", { status: 500, body: "false" }],
    ["500 with a list", { status: 500, body: "[]" }],
    ["500 with nothing", { status: 500, body: "" }],
    ["200 in HTML", { ...html, status: 200 }],
    ["200 without an id", { status: 200, body: "{}" }],
    ["200 with null", { status: 200, body: "null" }],
    ["409, at it already", resendError(409, "concurrent_idempotent_requests")],
    ["401", resendError(401, "restricted_api_key")],
    ["403, no such key", resendError(403, "invalid_api_key")],
    ["403, domain not verified", resendError(403, "validation_error")],
    ["400", resendError(400, "validation_error")],
    ["422, a field is missing", resendError(422, "missing_required_field")],
    ["422, a from that is not ours", resendError(422, "invalid_from_address")],
    ["a connection that breaks", "hangs_up"],
  ] as const)(
    "%s: the letter waits, and leaves once with the same body and key",
    async (_, trouble) => {
      front.trouble(trouble, 1);
      await new Browser(world).ask(ada);
      await deliver();
      expect(await kept()).toMatchObject({ state: "queued", reason: null, attempts: 1 });
      expect(world.logged.at(-1)).toMatchObject({ level: "warn", event: "letter.delayed" });
      await world.age(intervals.letterRetries[0]);
      await deliver();
      expect(await kept()).toMatchObject({ state: "sent", attempts: 2 });
      expect(front.delivered).toHaveLength(1);
      expect(new Set(front.keys).size).toBe(1);
      expect(new Set(front.bodies).size).toBe(1);
    },
  );

  test("no answer within the budget counts as none", async () => {
    patience.seconds = 0.3;
    front.trouble("never_answers");
    const answer = await mailer(message);
    expect(answer).toEqual({
      sent: false,
      reason: expect.stringMatching(/^resend no answer/) as string,
      retryAfter: undefined,
    });
  });

  test("nobody there, or a name that is none", async () => {
    for (const baseUrl of ["http://127.0.0.1:1", "http://no-such-host.invalid"])
      expect(await resendMailer("key", baseUrl)(message)).toMatchObject({ sent: false });
  });

  test("a wrong key is the operator's to mend: nothing is lost meanwhile", async () => {
    await new Browser(world).ask(ada);
    await deliverDueLetters(here, resendMailer("re_wrong", front.baseUrl));
    expect(await kept()).toMatchObject({ state: "queued" });
    expect(JSON.stringify(world.logged)).not.toContain("re_wrong");
    await world.age(intervals.letterRetries[0]);
    await deliver();
    expect(await kept()).toMatchObject({ state: "sent" });
  });

  test.each([
    ["300", 300],
    ["299.2", 300],
    ["1", intervals.letterRetries[0]],
    ["0", intervals.letterRetries[0]],
    ["-5", intervals.letterRetries[0]],
    ["soon", intervals.letterRetries[0]],
    ["Fri, 20 Nov 2026 08:12:00 GMT", intervals.letterRetries[0]],
  ])("retry-after %s: again after %i seconds", async (retryAfter, pause) => {
    await world.whileTimeStands(async (world) => {
      front.trouble(resendError(429, "rate_limit_exceeded", { "retry-after": retryAfter }), 1);
      await new Browser(world).ask(ada);
      const here = world.but({ env: testEnv() });
      await deliverDueLetters(here, mailer);
      expect((await kept(world)).pause).toBe(pause);
      await world.age(pause - 1);
      await deliverDueLetters(here, mailer);
      expect(front.keys).toHaveLength(1);
      await world.age(1);
      await deliverDueLetters(here, mailer);
      expect(front.keys).toHaveLength(2);
      expect(await kept(world)).toMatchObject({ state: "sent" });
    });
  });

  test.each(["1e999", "99999999999999999999", "Infinity"])(
    "a retry-after beyond all measure, %s, neither breaks anything nor loses the letter",
    async (retryAfter) => {
      front.trouble(resendError(429, "rate_limit_exceeded", { "retry-after": retryAfter }), 1);
      await new Browser(world).ask(ada);
      await deliver();
      expect(await kept()).toMatchObject({ state: "queued", attempts: 1 });
      expect(world.logged.map(({ event }) => event)).toEqual(["letter.delayed"]);
    },
  );
});

describe("what cannot be done ever", () => {
  test("422 validation_error: dead as refused, and not tried again", async () => {
    front.trouble(resendError(422, "validation_error"));
    await new Browser(world).ask(ada);
    await deliver();
    expect(await kept()).toMatchObject({ state: "dead", reason: "refused", attempts: 1 });
    expect(world.logged.at(-1)).toMatchObject({ level: "error", event: "letter.refused" });
    await world.age(600);
    await deliver();
    expect(front.keys).toHaveLength(1);
  });
});

describe("accepted and lost on the way back (I5)", () => {
  test("delivered once, however often it is lost", async () => {
    front.trouble("lost", 3);
    await new Browser(world).ask(ada);
    for (let i = 0; i < 3; i += 1) {
      await deliver();
      expect(await kept()).toMatchObject({ state: "queued" });
      await world.age(intervals.letterRetries[i]!);
    }
    await deliver();
    expect(await kept()).toMatchObject({ state: "sent", attempts: 4 });
    expect(front.keys).toHaveLength(4);
    expect(front.delivered).toHaveLength(1);
  });

  test("the same body goes again, though name, sender and clock are others by then", async () => {
    front.trouble("lost", 1);
    await new Browser(world).ask(ada);
    await deliver();
    await world.age(intervals.letterRetries[0]);
    const moved = world.but({
      clock: { now: () => new Date(Date.UTC(2033, 1)) },
      env: testEnv({ APP_NAME: "Elsewhere", MAIL_FROM: "other@example.net", PORT: "4000" }),
    });
    await deliverDueLetters(moved, mailer);
    expect(await kept()).toMatchObject({ state: "sent" });
    expect(front.delivered).toHaveLength(1);
  });

  test("another letter under a known key is refused there, and that is no end of the letter here", async () => {
    await mailer(message);
    expect(await mailer({ ...message, text: "Other" })).toEqual({
      sent: false,
      reason: "resend 409 invalid_idempotent_request",
      retryAfter: undefined,
    });
    expect(front.delivered).toHaveLength(1);
  });
});

test.each(["Latchkey, Inc.", "Ada @ Home", "(Latchkey)", "Schlüssel: Öl; & Co.", "O’Neil"])(
  "the sender's name stays a name: %s",
  async (name) => {
    await mailer({ ...message, from: { ...message.from, name } });
    expect(addressParser(front.delivered[0]!.from)).toEqual([
      { name, address: message.from.address },
    ]);
  },
);

test("no name, no brackets", async () => {
  await mailer({ ...message, from: { ...message.from, name: "" } });
  expect(front.delivered[0]!.from).toBe("sign-in@mail.example.org");
});

test("whatever comes back, nothing is thrown", async () => {
  const answers = [
    { status: 200, body: '{"id":' },
    { status: 204, body: "" },
    { status: 301, body: "", headers: { location: "/elsewhere" } },
    { status: 307, body: "", headers: { location: `${front.baseUrl}/nowhere` } },
    { status: 418, body: '"teapot"' },
    { status: 422, body: '{"name":"validation_error"}' },
    { status: 500, body: '{"statusCode":"500","name":{},"message":7}' },
    { status: 520, body: "\0\xff" },
  ];
  for (const answer of answers) {
    front.trouble(answer, 1);
    expect(await mailer(message)).toMatchObject({ sent: false });
  }
  expect(front.delivered).toEqual([]);
});
