/**
 * Reads the settings, for the launcher and the commands. The server gets them from the launcher and
 * validates all of them in lib/core/env.ts.
 */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseEnv } from "node:util";
import { keysFor, savedKeys } from "./keys.mjs";
import { Failure } from "./run.mjs";

/** The files that are read. A variable counts where it is found first: environment, then these. */
const FILES = [".env.local", ".env"];

/** Files that Next would read. They depend on the mode, so that commands would read others. */
const UNREAD = ["production.local", "production", "development.local", "development"].map(
  (mode) => `.env.${mode}`,
);

/**
 * The environment of the build and the server, and notes about settings without effect. Values are
 * taken as they are: `$` has no meaning, and an empty one counts as not set. With `createsKeys: false`
 * nothing is written: keys that are missing are made up for this process alone.
 */
export function readSettings({ createsKeys = true } = {}) {
  const { given, notes } = readVariables();
  const { HOST = "127.0.0.1", PORT = "3000" } = given;
  if (!(Number(PORT) >= 1 && Number(PORT) <= 65535)) throw new Failure(`PORT is no port: ${PORT}`);
  const { AUTH_URL = `http://localhost:${PORT}` } = given;
  if (!URL.canParse(AUTH_URL)) throw new Failure("AUTH_URL is no address.");
  const DATA_DIR = resolve(given.DATA_DIR ?? ".data");
  const env = {
    ...given,
    ...{ HOST, PORT, AUTH_URL, DATA_DIR, NEXT_TELEMETRY_DISABLED: "1" },
    // Next would read the files once more, by rules of its own.
    __NEXT_PROCESSED_ENV: "true",
  };
  const local = isLoopback(AUTH_URL);
  const { keys = {}, file: keysFile = null } = !local
    ? {}
    : createsKeys
      ? { keys: keysFor(env, DATA_DIR) }
      : savedKeys(env, DATA_DIR);
  return {
    env: { ...env, ...keys },
    keysFile,
    origin: new URL(AUTH_URL).origin,
    notes,
    mailbox: local && !given.RESEND_API_KEY && !given.SMTP_URL,
  };
}

function readVariables() {
  const files = FILES.map((name) => ({ name, vars: readFile(name) }));
  const sources = [{ name: "the environment", vars: process.env }, ...files];
  const notes = UNREAD.filter((name) => existsSync(name)).map(
    (name) => `${name} is not read. Settings are read from ${FILES.join(" and ")}.`,
  );
  const note = (names, text) => names.length > 0 && notes.push(`${text}: ${names.join(", ")}.`);
  for (const [at, { name, vars }] of sources.entries())
    for (const later of sources.slice(at + 1))
      note(
        Object.keys(later.vars).filter((one) => one in vars && vars[one] !== later.vars[one]),
        `Ignored in ${later.name}, because ${name} sets it`,
      );
  const all = Object.assign({}, ...sources.map(({ vars }) => vars).reverse());
  const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value.trim() !== ""));
  const known = knownNames();
  note(
    Object.keys(all).filter((one) => known.has(one) && !(one in given)),
    "Empty, and so not set",
  );
  for (const { name, vars } of files)
    note(
      Object.keys(vars).filter((one) => known.size > 0 && !known.has(one)),
      `Not among the settings of .env.example, but in ${name}`,
    );
  return { given, notes };
}

function readFile(name) {
  let text;
  try {
    text = readFileSync(name, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return {};
    throw new Failure(`${name} cannot be read: ${error.code}.`);
  }
  const content = text.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n");
  const [, cut] =
    /^[ \t]*(?:export[ \t]+)?(\w+)[ \t]*=(?![ \t]*["'`])[^#\n]*[^\s#]#/m.exec(content) ?? [];
  if (cut) throw new Failure(`The value of ${cut} in ${name} contains a #. Write it in quotes.`);
  return parseEnv(content);
}

/** The names in .env.example; none without that file. */
function knownNames() {
  if (!existsSync(".env.example")) return new Set();
  const names = readFileSync(".env.example", "utf8").matchAll(/^(?:# )?([A-Z][A-Z0-9_]+)=/gm);
  return new Set([...names].map(([, name]) => name));
}

/** Whether a URL is on this machine. */
export const isLoopback = (address) => isLoopbackName(new URL(address).hostname);

/** Whether a host name or an IP, with or without brackets, is of this machine. */
export const isLoopbackName = (name) =>
  /^(localhost|.+\.localhost|127(\.\d+){3}|\[?::1\]?)$/.test(name);
