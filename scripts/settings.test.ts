import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { methods } from "@/lib/methods";
import { parseEnv, settingsWithoutEffect } from "@/lib/core/env";

/** The reader of Next itself, which is a package of its own. */
const nextRequire = createRequire(createRequire(import.meta.url).resolve("next/package.json"));
const { loadEnvConfig } = nextRequire("@next/env") as {
  loadEnvConfig: (directory: string, development: boolean) => unknown;
};

const settings = path.join(import.meta.dirname, "settings.mjs");
let home: string;
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), "latchkey-settings-"));
  writeFileSync(path.join(home, ".env.example"), "# APP_NAME=x\n# DATABASE_URL=\n# LOCALE=en\n");
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const write = (name: string, text: string) => writeFileSync(path.join(home, name), text);

/** What the launcher and the commands read in the directory; an expected failure is its message. */
function read(env: Record<string, string> = {}) {
  const program = `import { readSettings } from ${JSON.stringify(settings)};
    try { process.stdout.write(JSON.stringify(readSettings())); }
    catch (error) { process.stdout.write(JSON.stringify({ failure: error.message, env: {} })); }`;
  const output = execFileSync(process.execPath, ["--input-type=module", "-e", program], {
    cwd: home,
    env: { PATH: process.env["PATH"], NODE_ENV: "test", ...env },
    encoding: "utf8",
  });
  return JSON.parse(output) as {
    env: Record<string, string>;
    notes: string[];
    failure?: string;
  };
}

it("takes values as they are, with dollar signs, quotes, line ends of Windows and a byte order mark", () => {
  write(
    ".env",
    "\uFEFFDATABASE_URL='postgres://u:pa$word@db/x'\r\nexport APP_NAME=\"Cash$HOME # 1\"\r\nLOCALE=en # a comment\r\n",
  );
  const { env, notes } = read();
  expect(env).toMatchObject({
    DATABASE_URL: "postgres://u:pa$word@db/x",
    APP_NAME: "Cash$HOME # 1",
    LOCALE: "en",
  });
  expect(notes).toEqual([]);
});

it("lets neither the server nor the build read the files again by Next's rules", () => {
  write(".env", "APP_NAME='Cash$HOME'\n");
  const { env } = read();
  const before = { ...process.env };
  try {
    for (const name of Object.keys(process.env)) delete process.env[name];
    Object.assign(process.env, env);
    delete process.env["APP_NAME"];
    loadEnvConfig(home, false);
    expect(process.env["APP_NAME"]).toBeUndefined();
  } finally {
    Object.assign(process.env, before);
    delete process.env["__NEXT_PROCESSED_ENV"];
  }
});

it("prefers the environment, then .env.local, then .env, and says what it ignores", () => {
  write(".env", "APP_NAME=file\nDATABASE_URL=postgres://file/x\nLOCALE=en-XA\n");
  write(".env.local", "APP_NAME=local\nDATABASE_URL=postgres://local/x\n");
  write(".env.production", "APP_NAME=production\n");
  const { env, notes } = read({ APP_NAME: "given" });
  expect(env).toMatchObject({
    APP_NAME: "given",
    DATABASE_URL: "postgres://local/x",
    LOCALE: "en-XA",
  });
  expect(notes).toEqual([
    ".env.production is not read. Settings are read from .env.local and .env.",
    "Ignored in .env.local, because the environment sets it: APP_NAME.",
    "Ignored in .env, because the environment sets it: APP_NAME.",
    "Ignored in .env, because .env.local sets it: APP_NAME, DATABASE_URL.",
  ]);
});

it("counts an empty variable as not set, wherever it is, and names it", () => {
  write(".env", "DATABASE_URL=postgres://file/x\nAPP_NAME=' '\n");
  const { env, notes } = read({ DATABASE_URL: "" });
  expect(env).not.toHaveProperty("DATABASE_URL");
  expect(env).not.toHaveProperty("APP_NAME");
  expect(notes).toContain("Empty, and so not set: APP_NAME, DATABASE_URL.");
});

it("names what is not a setting, a value cut off by a comment, and a file it cannot read", () => {
  write(".env", "DATABSE_URL=postgres://file/x\n");
  expect(read().notes).toEqual([
    "Not among the settings of .env.example, but in .env: DATABSE_URL.",
  ]);
  write(".env", "APP_NAME=\nDATABASE_URL=postgres://u:pa#ss@db/x\n");
  expect(read().failure).toBe(
    "The value of DATABASE_URL in .env contains a #. Write it in quotes.",
  );
  rmSync(path.join(home, ".env"));
  mkdirSync(path.join(home, ".env"));
  expect(read().failure).toBe(".env cannot be read: EISDIR.");
});

it.each(["Acme C# Login", "O'Neil#1", 'the "best"#1', "a`b#c", "\tC#", "C#\nLOCALE=en"])(
  "refuses the value %j, which would be cut off at its #",
  (value) => {
    write(".env", `export APP_NAME=${value}\n`);
    expect(read().failure).toBe("The value of APP_NAME in .env contains a #. Write it in quotes.");
  },
);

it.each([
  ["en # a comment", "en"],
  ["en # a comment with a C#", "en"],
  ["'C# 1' # a comment", "C# 1"],
  ["`O'Neil#1`", "O'Neil#1"],
])("reads %j as %j", (written, value) => {
  write(".env", `APP_NAME=${written}\nLOCALE=en\n`);
  expect(read()).toMatchObject({ env: { APP_NAME: value, LOCALE: "en" }, notes: [] });
});

it("names settings that have no effect with the others", () => {
  const keys = {
    AUTH_SECRET: "a".repeat(43),
    TOKEN_KEY: "b".repeat(43),
    OUTBOX_KEY: "c".repeat(43),
    AUDIT_KEY: "d".repeat(43),
  };
  const vars = {
    ...keys,
    MAIL_FROM: "ada@example.com",
    SIGN_IN_METHODS: "magic_link",
    AUTH_GOOGLE_ID: "id",
    AUTH_GOOGLE_SECRET: "secret",
    DATABASE_URL: "postgres://db/x?sslmode=require&channel_binding=require",
    SUPPORT_EMAIL: " ",
  };
  const reasons = [...settingsWithoutEffect(parseEnv(vars, methods()), methods(), vars)];
  expect(reasons).toEqual([
    "MAIL_FROM has no effect, because neither RESEND_API_KEY nor SMTP_URL is set.",
    "AUTH_GOOGLE_ID has no effect, because SIGN_IN_METHODS does not include google.",
    "AUTH_GOOGLE_SECRET has no effect, because SIGN_IN_METHODS does not include google.",
    "DATABASE_URL has parameters without effect: channel_binding.",
  ]);
});
