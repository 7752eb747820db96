import { sql } from "drizzle-orm";
import { bounds } from "@/lib/core/policy";
import type { Db } from "./client";
import { migrateUp, migrationState } from "./migrate";
import { row, rows } from "./rows";

/** A database cannot be copied. The message says why. */
export class CopyError extends Error {}

/** A copied table with its number of rows. */
export interface CopiedTable {
  readonly name: string;
  readonly rows: number;
}

/**
 * Copies every row of `source` into the empty database `target`, in one transaction there: on an error
 * the target stays as it was. The source is read in one read-only transaction, so that the copy is of
 * one moment. Holds `bounds.copyBatch` rows in memory at once. Compares the number of rows and a
 * checksum of each table at the end. Throws `CopyError`, and `MigrationError` where the target has
 * migrations of a newer release.
 */
export function copyDatabase(source: Db, target: Db): Promise<CopiedTable[]> {
  return source.transaction(
    async (from) => {
      await prepareSession(from);
      await refuseOtherSchema(from);
      return target.transaction(async (to) => {
        await prepareSession(to);
        await refuseForeignTables(to);
        await migrateUp(to);
        const tables = await tablesInOrder(to);
        await refuseRows(to, tables);
        await refuseUnknownTables(from, tables);
        const copied: CopiedTable[] = [];
        for (const table of tables) {
          await copyRows(from, to, table);
          copied.push({ name: table, rows: await compare(from, to, table) });
        }
        await copySequences(from, to);
        return copied;
      });
    },
    { isolationLevel: "repeatable read", accessMode: "read only" },
  );
}

/** Both sides have to format a time as the same text. */
const prepareSession = (tx: Db) => tx.execute(sql`set local timezone = 'UTC'`);

/** The target gets the tables of this release, so those of the source must be the same. */
async function refuseOtherSchema(from: Db) {
  const { pending, unknown } = await migrationState(from);
  if (pending.length > 0)
    throw new CopyError(
      `The database to copy lacks migrations of this release: ${pending.join(", ")}. Apply them first with \`npm run db:migrate\`.`,
    );
  if (unknown.length > 0)
    throw new CopyError(
      `The database to copy has a migration that this release does not know, made at ${unknown.join(" and ")}. Copy it with the release that made it.`,
    );
}

const namesOf = async (tx: Db, schemas: string[]) =>
  (
    await rows<{ name: string }>(
      tx,
      sql`select tablename as name from pg_tables
        where schemaname in (${sql.join(
          schemas.map((one) => sql`${one}`),
          sql`, `,
        )}) order by 1`,
    )
  ).map(({ name }) => name);

/** Before our tables are created: any table is of somebody else. */
async function refuseForeignTables(to: Db) {
  const names = await namesOf(to, ["public", "drizzle"]);
  if (names.length > 0 && !names.includes("__drizzle_migrations"))
    throw new CopyError(
      `The target has tables of another program: ${names.join(", ")}. Create an empty database for the copy.`,
    );
}

async function refuseRows(to: Db, tables: readonly string[]) {
  const filled: string[] = [];
  for (const table of tables)
    if (await row(to, sql`select 1 from ${sql.identifier(table)} limit 1`)) filled.push(table);
  if (filled.length > 0)
    throw new CopyError(
      `The target is not empty. It has rows in ${filled.join(", ")}. Create an empty database for the copy.`,
    );
}

async function refuseUnknownTables(from: Db, tables: readonly string[]) {
  const extra = (await namesOf(from, ["public"])).filter((name) => !tables.includes(name));
  if (extra.length > 0)
    throw new CopyError(
      `The database to copy has tables that no migration of this release creates: ${extra.join(", ")}. Move them to another schema, or add a migration for them.`,
    );
}

