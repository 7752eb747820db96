import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { sql } from "drizzle-orm";
import { type Db, openDatabase } from "@/db/client";
import { migrateUp } from "@/db/migrate";
import { row } from "@/db/rows";
import { startChangeLog } from "./change-log";

/**
 * The content of a new database: nothing, or our tables and the triggers that record their changes.
 */
export type Contents = "empty" | "watched";

export async function fillDatabase(db: Db): Promise<void> {
  await migrateUp(db);
  await startChangeLog(db);
}

const migrations = path.join("db", "migrations");
const sources = [
  ...readdirSync(migrations, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.(sql|json)$/.test(file))
    .sort()
    .map((file) => path.join(migrations, file)),
  path.join("test", "support", "change-log.ts"),
];

/** The template's name changes with the tables; templates of other hashes are out of date. */
export const contentsHash = createHash("sha256")
  .update(sources.map((file) => readFileSync(file, "utf8")).join("\0"))
  .digest("hex")
  .slice(0, 16);

/**
 * Creates a database on a cluster as a copy of a template, which takes a tenth of the time of
 * migrating it. The first process creates the template for all.
 */
export async function createDatabase(
  cluster: string,
  name: string,
  contents: Contents,
): Promise<{ url: string; drop: () => Promise<void> }> {
  await onCluster(cluster, async (db) => {
    const template = contents === "empty" ? "template0" : await templateOf(cluster, db);
    // The other strategy writes every page twice; copying files is fast without waiting for disks.
    await db.execute(sql.raw(`create database ${name} template ${template} strategy file_copy`));
  });
  return {
    url: urlOf(cluster, name),
    drop: () =>
      onCluster(cluster, async (db) => {
        await db.execute(sql.raw(`drop database ${name} with (force)`));
      }),
  };
}

// Any number will do, if all tests use the same one.
const templateLock = 5_150_727;

async function templateOf(cluster: string, db: Db): Promise<string> {
  const name = `template_${contentsHash}`;
  await db.execute(sql`select pg_advisory_lock(${templateLock}::bigint)`);
  if (!(await row(db, sql`select from pg_database where datname = ${name}`))) {
    // Renamed at the end: a partial one must not be used.
    const draft = `${name}_draft`;
    await db.execute(sql.raw(`drop database if exists ${draft} with (force)`));
    await db.execute(sql.raw(`create database ${draft}`));
    const url = urlOf(cluster, draft);
    const { db: empty, close } = await openDatabase({ url, directory: "", connections: 1 });
    await fillDatabase(empty).finally(close);
    await db.execute(sql.raw(`alter database ${draft} rename to ${name}`));
  }
  await db.execute(sql`select pg_advisory_unlock(${templateLock}::bigint)`);
  return name;
}

function urlOf(cluster: string, name: string) {
  const url = new URL(cluster);
  url.pathname = name;
  return url.href;
}

async function onCluster(url: string, act: (db: Db) => Promise<void>): Promise<void> {
  const { db, close } = await openDatabase({ url, directory: "", connections: 1 });
  try {
    // On a busy machine a database may take longer than a request may.
    await db.execute(sql`set statement_timeout = 0`);
    await act(db);
  } finally {
    await close();
  }
}
