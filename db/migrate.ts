import { readFileSync } from "node:fs";
import path from "node:path";
import { sql } from "drizzle-orm";
import { readMigrationFiles } from "drizzle-orm/migrator";
import type { Db } from "./client";
import { row } from "./rows";

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

/** The creation time of the newest applied migration, in milliseconds; 0 on an empty database. */
async function newestApplied(db: Db): Promise<number> {
  const table = await row<{ name: string | null }>(
    db,
    sql`select to_regclass('drizzle.__drizzle_migrations')::text as name`,
  );
  if (!table?.name) return 0;
  const applied = await row<{ newest: string | null }>(
    db,
    sql`select max(created_at)::text as newest from drizzle.__drizzle_migrations`,
  );
  return Number(applied?.newest ?? 0);
}

/** The names of the migrations that have not been applied yet. */
export async function pendingMigrations(db: Db): Promise<string[]> {
  const newest = await newestApplied(db);
  return migrations()
    .filter(({ madeAt }) => madeAt > newest)
    .map(({ name }) => name);
}

// An arbitrary number, which every instance of every release must share.
const advisoryLock = 5_150_726;

/**
 * Applies the pending migrations, at most `upTo` a named one, and returns their names. All of them
 * run in one transaction under an advisory lock: instances that start together migrate once. The
 * table of applied migrations is the one that drizzle-kit uses.
 */
export function migrateUp(db: Db, upTo?: string): Promise<string[]> {
  return db.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(${advisoryLock}::bigint)`);
    await tx.execute(sql`set local statement_timeout = 0`);
    await tx.execute(sql`create schema if not exists drizzle`);
    await tx.execute(
      sql`create table if not exists drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)`,
    );
    const newest = await newestApplied(tx);
    const all = migrations();
    const last = upTo ? all.findIndex(({ name }) => name === upTo) : all.length - 1;
    const due = all.slice(0, last + 1).filter(({ madeAt }) => madeAt > newest);
    for (const { statements, hash, madeAt } of due) {
      for (const statement of statements) await tx.execute(sql.raw(statement));
      await tx.execute(
        sql`insert into drizzle.__drizzle_migrations (hash, created_at) values (${hash}, ${madeAt}::bigint)`,
      );
    }
    return due.map(({ name }) => name);
  });
}

/** Reverts the newest applied migration and returns its name; null on an empty database. */
export function migrateDown(db: Db): Promise<string | null> {
  return db.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(${advisoryLock}::bigint)`);
    await tx.execute(sql`set local statement_timeout = 0`);
    const newest = await newestApplied(tx);
    const migration = migrations().find(({ madeAt }) => madeAt === newest);
    if (!migration) return null;
    const down = readFileSync(path.join(folder, `${migration.name}.down.sql`), "utf8");
    for (const statement of down.split("--> statement-breakpoint"))
      await tx.execute(sql.raw(statement));
    await tx.execute(
      sql`delete from drizzle.__drizzle_migrations where created_at = ${newest}::bigint`,
    );
    return migration.name;
  });
}
