import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import path from "node:path";
import type { Logger } from "drizzle-orm";
import { lockDirectory } from "./lock";
import * as schema from "./schema";

/** The embedded database cannot be used. The message says why, and what to do. */
export class EmbeddedDatabaseError extends Error {}

export interface PgliteOptions {
  /** The directory of the database; "memory" for tests. */
  readonly directory: string;
  readonly logger?: Logger | undefined;
  /** Reports that the engine has failed, before the process ends. Prints the error by default. */
  readonly onFailure?: ((error: EmbeddedDatabaseError) => void) | undefined;
  /** Receives what an administrator should know about the directory. */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/**
 * Opens the embedded database and locks its directory for this process. Throws `DirectoryLockedError`
 * when another process uses it, and `EmbeddedDatabaseError` when its files cannot be used.
 *
 * An engine that failed (PANIC or FATAL) never returns from its next query and blocks the process, so
 * the process ends at once with exit code 1.
 */
export async function openPglite(options: PgliteOptions) {
  const { directory, logger, onFailure = print, onWarning = () => {} } = options;
  const memory = directory === "memory";
  const unlock = memory ? () => {} : await prepareAndLock(directory, onWarning);
  let state: "opening" | "open" | "closed" = "opening";
  let failure: string | undefined;
  const onStderr = (output: string) => {
    const [, reason] = /(?:FATAL|PANIC): {2}(.*)/.exec(output) ?? [];
    failure = reason ?? failure;
    if (!reason || state !== "open") return true;
    onFailure(errorOf(`The embedded database in ${directory} has stopped`, reason));
    return process.exit(1);
  };
  try {
    const client = await (memory ? start() : openFiles(directory, onStderr));
    const { drizzle } = await import("drizzle-orm/pglite");
    state = "open";
    return {
      db: drizzle(client, { schema, ...(logger && { logger }) }),
      kind: "pglite" as const,
      poolUse: () => null,
      close: async () => {
        state = "closed";
        await client.close();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    if (error instanceof EmbeddedDatabaseError) throw error;
    throw errorOf(
      `The embedded database in ${directory} cannot be opened`,
      failure ?? reasonOf(error),
      error,
    );
  }
}

const print = ({ message }: Error) => void process.stderr.write(`${message}\n`);

async function start(files?: string, onStderr?: (output: string) => boolean) {
  const { PGlite } = await import("@electric-sql/pglite");
  const client = new PGlite(files, onStderr && { onStderr });
  await client.waitReady;
  return client;
}

/**
 * PGlite writes a new database over any files without `PG_VERSION`. So this creates one only where
 * there are no files, under another name until it is complete.
 */
async function openFiles(directory: string, onStderr: (output: string) => boolean) {
  const files = path.join(directory, "pglite");
  if (!existsSync(files) || readdirSync(files).length === 0) {
    const draft = `${files}.new`;
    rmSync(draft, { recursive: true, force: true });
    await (await start(draft, onStderr)).close();
    rmSync(files, { recursive: true, force: true });
    renameSync(draft, files);
  }
  const faults = faultsOf(files);
  if (faults.length > 0)
    throw new EmbeddedDatabaseError(
      `The embedded database in ${directory} is incomplete: ${faults.join(", ")}. Nothing was changed. Restore the whole directory from a backup. To start with an empty database, move ${files} away.`,
    );
  return start(files, onStderr);
}

const errorOf = (what: string, reason: string, cause?: unknown) =>
  new EmbeddedDatabaseError(`${what}: ${reason}. ${whatToDo(reason)}`, { cause });

/** Emscripten's file system throws objects without a message; their numbers are those of WASI. */
const wasiErrors: Readonly<Record<number, string>> = {
  2: "Permission denied",
  19: "Disk quota exceeded",
  51: "No space left on device",
  63: "Permission denied",
  69: "Read-only file system",
};

function reasonOf(error: unknown): string {
  if (error instanceof Error && error.message) return error.message;
  const { errno } = error as { errno?: number };
  return (errno !== undefined && wasiErrors[errno]) || `error ${errno ?? String(error)}`;
}

/** What an administrator can do. Only files of another version are a reason to start with new ones. */
function whatToDo(reason: string) {
  if (/no space left|ENOSPC|disk quota|EDQUOT/i.test(reason))
    return "Its disk is full. Free at least 64 MB there, and inodes if there are none, and start Latchkey again. The data is kept.";
  if (/incompatible with server/.test(reason))
    return "Another major version of PGlite wrote these files. Export the data with that version, or move the directory away to start with an empty database.";
  if (/permission denied|EACCES|EPERM|EROFS|read-only/i.test(reason))
    return "Let the user that runs Latchkey read and write the directory, and start Latchkey again.";
  if (/EEXIST|ENOTDIR/.test(reason)) return "DATA_DIR must be a directory.";
  return "Start Latchkey again. If it fails again, restore the whole directory from a backup.";
}

async function prepareAndLock(directory: string, onWarning: (message: string) => void) {
  try {
    preparePrivate(directory, onWarning);
    return await lockDirectory(directory);
  } catch (error) {
    if (!(error instanceof Error && "syscall" in error)) throw error;
    throw errorOf(`The directory ${directory} cannot be used`, error.message, error);
  }
}

/** Other users of this machine get no access, where this user may take it from them. */
function preparePrivate(directory: string, onWarning: (message: string) => void) {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if ((statSync(directory).mode & 0o077) === 0) return;
  try {
    chmodSync(directory, 0o700);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
    onWarning(
      `${directory} belongs to another user, so its access rights stay as they are. Other users may be able to read it; the right mode is 0700.`,
    );
  }
}

const parts = [
  "PG_VERSION",
  "base",
  "global",
  "global/pg_control",
  "pg_multixact",
  "pg_wal",
  "pg_xact",
  "postgresql.conf",
];

/** Postgres always creates a WAL segment in full size. */
const walSegmentBytes = 16 * 1024 * 1024;

/** What is missing or truncated among the files of a database, in words. */
function faultsOf(files: string): string[] {
  const missing = parts.filter((part) => !existsSync(path.join(files, part)));
  if (missing.length > 0) return missing.map((part) => `${part} is missing`);
  const wal = path.join(files, "pg_wal");
  const segments = readdirSync(wal).filter((name) => /^[0-9A-F]{24}$/.test(name));
  if (segments.length === 0) return ["pg_wal has no segment"];
  return segments
    .filter((name) => statSync(path.join(wal, name)).size !== walSegmentBytes)
    .map((name) => `pg_wal/${name} is truncated`);
}
