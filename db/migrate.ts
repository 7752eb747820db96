import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "drizzle-orm";
import { readMigrationFiles } from "drizzle-orm/migrator";
import type { Db } from "./client";
import { bounds, intervals } from "@/lib/core/policy";
import { row, rows } from "./rows";

/** Numbered SQL files: each `name.sql` has a down migration `name.down.sql`. */
const folder = path.join(/* turbopackIgnore: true */ process.cwd(), "db", "migrations");

interface Migration {
  readonly name: string;
  readonly madeAt: number;
  readonly hash: string;
  readonly statements: string[];
}

function migrations(): Migration[] {
  const journal = JSON.parse(readFileSync(path.join(folder, "meta", "_journal.json"), "utf8")) as {
    entries: { tag: string; when: number }[];
  };
  return readMigrationFiles({ migrationsFolder: folder }).map((file, index) => ({
    name: journal.entries[index]!.tag,
    madeAt: file.folderMillis,
    hash: file.hash,
    statements: file.sql,
  }));
}

/** A migration that was applied to a database. */
interface Applied {
  readonly madeAt: number;
  readonly hash: string;
}

/** A database cannot be migrated, or not be used by this release. The message says why. */
export class MigrationError extends Error {}

const table = sql`drizzle.__drizzle_migrations`;

async function appliedMigrations(db: Db): Promise<Applied[]> {
  const found = await row<{ name: string | null }>(
    db,
    sql`select to_regclass('drizzle.__drizzle_migrations')::text as name`,
  );
  if (!found?.name) return [];
  const applied = await rows<{ hash: string; made: string }>(
    db,
    sql`select hash, created_at::text as made from ${table} order by created_at`,
  );
  return applied.map(({ hash, made }) => ({ hash, madeAt: Number(made) }));
}

/** How the migrations of a database differ from those of this release. */
export interface MigrationState {
  /** The names of the migrations that have not been applied yet. */
  readonly pending: readonly string[];
  /** Descriptions of applied migrations that are newer than this release. */
  readonly unknown: readonly string[];
  /** Whether this release can run on those: the release that made them says so (X7). */
  readonly isTooNew: boolean;
}

export async function migrationState(db: Db): Promise<MigrationState> {
  const applied = await appliedMigrations(db);
  const all = migrations();
  const unknown = newerThan(all, applied);
  return {
    pending: pendingOf(all, applied).map(({ name }) => name),
    unknown: unknown.map(describe),
    isTooNew: unknown.length > 0 && !(await isCompatible(db, all)),
  };
}

/** The names of the migrations that have not been applied yet. */
export async function pendingMigrations(db: Db): Promise<string[]> {
  return pendingOf(migrations(), await appliedMigrations(db)).map(({ name }) => name);
}

function pendingOf(all: readonly Migration[], applied: readonly Applied[]): Migration[] {
  const times = new Set(applied.map(({ madeAt }) => madeAt));
  return all.filter(({ madeAt }) => !times.has(madeAt));
}

function newerThan(all: readonly Migration[], applied: readonly Applied[]): Applied[] {
  const newest = Math.max(...all.map(({ madeAt }) => madeAt));
  return applied.filter(({ madeAt }) => madeAt > newest);
}

const describe = ({ madeAt, hash }: Applied) =>
  `${new Date(madeAt).toISOString()} (hash ${hash.slice(0, 12)})`;

/** A release that knows this migration can run on the schema of this one (X7). */
const compatibleSince = "0005_standard_names";

/** Stored as the table's comment, which every role can read, whatever release it runs. */
const compatibility = (madeAt: number) =>
  `A release that knows the migration of ${madeAt} can run on this schema.`;

async function isCompatible(db: Db, all: readonly Migration[]): Promise<boolean> {
  const comment = await row<{ text: string | null }>(
    db,
    sql`select obj_description(to_regclass('drizzle.__drizzle_migrations'), 'pg_class') as text`,
  );
  return all.some(({ madeAt }) => comment?.text === compatibility(madeAt));
}

const refuseUnknown = (unknown: readonly string[], what: string) =>
  new MigrationError(
    `The database has a migration that this release does not know, made at ${unknown.join(" and ")}. ${what}`,
  );

// An arbitrary number, which every instance of every release must share.
const advisoryLock = 5_150_726;

export interface MigrateOptions {
  /** The last migration to apply; all by default. */
  readonly upTo?: string | undefined;
  /** Called when another instance holds the lock, and then once a minute while this one waits. */
  readonly onWait?: (() => void) | undefined;
}

