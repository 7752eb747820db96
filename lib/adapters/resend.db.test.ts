import { sql } from "drizzle-orm";
import { addressParser } from "postal-mime";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { row } from "@/db/rows";
import { intervals } from "@/lib/core/policy";
import { Browser } from "@/test/support/browser";
import { resendError, startFakeResend } from "@/test/support/fake-resend";
import { setUpWorld } from "@/test/support/setup";
import { testEnv } from "@/test/support/world";
import { deliverDueLetters } from "./courier";
import type { Message } from "./mailer";
import { resendMailer } from "./resend";

/** Sending with Resend, against a server that responds as Resend does (X2, X3). */

const runTimeout = vi.hoisted(() => ({ seconds: 15 }));
vi.mock(import("@/lib/core/policy"), async (original) => {
  const policy = await original();
  const intervals = Object.defineProperty({ ...policy.intervals }, "mailTimeout", {
    get: () => runTimeout.seconds,
  });
  return { ...policy, intervals } as never;
});

const world = await setUpWorld();
const server = await startFakeResend();
const mailer = resendMailer(server.key, server.baseUrl);

beforeEach(() => {
  runTimeout.seconds = 15;
});
afterEach(() => server.resetProviders());
afterAll(() => server.stop());

const ada = "ada@example.com";
const here = world.with({
  env: testEnv({
    RESEND_API_KEY: server.key,
    RESEND_BASE_URL: server.baseUrl,
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
const saved = async (where = world) =>
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

test("sends a complete email: one address, both parts, our headers, its id as the idempotency key", async () => {
  await new Browser(world).requestLink(ada);
  await deliver();
  const { id, state } = await saved();
  expect(state).toBe("sent");
  expect(server.keys).toEqual([id]);
  expect(server.delivered).toHaveLength(1);
  const [letter] = server.delivered;
  expect(letter).toMatchObject({
    to: [ada],
    subject: expect.stringMatching(/^\d{6} is your code to sign in to Latchkey$/) as string,
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

describe("a temporary failure", () => {
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
    [
      "422, a from that is no address",
      resendError(422, "validation_error", {}, "Invalid `from` field."),
    ],
    ["a connection that breaks", "hangs_up"],
  ] as const)(
    "%s: the email waits, and is sent once with the same body and key",
    async (_, failWith) => {
      server.failWith(failWith, 1);
      await new Browser(world).requestLink(ada);
      await deliver();
      expect(await saved()).toMatchObject({ state: "queued", reason: null, attempts: 1 });
      expect(world.logged.at(-1)).toMatchObject({ level: "warn", event: "letter.delayed" });
      await world.advance(intervals.emailRetries[0]);
      await deliver();
      expect(await saved()).toMatchObject({ state: "sent", attempts: 2 });
      expect(server.delivered).toHaveLength(1);
      expect(new Set(server.keys).size).toBe(1);
      expect(new Set(server.bodies).size).toBe(1);
    },
  );

  test("no response within the timeout counts as a failure", async () => {
    runTimeout.seconds = 0.3;
    server.failWith("never_answers");
    const response = await mailer(message);
    expect(response).toEqual({
      sent: false,
      reason: expect.stringMatching(/^resend no response/) as string,
      retryAfter: undefined,
    });
  });

  test("without a response of Resend: the reason says why, and what to check", async () => {
    const reasonOf = async (by = mailer) => {
      const outcome = await by(message);
      return "reason" in outcome ? outcome.reason : "";
    };
    const closed = await startFakeResend();
    await closed.stop();
    expect(await reasonOf(resendMailer("key", closed.baseUrl))).toMatch(
      /No server accepts connections at 127\.0\.0\.1:\d+\. Check host and port in RESEND_BASE_URL/,
    );
    expect(await reasonOf(resendMailer("key", "http://127.0.0.1:1"))).toMatch(/bad port/);
    server.failWith("hangs_up", 1);
    expect(await reasonOf()).toMatch(/closed the connection without a reply/);
    for (const response of [html, { ...html, status: 200 }, { status: 200, body: "{}" }]) {
      server.failWith(response, 1);
      expect(await reasonOf()).toMatch(/does not respond as Resend does/);
    }
    server.failWith(resendError(403, "validation_error", {}, "The domain is not verified."), 1);
    expect(await reasonOf()).toBe("resend 403 validation_error: The domain is not verified.");
    runTimeout.seconds = 0.3;
    server.failWith("never_answers");
    expect(await reasonOf()).toMatch(/did not respond within 0\.3 seconds/);
  });

  test("a wrong API key is for the operator to fix: no email is lost meanwhile", async () => {
    await new Browser(world).requestLink(ada);
    await deliverDueLetters(here, resendMailer("re_wrong", server.baseUrl));
    expect(await saved()).toMatchObject({ state: "queued" });
    expect(JSON.stringify(world.logged)).not.toContain("re_wrong");
    await world.advance(intervals.emailRetries[0]);
    await deliver();
    expect(await saved()).toMatchObject({ state: "sent" });
  });

  test.each([
    ["300", 300],
    ["299.2", 300],
    ["1", intervals.emailRetries[0]],
    ["0", intervals.emailRetries[0]],
    ["-5", intervals.emailRetries[0]],
    ["soon", intervals.emailRetries[0]],
    ["Fri, 20 Nov 2026 08:12:00 GMT", intervals.emailRetries[0]],
  ])("retry-after %s: the next attempt is after %i seconds", async (retryAfter, pause) => {
    await world.withFrozenTime(async (world) => {
      server.failWith(resendError(429, "rate_limit_exceeded", { "retry-after": retryAfter }), 1);
      await new Browser(world).requestLink(ada);
      const here = world.with({ env: testEnv() });
      await deliverDueLetters(here, mailer);
      expect((await saved(world)).pause).toBe(pause);
      await world.advance(pause - 1);
      await deliverDueLetters(here, mailer);
      expect(server.keys).toHaveLength(1);
      await world.advance(1);
      await deliverDueLetters(here, mailer);
      expect(server.keys).toHaveLength(2);
      expect(await saved(world)).toMatchObject({ state: "sent" });
    });
  });

  test.each(["1e999", "99999999999999999999", "Infinity"])(
    "an excessive retry-after, %s, neither breaks anything nor loses the email",
    async (retryAfter) => {
      server.failWith(resendError(429, "rate_limit_exceeded", { "retry-after": retryAfter }), 1);
      await new Browser(world).requestLink(ada);
      await deliver();
      expect(await saved()).toMatchObject({ state: "queued", attempts: 1 });
      expect(world.logged.map(({ event }) => event)).toEqual(["letter.delayed"]);
    },
  );
});

describe("a permanent failure", () => {
  test("422 validation_error: the email is marked dead as refused, and not retried", async () => {
    server.failWith(resendError(422, "validation_error", {}, "Invalid `to` field."));
    await new Browser(world).requestLink(ada);
    await deliver();
    expect(await saved()).toMatchObject({ state: "dead", reason: "refused", attempts: 1 });
    expect(world.logged.at(-1)).toMatchObject({ level: "error", event: "letter.refused" });
    await world.advance(600);
    await deliver();
    expect(server.keys).toHaveLength(1);
  });
});

describe("an accepted email whose response is lost (I5)", () => {
  test("is delivered once, however often the response is lost", async () => {
    server.failWith("lost", 3);
    await new Browser(world).requestLink(ada);
    for (let i = 0; i < 3; i += 1) {
      await deliver();
      expect(await saved()).toMatchObject({ state: "queued" });
      await world.advance(intervals.emailRetries[i]!);
    }
    await deliver();
    expect(await saved()).toMatchObject({ state: "sent", attempts: 4 });
    expect(server.keys).toHaveLength(4);
    expect(server.delivered).toHaveLength(1);
  });

  test("is retried with the same body, though name, sender and clock differ by then", async () => {
    server.failWith("lost", 1);
    await new Browser(world).requestLink(ada);
    await deliver();
    await world.advance(intervals.emailRetries[0]);
    const moved = world.with({
      clock: { now: () => new Date(Date.UTC(2033, 1)) },
      env: testEnv({ APP_NAME: "Elsewhere", MAIL_FROM: "other@example.net", PORT: "4000" }),
    });
    await deliverDueLetters(moved, mailer);
    expect(await saved()).toMatchObject({ state: "sent" });
    expect(server.delivered).toHaveLength(1);
  });

  test("another email under a known key is refused by Resend, and is retried here", async () => {
    await mailer(message);
    expect(await mailer({ ...message, text: "Other" })).toEqual({
      sent: false,
      reason: "resend 409 invalid_idempotent_request",
      retryAfter: undefined,
    });
    expect(server.delivered).toHaveLength(1);
  });
});

test.each(["Latchkey, Inc.", "Ada @ Home", "(Latchkey)", "Schlüssel: Öl; & Co.", "O’Neil"])(
  "the sender's name stays a name: %s",
  async (name) => {
    await mailer({ ...message, from: { ...message.from, name } });
    expect(addressParser(server.delivered[0]!.from)).toEqual([
      { name, address: message.from.address },
    ]);
  },
);

test("a sender without a name has no brackets", async () => {
  await mailer({ ...message, from: { ...message.from, name: "" } });
  expect(server.delivered[0]!.from).toBe("sign-in@mail.example.org");
});

test("no response causes a throw", async () => {
  const responses = [
    { status: 200, body: '{"id":' },
    { status: 204, body: "" },
    { status: 301, body: "", headers: { location: "/elsewhere" } },
    { status: 307, body: "", headers: { location: `${server.baseUrl}/nowhere` } },
    { status: 418, body: '"teapot"' },
    { status: 422, body: '{"name":"validation_error"}' },
    { status: 500, body: '{"statusCode":"500","name":{},"message":7}' },
    { status: 520, body: "\0\xff" },
  ];
  for (const response of responses) {
    server.failWith(response, 1);
    expect(await mailer(message)).toMatchObject({ sent: false });
  }
  expect(server.delivered).toEqual([]);
});
