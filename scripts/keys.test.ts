import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { parseEnv } from "@/lib/core/env";
import { methods } from "@/lib/methods";
import { keysFor, savedKeys } from "./keys.mjs";

const settings = path.join(import.meta.dirname, "settings.mjs");
const names = [
  "AUTH_SECRET",
  "TOKEN_KEY",
  "OUTBOX_KEY",
  "AUDIT_KEY",
  "NEXT_SERVER_ACTIONS_ENCRYPTION_KEY",
];

let home: string;
let dataDir: string;
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), "latchkey-keys-"));
  dataDir = path.join(home, ".data");
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const saved = () =>
  JSON.parse(readFileSync(path.join(dataDir, "keys.json"), "utf8")) as Record<string, string>;

/** The settings that the launcher reads in a new directory with this environment. */
function launch(env: Record<string, string>) {
  const program = `import { readSettings } from ${JSON.stringify(settings)};
    process.stdout.write(JSON.stringify(readSettings()));`;
  const output = execFileSync(process.execPath, ["--input-type=module", "-e", program], {
    cwd: home,
    env: { PATH: process.env["PATH"], NODE_ENV: "test", ...env },
    encoding: "utf8",
  });
  return JSON.parse(output) as { env: Record<string, string>; origin: string; mailbox: boolean };
}

it("a command that only looks gets the same keys, creates none, and says which are missing", () => {
  const first = savedKeys({ TOKEN_KEY: "own" }, dataDir);
  expect(existsSync(dataDir)).toBe(false);
  expect(first.file).toEqual({
    path: path.join(dataDir, "keys.json"),
    missing: names.filter((name) => name !== "TOKEN_KEY"),
  });
  expect(Object.keys(first.keys).sort()).toEqual([...first.file.missing].sort());
  const created = keysFor({}, dataDir);
  expect(savedKeys({}, dataDir)).toMatchObject({ keys: created, file: { missing: [] } });
});

describe("a user who starts Latchkey on a local origin", () => {
  it("gets new keys at the first start", () => {
    const keys = keysFor({}, dataDir);
    expect(Object.keys(keys).sort()).toEqual([...names].sort());
    expect(new Set(Object.values(keys)).size).toBe(names.length);
    for (const [name, value] of Object.entries(keys)) {
      const encoding = name === "NEXT_SERVER_ACTIONS_ENCRYPTION_KEY" ? "base64" : "base64url";
      expect(Buffer.from(value, encoding)).toHaveLength(32);
      expect(Buffer.from(value, encoding).toString(encoding)).toBe(value);
    }
  });

  it("gets keys that the server accepts", () => {
    const { TOKEN_KEY, OUTBOX_KEY } = keysFor({}, dataDir);
    const env = parseEnv(keysFor({}, dataDir), methods());
    expect([env.tokenKey, env.outboxKey]).toEqual([[TOKEN_KEY], [OUTBOX_KEY]]);
  });

  it("is told in a sentence where keys cannot be saved or read", () => {
    const file = path.join(home, "file");
    writeFileSync(file, "");
    expect(() => keysFor({}, path.join(file, "data"))).toThrow(
      /keys\.json cannot be read: ENOTDIR/,
    );
    mkdirSync(dataDir);
    for (const text of ["[]", "null", "{"]) {
      writeFileSync(path.join(dataDir, "keys.json"), text);
      expect(() => keysFor({}, dataDir)).toThrow("cannot be read: it is not a JSON object.");
    }
    rmSync(dataDir, { recursive: true });
    // No user may create a directory there.
    expect(() => keysFor({}, "/sys/latchkey")).toThrow(
      /^The keys cannot be saved in \/sys\/latchkey: E[A-Z]+\. Let this user write there/,
    );
  });

  it("is told that keys are missing beside an existing database", () => {
    const warn = vi.spyOn(console, "warn").mockReturnValue();
    mkdirSync(path.join(dataDir, "pglite"), { recursive: true });
    keysFor({}, dataDir);
    keysFor({}, dataDir);
    expect(warn.mock.calls).toEqual([
      [expect.stringContaining("was missing beside an existing database") as string],
    ]);
    vi.restoreAllMocks();
  });

  it("gets the same keys at every later start", () => {
    const first = keysFor({}, dataDir);
    expect(keysFor({}, dataDir)).toEqual(first);
    expect(saved()).toEqual(first);
  });

  it("gets different keys than another installation", () => {
    const first = keysFor({}, dataDir);
    const second = keysFor({}, path.join(home, "other"));
    for (const name of names) expect(second[name]).not.toBe(first[name]);
  });

  it.skipIf(process.platform === "win32")("is the only user who can read the key file", () => {
    const before = process.umask(0);
    try {
      keysFor({}, dataDir);
    } finally {
      process.umask(before);
    }
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
    expect(statSync(path.join(dataDir, "keys.json")).mode & 0o777).toBe(0o600);
    expect(readdirSync(dataDir)).toEqual(["keys.json"]);
  });

  it("keeps the old keys when a new version needs one more", () => {
    mkdirSync(dataDir);
    writeFileSync(path.join(dataDir, "keys.json"), JSON.stringify({ TOKEN_KEY: "T".repeat(43) }));
    const keys = keysFor({}, dataDir);
    expect(keys["TOKEN_KEY"]).toBe("T".repeat(43));
    expect(Object.keys(saved()).sort()).toEqual([...names].sort());
  });

  it("gets an error when the file is malformed, and the file is not replaced", () => {
    mkdirSync(dataDir);
    const file = path.join(dataDir, "keys.json");
    writeFileSync(file, '{"TOKEN_KEY": "canaryT');
    expect(() => keysFor({}, dataDir)).toThrow(/keys\.json cannot be read/);
    expect(readFileSync(file, "utf8")).toBe('{"TOKEN_KEY": "canaryT');
  });

  it("gets an error without any part of a key", () => {
    mkdirSync(dataDir);
    writeFileSync(path.join(dataDir, "keys.json"), '{"TOKEN_KEY": canary7hYt2mQpXo0R9sVb');
    expect(() => keysFor({}, dataDir)).not.toThrow(/canary/);
  });

  it.skipIf(process.platform === "win32" || process.getuid?.() === 0)(
    "gets an error when the file is not readable",
    () => {
      keysFor({}, dataDir);
      chmodSync(path.join(dataDir, "keys.json"), 0);
      expect(() => keysFor({}, dataDir)).toThrow(/cannot be read/);
    },
  );
});

