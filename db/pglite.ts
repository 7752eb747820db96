import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
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
  /** Called before the process ends because the engine has failed. */
  readonly onFailure?: ((error: EmbeddedDatabaseError) => void) | undefined;
}

/**
 * Opens the embedded database and locks its directory for this process. Throws `DirectoryLockedError`
 * when another process uses it, and `EmbeddedDatabaseError` when its files cannot be used.
 *
 * An engine that failed (PANIC or FATAL) never returns from its next query and blocks the process, so
 * the process ends at once with exit code 1.
 */
export async function openPglite({ directory, logger, onFailure }: PgliteOptions) {
  const [{ PGlite }, { drizzle }] = await Promise.all([
    import("@electric-sql/pglite"),
    import("drizzle-orm/pglite"),
  ]);
  const memory = directory === "memory";
  const unlock = memory ? () => {} : await lockDirectory(preparePrivate(directory));
  const files = path.join(directory, "pglite");
  let state: "opening" | "open" | "closed" = "opening";
  let reason = "";
  const onStderr = (output: string) => {
    const [, failure] = /(?:FATAL|PANIC): {2}(.*)/.exec(output) ?? [];
    if (!failure || state === "closed") return true;
    reason = failure;
    if (state === "opening") return true;
    const error = new EmbeddedDatabaseError(
      `The embedded database in ${directory} has stopped: ${reason}. ${whatToDo(reason)}`,
    );
    onFailure?.(error);
    process.stderr.write(`${error.message}\n`);
    return process.exit(1);
  };
  try {
    const finishCreation = memory ? () => {} : beginCreation(directory, files);
    const client = memory ? new PGlite() : new PGlite(files, { onStderr });
    await client.waitReady;
    finishCreation();
    state = "open";
    return {
      db: drizzle(client, { schema, ...(logger && { logger }) }),
      kind: "pglite" as const,
      close: async () => {
        state = "closed";
        await client.close();
        unlock();
      },
    };
  } catch (error) {
    state = "closed";
    unlock();
    if (error instanceof EmbeddedDatabaseError) throw error;
    reason ||= error instanceof Error ? error.message : String(error);
    throw new EmbeddedDatabaseError(
      `The embedded database in ${directory} cannot be opened: ${reason}. ${whatToDo(reason)}`,
      { cause: error },
    );
  }
}

/** What an administrator can do. Only files of another version are a reason to start with new ones. */
function whatToDo(reason: string) {
  if (/no space left|ENOSPC|disk quota|EDQUOT/i.test(reason))
    return "Its disk is full. Free at least 64 MB there, and start Latchkey again. The data is kept.";
  if (/incompatible with server/.test(reason))
    return "Another major version of PGlite wrote these files. Export the data with that version, or move the directory away to start with an empty database.";
  if (/permission denied|EACCES|EROFS|read-only/i.test(reason))
    return "Let the user that runs Latchkey read and write the directory, and start Latchkey again.";
  return "Start Latchkey again. If it fails again, restore the whole directory from a backup.";
}

function preparePrivate(directory: string) {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  chmodSync(directory, 0o700);
  return directory;
}

/**
 * PGlite writes a new database over any files without `PG_VERSION`. So this lets it create one only in
 * an empty directory, and throws `EmbeddedDatabaseError` for a directory that is neither empty nor
 * whole. A creation that was interrupted has left its mark, and starts again. Returns a function to
 * call when the database is created.
 */
function beginCreation(directory: string, files: string): () => void {
  const mark = path.join(directory, "pglite.creating");
  const finish = () => rmSync(mark, { force: true });
  if (existsSync(mark)) rmSync(files, { recursive: true, force: true });
  if (!existsSync(files) || readdirSync(files).length === 0) {
    writeFileSync(mark, "The embedded database is being created. It has no data yet.\n");
    return finish;
  }
  const faults = faultsOf(files);
  if (faults.length > 0)
    throw new EmbeddedDatabaseError(
      `The embedded database in ${directory} is not whole: ${faults.join(", ")}. Nothing was changed. Restore the whole directory from a backup. To start with an empty database, move ${files} away.`,
    );
  return finish;
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

/** Bytes of a WAL segment, which Postgres always creates in full size. */
const walSegment = 16 * 1024 * 1024;

/** What is missing or cut among the files of a database, in words. */
function faultsOf(files: string): string[] {
  const missing = parts.filter((part) => !existsSync(path.join(files, part)));
  if (missing.length > 0) return missing.map((part) => `${part} is missing`);
  const wal = path.join(files, "pg_wal");
  const segments = readdirSync(wal).filter((name) => /^[0-9A-F]{24}$/.test(name));
  if (segments.length === 0) return ["pg_wal has no segment"];
  return segments
    .filter((name) => statSync(path.join(wal, name)).size !== walSegment)
    .map((name) => `pg_wal/${name} is cut`);
}
