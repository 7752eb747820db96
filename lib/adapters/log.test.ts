import type * as Pino from "pino";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Log } from "@/lib/runtime/ports";
import { createLog } from "./log";

const written = vi.hoisted(() => ({ text: "" }));
// The real pino, with a string in place of standard output.
vi.mock("pino", async (original) => {
  const { default: pino } = await original<typeof Pino>();
  const sink = { write: (logLine: string) => void (written.text += logLine) };
  return { default: Object.assign((options: object) => pino(options, sink), pino) };
});

const token = "7hYt2mQpXo0R9sVbNcKdLeWfGzAiJuTxB4r6E8wM1k3";
const address = "ada.lovelace+canary@example.com";
const canaries = [token, address, "ada.lovelace", "canary@"];

let log: Log;
beforeEach(() => {
  written.text = "";
  log = createLog({ logLevel: "debug" as "info" });
});
afterEach(() => {
  for (const canary of canaries) expect(written.text).not.toContain(canary);
});

const logLines = () => written.text.split("\n").filter(Boolean);
const only = () => {
  expect(logLines()).toHaveLength(1);
  expect(written.text).toMatch(/\n$/);
  return JSON.parse(logLines()[0]!) as Record<string, unknown>;
};

describe("a reader of the log sees no secret and no address", () => {
  it.each([
    ["a token", { found: token }],
    ["a token in a sentence", { said: `session=${token}; path=/` }],
    ["a digest", { digest: `${token}AAAA` }],
    ["a sealed text", { sealed: token.repeat(20) }],
    ["a link's path", { path: `/l/${token}` }],
    ["a link", { url: `https://account.example.com/l/${token}?x=1#y` }],
    ["a link with half a token", { url: "/l/7hYt2mQpXo0R" }],
    ["an address", { to: address }],
    ["an address in a sentence", { said: `Mail for <${address}> came back` }],
    ["an address in an envelope", { said: `RCPT TO:<${address}>, 550` }],
    ["a list of addresses", { to: [address, { address }] }],
    ["an object in an object", { a: { b: { c: { d: [token, { e: address }] } } } }],
    ["a database URL", { url: `postgres://${address}/db` }],
    ["an error", { error: new Error(`No row for ${address} with ${token}`) }],
    ["an error in a list", { errors: [new Error(address)] }],
    ["an error with a cause", { error: new Error("x", { cause: new Error(address) }) }],
    [
      "an error with more",
      {
        error: Object.assign(new Error("x"), {
          detail: `(email)=(${address})`,
          parameters: [token],
        }),
      },
    ],
    ["several errors in one", { error: new AggregateError([new Error(address)], token) }],
    ["an error of a kind of its own", { error: new (class extends TypeError {})(`/l/${token}`) }],
    ["an error's name", { error: Object.assign(new Error("x"), { name: `Error for ${address}` }) }],
    ["a name of a value", { [address]: 1, inner: { [token]: 1 } }],
    ["an address as it stands in a URL", { url: `/sign-in?email=${encodeURIComponent(address)}` }],
  ])("in %s", (_, facts) => {
    log.info("test.happened", facts);
    log.warn("test.happened", facts);
    log.error("test.happened", facts);
    expect(logLines()).toHaveLength(3);
  });

  it("in the name of an event", () => {
    log.warn(`mail for ${address} with ${token} failed`);
    expect(logLines()).toHaveLength(1);
  });

  it("but sees the error's stack after redaction", () => {
    log.error("mail.failed", {
      error: new TypeError(`No mail for ${address}`),
      path: `/l/${token}`,
      requestId: "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
      rows: 3,
      ok: false,
      none: null,
    });
    expect(only()).toMatchObject({
      event: "mail.failed",
      error: {
        name: "TypeError",
        message: "No mail for [address]",
        stack: expect.stringContaining("log.test.ts"),
      },
      path: "/l/[redacted]",
      requestId: "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
      rows: 3,
      ok: false,
      none: null,
    });
  });
});

it("a stack still shows the file names, also those of scoped packages", () => {
  const error = new Error("x");
  error.stack =
    "Error: x\n    at run (file:///srv/node_modules/@electric-sql/pglite/dist/index.js:1:2)";
  log.error("test.failed", { error });
  expect(written.text).toContain("/srv/node_modules/@electric-sql/pglite/dist/index.js:1:2");
});

describe("an event is one line of JSON", () => {
  it.each(["a\nb", "a\r\nb", "a\u2028b", '"}\n{"level":50,"event":"forged"}', "\x1b[2K", "\0"])(
    "whatever a value contains: %j",
    (value) => {
      log.warn("test.happened", { value, nested: { value }, error: new Error(value) });
      expect(only()).toMatchObject({ event: "test.happened", value });
    },
  );

  it.each(["\x7f", "\x9b2K", "\u2028", "\u202e", "\u200b", "\ufeff", "\u{e0041}"])(
    "that no terminal obeys and no eye misses: %j",
    (value) => {
      log.warn("test.happened", { value: `a${value}b` });
      expect(written.text).toMatch(/^[\x20-\x7e]*\n$/);
      expect(only()).toMatchObject({ value: `a${value}b` });
    },
  );

  it("whatever its own name contains", () => {
    log.warn('x"}\n{"level":50,"event":"forged"}');
    expect(only()["event"]).toContain("forged");
  });

  it("with the time, the level and nothing about the machine", () => {
    log.info("test.happened");
    log.warn("test.happened");
    log.error("test.happened");
    const all = logLines().map((logLine) => JSON.parse(logLine) as Record<string, unknown>);
    expect(all.map(({ level }) => level)).toEqual(["info", "warn", "error"]);
    for (const logLine of all)
      expect(Object.keys(logLine).sort()).toEqual(["event", "level", "time"]);
  });

  it("and is dropped below the configured level", () => {
    const quiet = createLog({ logLevel: "error" });
    quiet.info("test.happened");
    quiet.warn("test.happened");
    expect(written.text).toBe("");
    quiet.error("test.happened");
    expect(only()).toMatchObject({ level: "error" });
  });

  it("also when a value is circular or cannot be read", () => {
    const facts: Record<string, unknown> = { rows: 3 };
    facts["self"] = facts;
    expect(() => log.error("test.happened", facts)).not.toThrow();
    expect(only()).toMatchObject({ event: "test.happened", rows: 3 });
  });

  it("with dates as timestamps", () => {
    log.info("test.happened", { at: new Date("2026-11-20T08:12:00Z") });
    expect(only()["at"]).toBe("2026-11-20T08:12:00.000Z");
  });
});
