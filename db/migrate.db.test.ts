import { sql } from "drizzle-orm";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { recordPasswordSignIn } from "@/lib/store/passwords";
import { openTestDatabase } from "@/test/support/world";
import type { Db } from "./client";
import { migrateDown, migrateUp } from "./migrate";
import { row, rows } from "./rows";

const { database, drop, another } = await openTestDatabase();
const { db, pending } = database;

afterEach(async () => {
  await db.execute(sql`drop schema if exists drizzle cascade`);
  await db.execute(sql`drop schema public cascade`);
  await db.execute(sql`create schema public`);
});
afterAll(async () => {
  await database.close();
  await drop();
});

/** Tables, columns, indexes, constraints, functions and triggers of the app, as text. */
const schemaOf = async (db: Db) =>
  (
    await rows<{ definition: string }>(
      db,
      sql`select format('column %s.%s %s %s %s', table_name, column_name, data_type, is_nullable, column_default) as definition
            from information_schema.columns where table_schema = 'public'
          union all select indexdef from pg_indexes where schemaname = 'public'
          union all select format('constraint %s %s', conrelid::regclass, pg_get_constraintdef(oid))
            from pg_constraint where connamespace = 'public'::regnamespace
          union all select pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
          union all select pg_get_functiondef(oid) from pg_proc where pronamespace = 'public'::regnamespace
          order by 1`,
    )
  ).map(({ definition }) => definition);

/** At least one row of every table. */
const seed = async (db: Db) => {
  await db.execute(
    sql`insert into users (email, email_verified_at) values ('ada@example.com', now()), ('leo@example.com', null)`,
  );
  await db.execute(
    sql`insert into auth_providers (user_id, provider) select id, 'magic_link' from users`,
  );
  await db.execute(sql`insert into sessions (token_digest, user_id, method, browser, idle_seconds, ends_at)
    select email, id, 'magic_link', 'Firefox', 60, now() from users`);
  await db.execute(
    sql`insert into known_devices (device_digest, user_id) select email, id from users`,
  );
  await db.execute(sql`insert into verifications (purpose, identifier, token_digest, code_hash, requesting_browser_digest, browser,
      is_decoy, from_known_device, keep, next, receipt, expires_at, code_expires_at)
    values ('magic_link', 'ada@example.com', 'd', 'h', 'b', 'Firefox', false, false, false, '', '', now(), now())`);
  await db.execute(
    sql`insert into outbox (kind, to_address, state, payload) values ('magic_link', 'ada@example.com', 'queued', 'x')`,
  );
  await db.execute(
    sql`insert into limits (rule, key_hash, hits, granted, expires_at) values ('r', 'k', array[now()], true, now())`,
  );
  await db.execute(sql`with e as (insert into audit_events (event, outcome, request_id) values ('a.b', 'ok', 'r') returning id)
    insert into audit_event_details (event_id) select id from e`);
  await db.execute(
    sql`insert into audit_counts (event, outcome, key_hash, hour) values ('a.b', 'no', 'k', now())`,
  );
};

const contents = async (db: Db) => {
  const tables = await rows<{ name: string }>(
    db,
    sql`select tablename as name from pg_tables where schemaname = 'public' order by 1`,
  );
  const all: Record<string, unknown> = {};
  for (const { name } of tables)
    all[name] = await rows(
      db,
      sql`select to_jsonb(t) as row from ${sql.identifier(name)} t order by 1`,
    );
  return all;
};

/** Rolls back every migration, and returns the names in the order of the rollback. */
const allTheWayDown = async (db: Db) => {
  const rolledBack: string[] = [];
  for (let name = await migrateDown(db); name; name = await migrateDown(db)) rolledBack.push(name);
  return rolledBack;
};

test("up, seed, down, up gives the same schema twice, and an empty one in between (X7)", async () => {
  const names = await pending();
  expect(names[0]).toBe("0000_first");
  expect(await migrateUp(db)).toEqual(names);
  expect(await pending()).toEqual([]);
  const first = await schemaOf(db);
  await seed(db);
  expect(await allTheWayDown(db)).toEqual(names.toReversed());
  expect(await schemaOf(db)).toEqual([]);
  expect(await pending()).toEqual(names);
  expect(await migrateUp(db)).toEqual(names);
  expect(await schemaOf(db)).toEqual(first);
  await seed(db);
});

test("each later migration keeps existing rows, up and down", async () => {
  const [first, ...later] = await pending();
  await migrateUp(db, first);
  await seed(db);
  for (const name of later) {
    const schema = await schemaOf(db);
    const before = await contents(db);
    expect(await migrateUp(db, name)).toEqual([name]);
    expect(await migrateDown(db)).toBe(name);
    expect(await contents(db)).toEqual(before);
    expect(await schemaOf(db)).toEqual(schema);
    await migrateUp(db, name);
  }
});