/**
 * Applies the pending migrations and returns their names. All of them run in one transaction under an
 * advisory lock: instances that start together migrate once. Without pending ones it changes nothing
 * and needs no right to. The table of applied migrations is the one that drizzle-kit uses. Throws
 * `MigrationError`.
 */
export function migrateUp(db: Db, { upTo, onWait }: MigrateOptions = {}): Promise<string[]> {
  const apply = async (tx: Db) => {
    const { pending, unknown, isTooNew } = await migrationState(tx);
    if (isTooNew)
      throw refuseUnknown(
        unknown,
        "Run the release that made it, or take it back with that release's `npm run db:down`.",
      );
    const all = migrations();
    const last = upTo ? all.findIndex(({ name }) => name === upTo) : all.length - 1;
    const due = all.slice(0, last + 1).filter(({ name }) => pending.includes(name));
    if (due.length === 0) return [];
    await refuseOldPostgres(tx);
    await setForMigration(tx);
    await tx.execute(sql`create schema if not exists drizzle`);
    await tx.execute(
      sql`create table if not exists ${table} (id serial primary key, hash text not null, created_at bigint)`,
    );
    for (const { name, statements, hash, madeAt } of due) {
      await applying(name, async () => {
        for (const statement of statements) await tx.execute(sql.raw(statement));
      });
      await tx.execute(
        sql`insert into ${table} (hash, created_at) values (${hash}, ${madeAt}::bigint)`,
      );
    }
    const { madeAt } = all.find(({ name }) => name === compatibleSince)!;
    await tx.execute(
      sql.raw(`comment on table drizzle.__drizzle_migrations is '${compatibility(madeAt)}'`),
    );
    return due.map(({ name }) => name);
  };
  return underLock(db, apply, onWait);
}

/**
 * Reverts the newest applied migration and returns its name; null on an empty database. Throws
 * `MigrationError` when a newer release made it.
 */
export function migrateDown(
  db: Db,
  { onWait }: Pick<MigrateOptions, "onWait"> = {},
): Promise<string | null> {
  const revert = async (tx: Db) => {
    const all = migrations();
    const applied = await appliedMigrations(tx);
    const unknown = newerThan(all, applied);
    if (unknown.length > 0)
      throw refuseUnknown(
        unknown.map(describe),
        "Take it back with `npm run db:down` of the release that made it.",
      );
    const newest = Math.max(0, ...applied.map(({ madeAt }) => madeAt));
    const migration = all.find(({ madeAt }) => madeAt === newest);
    if (!migration) return null;
    await setForMigration(tx);
    const down = readFileSync(path.join(folder, `${migration.name}.down.sql`), "utf8");
    await applying(`${migration.name}.down`, async () => {
      for (const statement of down.split("--> statement-breakpoint"))
        await tx.execute(sql.raw(statement));
    });
    await tx.execute(sql`delete from ${table} where created_at = ${newest}::bigint`);
    return migration.name;
  };
  return underLock(db, revert, onWait);
}

/** Does work in a transaction that holds the lock. Waits for other instances as long as they take. */
async function underLock<T>(
  db: Db,
  work: (tx: Db) => Promise<T>,
  onWait: () => void = () => {},
): Promise<T> {
  let reportedAt = -Infinity;
  for (;;) {
    const done = await db.transaction(async (tx) => {
      const lock = await row<{ isOurs: boolean }>(
        tx,
        sql`select pg_try_advisory_xact_lock(${advisoryLock}::bigint) as "isOurs"`,
      );
      return lock?.isOurs ? { result: await work(tx) } : null;
    });
    if (done) return done.result;
    if (performance.now() - reportedAt >= intervals.migrationNotice * 1000) {
      reportedAt = performance.now();
      onWait();
    }
    await sleep(intervals.migrationPoll * 1000);
  }
}

/** For this transaction: a migration may take long, and its tables belong into one schema. */
async function setForMigration(tx: Db) {
  await tx.execute(sql`set local statement_timeout = 0`);
  await tx.execute(sql`set local search_path = public`);
}

async function refuseOldPostgres(tx: Db) {
  const server = await row<{ number: number; name: string }>(
    tx,
    sql`select current_setting('server_version_num')::int as number, current_setting('server_version') as name`,
  );
  if (server && server.number < bounds.oldestPostgres * 10_000)
    throw new MigrationError(
      `Latchkey needs Postgres ${bounds.oldestPostgres} or newer, and this is ${server.name}.`,
    );
}

async function applying(name: string, work: () => Promise<void>) {
  try {
    await work();
  } catch (cause) {
    throw new MigrationError(`The migration ${name} failed; nothing was changed.`, { cause });
  }
}
