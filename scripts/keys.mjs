/**
 * The keys of an installation on one's own machine: made at the first start and kept, so that a
 * restart signs nobody out and a rebuild leaves open pages working. A public origin gets none; there
 * the server names the keys that are missing, because keys only this disk knows are lost with it.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "./run.mjs";

const encodings = {
  AUTH_SECRET: "base64url",
  TOKEN_KEY: "base64url",
  OUTBOX_KEY: "base64url",
  AUDIT_KEY: "base64url",
  // Next decodes this one itself and takes standard base64 only.
  NEXT_SERVER_ACTIONS_ENCRYPTION_KEY: "base64",
};

/** The keys that `env` does not set, out of the data directory. */
export function keysFor(env, dataDir) {
  const wanted = Object.keys(encodings).filter((name) => !env[name]);
  const saved = readKept(dataDir);
  const made = wanted.filter((name) => !saved[name]).map((name) => [name, newKey(name)]);
  const keys = { ...saved, ...Object.fromEntries(made) };
  if (made.length > 0) remember(dataDir, keys);
  return Object.fromEntries(wanted.map((name) => [name, keys[name]]));
}

const fileIn = (dataDir) => join(dataDir, "keys.json");
const newKey = (name) => randomBytes(32).toString(encodings[name]);

function readKept(dataDir) {
  try {
    return JSON.parse(readFileSync(fileIn(dataDir), "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return {};
    // Never replaced by itself: what the old keys encrypted could not be read again.
    throw new Failure(`${fileIn(dataDir)} cannot be read: ${error.code ?? "it is not JSON"}.`);
  }
}

/** Written beside and renamed, so that a crash leaves the old keys or the new, never half a file. */
function remember(dataDir, keys) {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const draft = `${fileIn(dataDir)}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, fileIn(dataDir));
}
