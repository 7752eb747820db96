import { sql } from "drizzle-orm";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { openTestDatabase } from "@/test/support/world";
import { openMemory } from "@/test/support/pglite";
import type { Db } from "./client";
import { copyDatabase } from "./copy";
import { migrateDown, migrateUp } from "./migrate";
import { row, rows } from "./rows";
import { seed } from "./seed";

/** `npm run db:copy`, from an embedded database to a Postgres. */

const embedded = await openMemory("empty");
const { database: postgres, drop } = await openTestDatabase();
const [source, target] = [embedded.db, postgres.db];

const run = (db: Db, statement: string) => db.execute(sql.raw(statement));

/** Puts rows into every table, with values that a conversion could lose. */
async function fill(db: Db) {
  await seed(db);
  await run(
    db,
    `insert into users (email, email_verified_at, created_at)
     values ('grüße"\\''@example.com', '2026-01-02 03:04:05.678901+00', 'infinity')`,
  );
  await run(
    db,
    `insert into sessions (token_digest, user_id, method, browser, idle_seconds, ends_at)
     select email || n, id, 'magic_link', E'Fire\\nfox \\\\ "😀"', n, now() from users, generate_series(1, 150) n`,
  );
  await run(db, `insert into known_devices (device_digest, user_id) select email, id from users`);
  await run(
    db,
    `insert into email_changes (user_id, old_email, new_email, effective_at, reserved_until)
     select id, 'old@example.com', email, now(), now() from users limit 1`,
  );
  await run(
    db,
    `insert into verifications (purpose, identifier, token_digest, code_hash, browser, next, expires_at,
       code_expires_at, requesting_browser_digest, is_decoy, from_known_device, remember, limit_hits)
     values ('magic_link', 'ada@example.com', 'd', 'h', '', '/', now(), now(), 'b', true, false, true,
       '[{"rule": "r", "hit": "1764450000000000:0", "n": 12345678901234567890.5}]')`,
  );
  await run(
    db,
    `insert into oauth_attempts (token_digest, provider, remember, next, expires_at) values ('t', 'google', false, '', now())`,
  );
  await run(
    db,
    `insert into outbox (kind, to_address, state, payload) values ('magic_link', 'ada@example.com', 'queued', 'x')`,
  );
  await run(
    db,
    `insert into limits (rule, key_hash, hits, granted, expires_at)
     values ('r', 'k', array[now(), now() - interval '1 microsecond'], true, now()), ('r', 'l', '{}', false, now())`,
  );
  // Numbers with gaps, as rolled back transactions leave them.
  await run(db, `select nextval('audit_events_id_seq')`);
  await run(
    db,
    `insert into audit_events (event, outcome, request_id) select 'a.b', 'ok', n::text from generate_series(1, 3) n`,
  );
  await run(
    db,
    `insert into audit_seals (place, event_id, seal) select row_number() over (order by id), id, 's' from audit_events`,
  );
  await run(db, `insert into audit_checkpoints (place, seal, signature) values (0, 's', 't')`);
  await run(
    db,
    `insert into audit_event_details (event_id, ip) select id, '::1' from audit_events`,
  );
  await run(
    db,
    `insert into audit_counts (event, outcome, key_hash, hour) values ('a.b', 'no', 'k', now())`,
  );
}

/** Every row of every table as text. */
async function contents(db: Db) {
  await run(db, "set timezone = 'UTC'");
  const tables = await rows<{ name: string }>(
    db,
    sql`select tablename as name from pg_tables where schemaname = 'public' order by 1`,
  );
  const all: Record<string, unknown[]> = {};
  for (const { name } of tables)
    all[name] = await rows(
      db,
      sql`select to_jsonb(t)::text as row from ${sql.identifier(name)} t order by 1`,
    );
  return all;
}

const empty = async (db: Db) => {
  for (const statement of [
    "drop schema if exists drizzle cascade",
    "drop schema public cascade",
    "create schema public",
  ])
    await run(db, statement);
};

let original: Awaited<ReturnType<typeof contents>>;