describe("a user who sets a key in the environment", () => {
  it("gets that key, and it is not saved", () => {
    const own = "O".repeat(43);
    const keys = keysFor({ TOKEN_KEY: own }, dataDir);
    expect(keys).not.toHaveProperty("TOKEN_KEY");
    expect(JSON.stringify(saved())).not.toContain(own);
    expect(launch({ TOKEN_KEY: own }).env["TOKEN_KEY"]).toBe(own);
  });

  it("gets that key instead of a saved one", () => {
    const made = keysFor({}, dataDir);
    const own = "O".repeat(43);
    const { env } = launch({ TOKEN_KEY: own });
    expect(env["TOKEN_KEY"]).toBe(own);
    expect(env["OUTBOX_KEY"]).toBe(made["OUTBOX_KEY"]);
  });

  it("gets a new key when the variable is empty", () => {
    expect(launch({ TOKEN_KEY: "" }).env["TOKEN_KEY"]).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  it("gets no file when all keys are set", () => {
    const all = Object.fromEntries(names.map((name, i) => [name, String(i).repeat(43)]));
    expect(keysFor(all, dataDir)).toEqual({});
    expect(() => statSync(dataDir)).toThrow(/ENOENT/);
  });
});

describe("a public origin", () => {
  it.each([
    "https://account.example.com",
    "http://192.168.1.5:3000",
    "https://localhost.example.com",
  ])("gets no generated keys: %s", (AUTH_URL) => {
    const { env } = launch({ AUTH_URL });
    for (const name of names) expect(env).not.toHaveProperty(name);
    expect(() => statSync(dataDir)).toThrow(/ENOENT/);
  });

  it("makes the server name every missing key", () => {
    const { env } = launch({ AUTH_URL: "https://account.example.com" });
    expect(() => parseEnv(env, methods())).toThrow(/TOKEN_KEY is not set/);
    expect(() => parseEnv(env, methods())).toThrow(/OUTBOX_KEY is not set/);
  });
});

it.each([
  "http://localhost:3000",
  "http://127.0.0.1:3000",
  "http://127.0.0.2:3000",
  "http://[::1]:3000",
  "http://app.localhost:3000",
])("launcher and server agree that %s is a local origin", (AUTH_URL) => {
  const { env, mailbox } = launch({ AUTH_URL });
  expect(mailbox).toBe(true);
  expect(parseEnv(env, methods()).loopback).toBe(true);
});
