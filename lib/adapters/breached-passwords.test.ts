import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Log } from "@/lib/runtime/ports";
import { startFakePwnedPasswords } from "@/test/support/fake-pwned-passwords";
import { testEnv } from "@/test/support/world";
import { createPasswords } from "./passwords";

/**
 * The check against breached passwords, with a server that responds as Pwned Passwords does (P6).
 */

const runTimeout = vi.hoisted(() => ({ seconds: 120 }));
vi.mock(import("@/lib/core/policy"), async (original) => {
  const policy = await original();
  const intervals = Object.defineProperty({ ...policy.intervals }, "breachLookup", {
    get: () => runTimeout.seconds,
  });
  return { ...policy, intervals } as never;
});

const stolen = "barbell glue feel";
const server = await startFakePwnedPasswords([stolen]);
const warnings: unknown[] = [];
const log: Log = {
  info() {},
  warn: (event, facts) => void warnings.push([event, facts]),
  error() {},
};

beforeEach(() => {
  runTimeout.seconds = 120;
  warnings.length = 0;
});
afterEach(() => server.resetProviders());
afterAll(() => server.stop());

async function verdict(password: string, url = server.url) {
  const { checkStrength } = createPasswords(testEnv({ BREACH_LOOKUP_URL: url }), log);
  const result = await checkStrength(password, ["ada@example.com", "Latchkey"]);
  return result.ok ? "taken" : result.refusal;
}

const breached = { code: "password_breached", field: "password" };

test("refuses a breached password and accepts others", async () => {
  expect(await verdict(stolen)).toEqual(breached);
  expect(await verdict("barbell glue feels")).toBe("taken");
  expect(await verdict(stolen, `${server.url}/`)).toEqual(breached);
  expect(warnings).toEqual([]);
});

test("treats a count of 0 as padding, not as a breach", async () => {
  server.forget(stolen);
  expect(await verdict(stolen)).toBe("taken");
  expect(warnings).toEqual([]);
});

test("hashes text of any script as UTF-8", async () => {
  await verdict("правильная лошадь");
  const digest = createHash("sha1").update(Buffer.from("правильная лошадь")).digest("hex");
  expect(server.asked[0]!.path).toContain(`/range/${digest.slice(0, 5).toUpperCase()}`);
});

test("sends five hex digits and nothing about the user", async () => {
  await verdict(stolen);
  const digest = createHash("sha1").update(stolen).digest("hex").toUpperCase();
  expect(server.asked).toHaveLength(1);
  const { method, path, headers, body } = server.asked[0]!;
  expect([method, path, body]).toEqual(["GET", `/range/${digest.slice(0, 5)}?mode=sha1`, ""]);
  const { "add-padding": padding, "user-agent": agent, ...others } = headers;
  expect([padding, agent]).toEqual(["true", "Latchkey"]);
  // What Node itself sends with every request.
  expect(Object.keys(others).sort()).toEqual([
    "accept",
    "accept-encoding",
    "accept-language",
    "connection",
    "host",
    "sec-fetch-mode",
  ]);
});

test.each([
  ["too short", "barbell"],
  ["easy to guess", "password1234"],
  ["personal", "ada@example.com"],
])("makes no request about a password that is %s", async (_, password) => {
  await verdict(password);
  expect(server.asked).toEqual([]);
});

test("makes no request where the check is disabled", async () => {
  expect(await verdict(stolen, "")).toBe("taken");
  expect(server.asked).toEqual([]);
});

describe("a failing service blocks no user, and is logged once, without the password", () => {
  const respond = (status: number, text: string) => (response: ServerResponse) =>
    void response.writeHead(status).end(text);
  const html = "<!doctype html>\n<h1>Sign in: to this network</h1>\n";

  test.each<[string, (response: ServerResponse) => void, string]>([
    ["500", respond(500, "oops"), "Internal Server Error"],
    ["503", respond(503, ""), "Service Unavailable"],
    ["429", respond(429, ""), "Too Many Requests"],
    ["a 400 that repeats the question", respond(400, "not valid: 12ABC"), "Error"],
    [
      "500 with a custom status text",
      (response) => response.writeHead(500, "12ABC").end(),
      "Error",
    ],
    ["200 in HTML", respond(200, html), "not a range"],
    ["200 in JSON", respond(200, "null"), "not a range"],
    ["200 with nothing", respond(200, ""), "not a range"],
    ["digests that are too short", respond(200, `${"A".repeat(34)}:3`), "not a range"],
    ["a connection that breaks", (response) => void response.destroy(), "UND_ERR_SOCKET"],
    [
      "a response that breaks off",
      (response) => {
        response.writeHead(200, { "content-length": 100 }).write(`${"A".repeat(35)}:3\r\n`);
        setTimeout(() => response.destroy(), 20);
      },
      "UND_ERR_SOCKET",
    ],
  ])("%s", async (_, failWith, reason) => {
    server.failWith(failWith);
    expect(await verdict(stolen)).toBe("taken");
    expect(warnings).toEqual([["breach_lookup.failed", { reason }]]);
  });

  test.each<[string, (response: ServerResponse) => void]>([
    ["no response", () => {}],
    ["half a response", (response) => void response.write(`${"A".repeat(35)}:3\r\n`)],
    ["an endless response", (response) => flood(response)],
  ])("%s, when the time limit is reached", async (_, failWith) => {
    runTimeout.seconds = 0.2;
    server.failWith(failWith);
    expect(await verdict(stolen)).toBe("taken");
    expect(warnings).toEqual([["breach_lookup.failed", { reason: "TimeoutError" }]]);
  });

  test("an address where no server listens, or a name that does not resolve", async () => {
    const stopped = await startFakePwnedPasswords([]);
    await stopped.stop();
    expect(await verdict(stolen, stopped.url)).toBe("taken");
    expect(await verdict(stolen, "http://no-such-host.invalid")).toBe("taken");
    expect(warnings).toEqual([
      ["breach_lookup.failed", { reason: "ECONNREFUSED" }],
      ["breach_lookup.failed", { reason: expect.stringMatching(/^E[A-Z_]+$/) as string }],
    ]);
  });

  test("a response far longer than any real one", async () => {
    server.failWith(
      (response) => void response.end(`${`${"A".repeat(35)}:3\r\n`.repeat(100_000)}`),
    );
    expect(await verdict(stolen)).toBe("taken");
    expect(warnings).toEqual([]);
  });
});

/** Line after line, as fast as they are read, until the client stops reading. */
function flood(response: ServerResponse) {
  const chunk = `${"A".repeat(35)}:3\r\n`.repeat(1_000);
  const more = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on("drain", more);
  more();
}