describe("0003_password_providers (A1)", () => {
  const methods = () =>
    rows(
      db,
      sql`select u.email, p.provider, p.backfilled from auth_providers p
          join users u on u.id = p.user_id order by 1, 2`,
    );
  const ada = { email: "ada@example.com", backfilled: false };
  const leo = { email: "leo@example.com", backfilled: false };

  /**
   * Ada and Leo signed up by link. Ada and Mia have passwords; only Mia's is a sign-in method
   * already.
   */
  const before = async () => {
    await migrateUp(db, "0002_passwords");
    await seed(db);
    await db.execute(sql`update users set password_hash = 'h' where email = 'ada@example.com'`);
    await db.execute(sql`with mia as (
        insert into users (email, password_hash) values ('mia@example.com', 'h') returning id)
      insert into auth_providers (user_id, provider) select id, 'email' from mia`);
  };
  const rest = [
    { ...leo, provider: "magic_link" },
    { email: "mia@example.com", provider: "email", backfilled: false },
  ];

  test("adds the sign-in method for every user with a password, and for no other", async () => {
    await before();
    await migrateUp(db, "0003_password_providers");
    expect(await methods()).toEqual([
      { ...ada, provider: "email", backfilled: true },
      { ...ada, provider: "magic_link" },
      ...rest,
    ]);
  });

  test("rolling it back removes the methods it added, and no others", async () => {
    await before();
    const stored = await methods();
    await migrateUp(db, "0003_password_providers");
    expect(await migrateDown(db)).toBe("0003_password_providers");
    expect(await methods()).toEqual(stored);
    expect(await row(db, sql`select count(password_hash)::int as n from users`)).toEqual({ n: 2 });
  });

  test("rolling it back keeps a method that was used since", async () => {
    await before();
    await migrateUp(db, "0003_password_providers");
    const user = await row<{ id: string }>(
      db,
      sql`select id from users where email = ${ada.email}`,
    );
    expect(await recordPasswordSignIn(db, user!.id, "h", null)).toBe(true);
    await migrateDown(db);
    expect(await methods()).toEqual([
      { ...ada, provider: "email" },
      { ...ada, provider: "magic_link" },
      ...rest,
    ]);
  });

  test("running it again adds nothing twice", async () => {
    await before();
    await migrateUp(db, "0003_password_providers");
    const stored = await methods();
    await migrateDown(db);
    await migrateUp(db, "0003_password_providers");
    expect(await methods()).toEqual(stored);
  });
});

describe("0004_handshakes (O3, O4)", () => {
  /** Ada's Google account, as an earlier release may have stored it. */
  const before = async () => {
    await migrateUp(db, "0003_password_providers");
    await seed(db);
    await db.execute(sql`insert into auth_providers (user_id, provider, subject)
      select id, 'google', 'g-1' from users where email = 'ada@example.com'`);
  };

  test("identities that opened an account before still do, with an unknown address at the provider", async () => {
    await before();
    await migrateUp(db, "0004_handshakes");
    expect(
      await rows(db, sql`select distinct address, confirmation_required_at from auth_providers`),
    ).toEqual([{ address: null, confirmation_required_at: null }]);
  });

  test("rolling it back drops OAuth attempts in progress and no sign-in method", async () => {
    await before();
    const stored = await contents(db);
    await migrateUp(db, "0004_handshakes");
    await db.execute(sql`insert into oauth_attempts (token_digest, provider, keep, next, expires_at)
      values ('d', 'google', false, '', now())`);
    await db.execute(
      sql`update auth_providers set address = 'ada@gmail.com' where subject = 'g-1'`,
    );
    expect(await migrateDown(db)).toBe("0004_handshakes");
    expect(await contents(db)).toEqual(stored);
  });

  test("the previous release can still add a sign-in method (X7)", async () => {
    await migrateUp(db, "0004_handshakes");
    await seed(db);
    expect(
      await rows(db, sql`select 1 from auth_providers where confirmation_required_at is null`),
    ).toHaveLength(2);
  });
});

test("an applied migration is not applied again", async () => {
  await migrateUp(db);
  const schema = await schemaOf(db);
  expect(await migrateUp(db)).toEqual([]);
  expect(await schemaOf(db)).toEqual(schema);
});

test("instances that start together migrate once", async () => {
  const names = await pending();
  const instances = await Promise.all([another(), another(), another()]);
  const applied = await Promise.all(instances.map((instance) => migrateUp(instance.db)));
  for (const instance of instances) await instance.close();
  expect(applied.flat()).toEqual(names);
  expect(await row(db, sql`select count(*)::int as n from drizzle.__drizzle_migrations`)).toEqual({
    n: names.length,
  });
});

test("a migration that fails half-way changes nothing and can be retried", async () => {
  await db.execute(sql`create table sessions (in_the_way int)`);
  await expect(migrateUp(db)).rejects.toThrow();
  expect(
    await rows(db, sql`select tablename from pg_tables where schemaname in ('public', 'drizzle')`),
  ).toEqual([{ tablename: "sessions" }]);
  await db.execute(sql`drop table sessions`);
  expect(await migrateUp(db)).not.toEqual([]);
});

test("an empty database has nothing to roll back", async () => {
  expect(await migrateDown(db)).toBeNull();
});

describe("the audit log only grows (T3)", () => {
  test.each([
    "update audit_events set outcome = 'ok'",
    "update audit_events set outcome = outcome where false or id > 0",
    "delete from audit_events",
    "truncate audit_events cascade",
    "truncate audit_event_details, audit_events",
    "insert into audit_events (id, event, outcome, request_id) overriding system value values (1, 'a.b', 'no', 'r') on conflict (id) do update set outcome = 'no'",
  ])("%s", async (statement) => {
    await migrateUp(db);
    await seed(db);
    await expect(db.execute(sql.raw(statement))).rejects.toMatchObject({
      cause: { message: expect.stringContaining("append-only") as string },
    });
    expect(await rows(db, sql`select outcome from audit_events`)).toEqual([{ outcome: "ok" }]);
    expect(await rows(db, sql`select 1 from audit_event_details`)).toHaveLength(1);
  });
});
