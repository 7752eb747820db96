import { sql } from "drizzle-orm";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { migrateDown, migrateUp } from "@/db/migrate";
import { row } from "@/db/rows";
import { systemClock } from "@/lib/adapters/clock";
import { bounds } from "@/lib/core/policy";
import type { Clock } from "@/lib/runtime/ports";
import { openTestDatabase, postgresUrlOf, testEnv } from "@/test/support/world";
import { checkPostgres } from "./check-database";
import { findingOf } from "./findings";

/** What `npm run doctor` finds in a real Postgres. */

const { database, drop } = await openTestDatabase();
const { db } = database;
const url = await postgresUrlOf(db);
const name = url.pathname.slice(1);
const run = (statement: string) => db.execute(sql.raw(statement));

/** A role without rights of its own. */
const role = `doctor_${name}`;
await run(`create role ${role} login password 'secret'`);

await migrateUp(db);

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const one of undo.splice(0).reverse()) await one();
});
afterAll(async () => {
  await run(`drop owned by ${role}; drop role ${role}`);
  await database.close();
  await drop();
});

/** Runs a statement for this test, and the other one after it. */
async function temporarily(statement: string, back: string) {
  await run(statement);
  undo.push(() => run(back));
}

const asRole = () => {
  const own = new URL(url);
  own.username = role;
  own.password = "secret";
  return own.href;
};

async function look(vars: Record<string, string> = {}, clock: Clock = systemClock) {
  const found = await checkPostgres(testEnv({ DATABASE_URL: url.href, ...vars }), clock);
  return found.map((one) => findingOf(one, (text) => text));
}
const codesOf = async (...args: Parameters<typeof look>) =>
  (await look(...args)).map(({ code }) => code);

test("a migrated database that can be written to is ready", async () => {
  const version = await row<{ is: string }>(
    db,
    sql`select current_setting('server_version') as is`,
  );
  const findings = await look();
  expect(findings.map(({ code }) => code)).toEqual(["database_ready"]);
  expect(findings[0]!.sentence).toContain(version!.is.split(" ")[0]);
});

test("a database that refuses writes", async () => {
  await temporarily(
    `alter database ${name} set default_transaction_read_only = on`,
    `set default_transaction_read_only = off; alter database ${name} reset default_transaction_read_only`,
  );
  expect(await codesOf()).toEqual(["database_read_only"]);
});

test("a full disk", async () => {
  await temporarily(
    `create function no_space() returns event_trigger language plpgsql as
       $$ begin raise exception 'could not extend file' using errcode = '53100'; end $$;
     create event trigger no_space on ddl_command_start when tag in ('CREATE TABLE AS') execute function no_space()`,
    "drop event trigger no_space; drop function no_space()",
  );
  expect(await codesOf()).toEqual(["database_disk_full"]);
});

test("a clock that differs, by how much", async () => {
  const ahead = { now: () => new Date(systemClock.now().getTime() + 90_000) };
  const findings = await look({}, ahead);
  expect(findings.map(({ code }) => code)).toEqual(["database_ready", "clock_differs"]);
  expect(findings[1]!.sentence).toMatch(/ (89|90|91) seconds/);
});

test("fewer connections than a server opens", async () => {
  const most = bounds.databaseConnections;
  await run(`grant all on all tables in schema public to ${role}; grant usage on schema drizzle to ${role};
    grant select on all tables in schema drizzle to ${role}`);
  undo.push(() => run(`drop owned by ${role}`));
  const vars = { DATABASE_URL: asRole() };
  await temporarily(
    `alter role ${role} connection limit ${most - 1}`,
    `alter role ${role} connection limit -1`,
  );
  expect(await codesOf(vars)).toEqual(["database_ready", "connection_limit_low"]);
  await run(`alter role ${role} connection limit ${most}`);
  expect(await codesOf(vars)).toEqual(["database_ready"]);
});

test("a user who lacks rights on tables, named", async () => {
  await run(`grant usage on schema drizzle to ${role}; grant select on all tables in schema drizzle to ${role};
    grant all on all tables in schema public to ${role};
    revoke delete on sessions from ${role}; revoke update, delete on audit_events from ${role}`);
  undo.push(() => run(`drop owned by ${role}`));
  const findings = await look({ DATABASE_URL: asRole(), MIGRATE_DATABASE_URL: url.href });
  expect(findings.map(({ code }) => code)).toEqual(["table_rights_missing"]);
  expect(findings[0]!.sentence).toMatch(/: public\.sessions\.$/);
});

test("a user who may not read the list of migrations", async () => {
  await run(`grant all on all tables in schema public to ${role}`);
  undo.push(() => run(`drop owned by ${role}`));
  const findings = await look({ DATABASE_URL: asRole(), MIGRATE_DATABASE_URL: url.href });
  expect(findings.map(({ code }) => code)).toEqual(["table_rights_missing"]);
  expect(findings[0]!.sentence).toMatch(/: drizzle\.__drizzle_migrations\.$/);
});

test("an empty database, whose user may create tables or not", async () => {
  await temporarily(
    "alter schema public rename to away; alter schema drizzle rename to away_too; create schema public",
    "drop schema public; alter schema away rename to public; alter schema away_too rename to drizzle",
  );
  expect(await codesOf()).toEqual(["database_ready", "database_empty"]);
  expect(await codesOf({ DATABASE_URL: asRole() })).toEqual(["database_right_missing"]);
  await run("grant usage on schema public to public");
  expect(await codesOf({ DATABASE_URL: asRole() })).toEqual([
    "database_empty",
    "migration_right_missing",
  ]);
  expect(await codesOf({ MIGRATE_DATABASE_URL: asRole() })).toEqual([
    "database_ready",
    "database_empty",
    "migration_right_missing",
  ]);
});

test("pending migrations, by name", async () => {
  const newest = await migrateDown(db);
  undo.push(() => migrateUp(db));
  const [pending] = (await look()).filter(({ code }) => code === "migrations_pending");
  expect(pending).toMatchObject({ severity: "error" });
  expect(pending!.sentence).toContain(newest);
});

test("migrations of a newer release, which says whether this one can run on them", async () => {
  await temporarily(
    "insert into drizzle.__drizzle_migrations (hash, created_at) values (repeat('e', 64), 4102444800000)",
    "delete from drizzle.__drizzle_migrations where created_at = 4102444800000",
  );
  expect(await codesOf()).toEqual(["database_ready", "migrations_newer"]);
  const comment = await row<{ text: string }>(
    db,
    sql`select obj_description('drizzle.__drizzle_migrations'::regclass, 'pg_class') as text`,
  );
  await temporarily(
    "comment on table drizzle.__drizzle_migrations is 'another'",
    `comment on table drizzle.__drizzle_migrations is '${comment!.text}'`,
  );
  expect(await codesOf()).toEqual(["migrations_unknown"]);
});

test("a URL for migrations that leads to another database", async () => {
  const other = new URL(url);
  other.pathname = "postgres";
  expect(await codesOf({ MIGRATE_DATABASE_URL: other.href })).toEqual([
    "database_ready",
    "migrate_database_differs",
  ]);
});

test("a Postgres that is too old", async () => {
  const { oldestPostgres } = bounds;
  undo.push(() => Promise.resolve(Object.assign(bounds, { oldestPostgres })));
  Object.assign(bounds, { oldestPostgres: 99 });
  expect(await codesOf()).toEqual(["database_too_old"]);
});