/** The tables of the target; each after those that its foreign keys lead to. */
async function tablesInOrder(to: Db): Promise<string[]> {
  const keys = await rows<{ child: string; parent: string }>(
    to,
    sql`select child.relname as child, parent.relname as parent from pg_constraint c
      join pg_class child on child.oid = c.conrelid join pg_class parent on parent.oid = c.confrelid
      where c.contype = 'f' and child.relnamespace = 'public'::regnamespace and child.oid <> parent.oid`,
  );
  const left = new Set(await namesOf(to, ["public"]));
  const ordered: string[] = [];
  while (left.size > 0) {
    const free = [...left].filter(
      (name) => !keys.some(({ child, parent }) => child === name && left.has(parent)),
    );
    if (free.length === 0)
      throw new CopyError(`The foreign keys of ${[...left].join(", ")} lead in a circle.`);
    for (const name of free) left.delete(name);
    ordered.push(...free);
  }
  return ordered;
}

/** As JSON, which keeps every digit, the order of arrays and null, and needs no code for each type. */
async function copyRows(from: Db, to: Db, table: string) {
  const name = sql.identifier(table);
  const columns = sql.join(await columnsOf(to, table), sql`, `);
  const cursor = sql.identifier(`copy_of_${table}`);
  await from.execute(
    sql`declare ${cursor} no scroll cursor for select row_to_json(t)::text as json from ${name} t`,
  );
  for (;;) {
    const batch = await rows<{ json: string }>(
      from,
      sql`fetch ${sql.raw(String(bounds.copyBatch))} from ${cursor}`,
    );
    if (batch.length === 0) break;
    const json = `[${batch.map((one) => one.json).join()}]`;
    await to.execute(
      sql`insert into ${name} (${columns}) overriding system value
        select ${columns} from json_populate_recordset(null::${name}, ${json}::text::json)`,
    );
  }
  await from.execute(sql`close ${cursor}`);
}

/** Without generated columns, which Postgres computes itself. */
const columnsOf = async (to: Db, table: string) =>
  (
    await rows<{ name: string }>(
      to,
      sql`select column_name as name from information_schema.columns
        where table_schema = 'public' and table_name = ${table} and is_generated = 'NEVER'
        order by ordinal_position`,
    )
  ).map(({ name }) => sql.identifier(name));

interface Sum {
  readonly rows: number;
  readonly checksum: string;
}

/** The sum of a hash of each row, so that neither the order of rows nor that of columns matters. */
const sumOf = async (tx: Db, table: string) =>
  (await row<Sum>(
    tx,
    sql`select count(*)::int as rows, coalesce(sum(('x' || left(encode(
        sha256(convert_to(to_jsonb(t)::text, 'UTF8')), 'hex'), 15))::bit(60)::bigint), 0)::text as checksum
      from ${sql.identifier(table)} t`,
  ))!;

/** Returns the number of rows. */
async function compare(from: Db, to: Db, table: string): Promise<number> {
  const [before, after] = [await sumOf(from, table), await sumOf(to, table)];
  if (before.rows !== after.rows)
    throw new CopyError(
      `The copy of ${table} has ${after.rows} rows instead of ${before.rows}. Nothing was copied.`,
    );
  if (before.checksum !== after.checksum)
    throw new CopyError(`The copy of ${table} differs from the original. Nothing was copied.`);
  return after.rows;
}

/** So that the next row gets the next number. */
async function copySequences(from: Db, to: Db) {
  const names = await rows<{ name: string }>(
    to,
    sql`select sequencename as name from pg_sequences where schemaname = 'public'`,
  );
  for (const { name } of names) {
    const state = await row<{ last: string; called: boolean }>(
      from,
      sql`select last_value::text as last, is_called as called from ${sql.identifier(name)}`,
    );
    if (!state) throw new CopyError(`The database to copy has no sequence ${name}.`);
    await to.execute(
      sql`select setval(${`public."${name}"`}::regclass, ${state.last}::bigint, ${state.called}::boolean)`,
    );
  }
}
