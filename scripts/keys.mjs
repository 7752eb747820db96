/**
 * Creates and saves the keys of a local installation at its first start. A restart then ends no
 * session, and open pages still work after a rebuild. A public origin gets no generated keys: they
 * would be lost with this disk, so the server names the missing ones instead.
 */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
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

/** The keys that `env` does not set, read from the data directory or created. */
export function keysFor(env, dataDir) {
  const wanted = Object.keys(encodings).filter((name) => !env[name]);
  const saved = wanted.length > 0 ? readSaved(dataDir) : {};
  const created = wanted.filter((name) => !saved?.[name]).map((name) => [name, newKey(name)]);
  const keys = { ...saved, ...Object.fromEntries(created) };
  if (created.length > 0) save(dataDir, keys);
  if (created.length > 0 && !saved && existsSync(join(dataDir, "pglite")))
    console.warn(
      `${fileIn(dataDir)} was missing beside an existing database, so new keys were created. Codes and emails that were under way are lost; restore the file to keep them.`,
    );
  return Object.fromEntries(wanted.map((name) => [name, keys[name]]));
}

/** The keys as `keysFor` returns them, without creating any, the path of the file, and what is missing. */
export function savedKeys(env, dataDir) {
  const wanted = Object.keys(encodings).filter((name) => !env[name]);
  const saved = (wanted.length > 0 && readSaved(dataDir)) || {};
  const keys = Object.fromEntries(wanted.map((name) => [name, saved[name] || newKey(name)]));
  const missing = wanted.filter((name) => !saved[name]);
  return { keys, file: { path: fileIn(dataDir), missing } };
}

const fileIn = (dataDir) => join(dataDir, "keys.json");
const newKey = (name) => randomBytes(32).toString(encodings[name]);

/** The saved keys; undefined without the file. */
function readSaved(dataDir) {
  try {
    const saved = JSON.parse(readFileSync(fileIn(dataDir), "utf8"));
    if (saved && typeof saved === "object" && !Array.isArray(saved)) return saved;
    throw new SyntaxError();
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    // Never replaced automatically: data encrypted with the old keys would be lost.
    throw new Failure(
      `${fileIn(dataDir)} cannot be read: ${error.code ?? "it is not a JSON object"}.`,
    );
  }
}

/** Writes a draft and renames it: a crash leaves the old file or the new one, never half a file. */
function save(dataDir, keys) {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const draft = `${fileIn(dataDir)}.${process.pid}`;
    writeFileSync(draft, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 });
    renameSync(draft, fileIn(dataDir));
  } catch (error) {
    const names = Object.keys(encodings).join(", ");
    throw new Failure(
      `The keys cannot be saved in ${dataDir}: ${error.code ?? error.message}. Let this user write there, set DATA_DIR to another directory, or set ${names} yourself.`,
    );
  }
}