async function makeSource() {
  await empty(source);
  await migrateUp(source);
  await fill(source);
  original = await contents(source);
}

beforeAll(makeSource);
beforeEach(() => empty(target));
afterEach(async () => {
  vi.restoreAllMocks();
  expect(await contents(source)).toEqual(original);
});
afterAll(async () => {
  await Promise.all([embedded.close(), postgres.close()]);
  await drop();
});

test("copies the rows of every table, of audit events too, and counts them", async () => {
  const copied = await copyDatabase(source, target);
  const counts = Object.entries(original).map(([name, { length }]) => [name, length]);
  expect(counts.filter(([, length]) => length === 0)).toEqual([]);
  expect(Object.fromEntries(copied.map((table) => [table.name, table.rows]))).toEqual(
    Object.fromEntries(counts),
  );
  expect(await contents(target)).toEqual(original);
});

test("the copy goes on where the original stopped: numbers, triggers, migrations", async () => {
  await copyDatabase(source, target);
  const highest = await row<{ id: number }>(
    target,
    sql`select max(id)::int as id from audit_events`,
  );
  const next = await row<{ id: number }>(
    target,
    sql`insert into audit_events (event, outcome, request_id) values ('c.d', 'ok', '') returning id::int`,
  );
  expect(next!.id).toBe(highest!.id + 1);
  await expect(run(target, "delete from audit_events")).rejects.toThrow();
  expect(await migrateUp(target)).toEqual([]);
});

test("copies into a database that a start has migrated and nobody has used, without its generated columns", async () => {
  await migrateUp(target);
  const add = `alter table outbox add column shown text generated always as (upper(kind)) stored`;
  await run(target, add);
  await run(source, add);
  try {
    await copyDatabase(source, target);
    expect(await row(target, sql`select shown from outbox`)).toEqual({ shown: "MAGIC_LINK" });
  } finally {
    await run(source, "alter table outbox drop column shown");
  }
});

test.each([
  [
    "has a row",
    async () => {
      await migrateUp(target);
      await run(target, "insert into users (email) values ('leo@example.com')");
    },
    /not empty.* users/,
  ],
  [
    "has another program's table",
    () => run(target, "create table orders (id int)"),
    /tables of another program: orders/,
  ],
])("refuses a target that %s, and changes nothing there", async (_, prepare, message) => {
  await prepare();
  const before = await contents(target);
  await expect(copyDatabase(source, target)).rejects.toThrow(message);
  expect(await contents(target)).toEqual(before);
});

test.each([
  [
    "lacks a migration",
    () => migrateDown(source),
    // The tables of the last migration are gone, with their rows.
    makeSource,
    /lacks migrations of this release: \d{4}_/,
  ],
  [
    "has a migration of a newer release",
    () =>
      run(
        source,
        `insert into drizzle.__drizzle_migrations (hash, created_at) values ('${"e".repeat(64)}', 4102444800000)`,
      ),
    () => run(source, "delete from drizzle.__drizzle_migrations where created_at = 4102444800000"),
    /does not know, made at 2100/,
  ],
  [
    "has a table of its own",
    () => run(source, "create table orders (id int)"),
    () => run(source, "drop table orders"),
    /no migration of this release creates: orders/,
  ],
])("refuses a source that %s, and leaves the target empty", async (_, change, restore, message) => {
  await change();
  try {
    await expect(copyDatabase(source, target)).rejects.toThrow(message);
    expect(await contents(target)).toEqual({});
  } finally {
    await restore();
  }
});

test.each([
  ["loses a row", "return null"],
  ["changes a value", "new.kind := 'other'; return new"],
  ["refuses a row", "raise exception 'no'"],
])("leaves the target as it was when it %s", async (_, body) => {
  await migrateUp(target);
  await run(
    target,
    `create function spoil() returns trigger language plpgsql as $$ begin ${body}; end $$`,
  );
  await run(
    target,
    "create trigger spoil before insert on outbox for each row execute function spoil()",
  );
  await expect(copyDatabase(source, target)).rejects.toThrow();
  expect(Object.values(await contents(target)).flat()).toEqual([]);
});
