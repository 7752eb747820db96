import { sql } from "drizzle-orm";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { recordPasswordSignIn } from "@/lib/store/passwords";
import { openTestDatabase } from "@/test/support/world";
import type { Db } from "./client";
import { explained } from "./explain-error";
import { migrateDown, migrateUp, migrationState, pendingMigrations } from "./migrate";
import { row, rows } from "./rows";

const { database, drop, another } = await openTestDatabase();
const { db } = database;
const pending = () => pendingMigrations(db);

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
    await rows<{ line: string }>(
      db,
      sql`select format('column %s.%s %s %s %s', table_name, column_name, data_type, is_nullable, column_default) as line
            from information_schema.columns where table_schema = 'public'
          union all select indexdef from pg_indexes where schemaname = 'public'
          union all select format('constraint %s %s', conrelid::regclass, pg_get_constraintdef(oid))
            from pg_constraint where connamespace = 'public'::regnamespace
          union all select pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
          union all select pg_get_functiondef(oid) from pg_proc where pronamespace = 'public'::regnamespace
          order by 1`,
    )
  ).map(({ line }) => line);

/** The names that migration 0005 replaced. */
const oldNames = {
  knownDevices: "device_marks",
  auditEventDetails: "audit_traces",
  requestingBrowserDigest: "browser_digest",
  isDecoy: "stillborn",
  fromKnownDevice: "from_marked_device",
  remember: "keep",
  limitHits: "receipt",
};
const newNames: typeof oldNames = {
  knownDevices: "known_devices",
  auditEventDetails: "audit_event_details",
  requestingBrowserDigest: "requesting_browser_digest",
  isDecoy: "is_decoy",
  fromKnownDevice: "from_known_device",
  remember: "remember",
  limitHits: "limit_hits",
};

/** Inserts rows into every table of a schema with these names. */
const seed = async (db: Db, names = oldNames) => {
  const name = (key: keyof typeof oldNames) => sql.identifier(names[key]);
  const noHits = names === oldNames ? sql`''` : sql`'[]'::jsonb`;
  await db.execute(
    sql`insert into users (email, email_verified_at) values ('ada@example.com', now()), ('leo@example.com', null)`,
  );
  await db.execute(
    sql`insert into auth_providers (user_id, provider) select id, 'magic_link' from users`,
  );
  await db.execute(sql`insert into sessions (token_digest, user_id, method, browser, idle_seconds, ends_at)
    select email, id, 'magic_link', 'Firefox', 60, now() from users`);
  await db.execute(
    sql`insert into ${name("knownDevices")} (device_digest, user_id) select email, id from users`,
  );
  await db.execute(sql`insert into verifications (purpose, identifier, token_digest, code_hash, browser, next, expires_at, code_expires_at,
      ${name("requestingBrowserDigest")}, ${name("isDecoy")}, ${name("fromKnownDevice")}, ${name("remember")}, ${name("limitHits")})
    values ('magic_link', 'ada@example.com', 'd', 'h', 'Firefox', '', now(), now(), 'b', false, false, false, ${noHits})`);
  await db.execute(
    sql`insert into outbox (kind, to_address, state, payload) values ('magic_link', 'ada@example.com', 'queued', 'x')`,
  );
  await db.execute(
    sql`insert into limits (rule, key_hash, hits, granted, expires_at) values ('r', 'k', array[now()], true, now())`,
  );
  await db.execute(sql`with e as (insert into audit_events (event, outcome, request_id) values ('a.b', 'ok', 'r') returning id)
    insert into ${name("auditEventDetails")} (event_id) select id from e`);
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

/** Applies every down file, and returns the names in that order. */
const allTheWayDown = async (db: Db) => {
  const undone: string[] = [];
  for (let name = await migrateDown(db); name; name = await migrateDown(db)) undone.push(name);
  return undone;
};

test("up, seed, down, up: the same schema twice, and nothing in between (X7)", async () => {
  const names = await pending();
  expect(names[0]).toBe("0000_first");
  expect(await migrateUp(db)).toEqual(names);
  expect(await pending()).toEqual([]);
  const first = await schemaOf(db);
  await seed(db, newNames);
  expect(await allTheWayDown(db)).toEqual(names.toReversed());
  expect(await schemaOf(db)).toEqual([]);
  expect(await pending()).toEqual(names);
  expect(await migrateUp(db)).toEqual(names);
  expect(await schemaOf(db)).toEqual(first);
  await seed(db, newNames);
});

test("each later migration and its down file leave the rows unchanged", async () => {
  const [first, ...later] = await pending();
  await migrateUp(db, { upTo: first });
  await seed(db);
  for (const name of later) {
    const schema = await schemaOf(db);
    const before = await contents(db);
    expect(await migrateUp(db, { upTo: name })).toEqual([name]);
    expect(await migrateDown(db)).toBe(name);
    expect(await contents(db)).toEqual(before);
    expect(await schemaOf(db)).toEqual(schema);
    await migrateUp(db, { upTo: name });
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

  /** Ada and Leo signed in by link. Ada and Mia have passwords; only Mia's is listed as a method. */
  const before = async () => {
    await migrateUp(db, { upTo: "0002_passwords" });
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

  test("gives every user with a password that method, and no other user", async () => {
    await before();
    await migrateUp(db, { upTo: "0003_password_providers" });
    expect(await methods()).toEqual([
      { ...ada, provider: "email", backfilled: true },
      { ...ada, provider: "magic_link" },
      ...rest,
    ]);
  });

  test("its down file deletes the rows it inserted, and no other", async () => {
    await before();
    const there = await methods();
    await migrateUp(db, { upTo: "0003_password_providers" });
    expect(await migrateDown(db)).toBe("0003_password_providers");
    expect(await methods()).toEqual(there);
    expect(await row(db, sql`select count(password_hash)::int as n from users`)).toEqual({ n: 2 });
  });

  test("its down file leaves a row that was used since", async () => {
    await before();
    await migrateUp(db, { upTo: "0003_password_providers" });
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

  test("run again, it adds nothing twice", async () => {
    await before();
    await migrateUp(db, { upTo: "0003_password_providers" });
    const there = await methods();
    await migrateDown(db);
    await migrateUp(db, { upTo: "0003_password_providers" });
    expect(await methods()).toEqual(there);
  });
});

describe("0004_handshakes (O3, O4)", () => {
  /** Ada's Google, as a release before might have left it. */
  const before = async () => {
    await migrateUp(db, { upTo: "0003_password_providers" });
    await seed(db);
    await db.execute(sql`insert into auth_providers (user_id, provider, subject)
      select id, 'google', 'g-1' from users where email = 'ada@example.com'`);
  };

  test("leaves linked providers usable, without an address", async () => {
    await before();
    await migrateUp(db, { upTo: "0004_handshakes" });
    expect(await rows(db, sql`select distinct address, questioned_at from auth_providers`)).toEqual(
      [{ address: null, questioned_at: null }],
    );
  });

  test("its down file drops attempts and leaves linked providers", async () => {
    await before();
    const there = await contents(db);
    await migrateUp(db, { upTo: "0004_handshakes" });
    await db.execute(sql`insert into handshakes (token_digest, provider, keep, next, expires_at)
      values ('d', 'google', false, '', now())`);
    await db.execute(
      sql`update auth_providers set address = 'ada@gmail.com' where subject = 'g-1'`,
    );
    expect(await migrateDown(db)).toBe("0004_handshakes");
    expect(await contents(db)).toEqual(there);
  });

  test("the release before can still link a provider (X7)", async () => {
    await migrateUp(db, { upTo: "0004_handshakes" });
    await seed(db);
    expect(
      await rows(db, sql`select 1 from auth_providers where questioned_at is null`),
    ).toHaveLength(2);
  });
});

describe("0005_standard_names", () => {
  const before = async () => {
    await migrateUp(db, { upTo: "0004_handshakes" });
    await seed(db);
  };
  const migrate = () => migrateUp(db, { upTo: "0005_standard_names" });
  const events = () =>
    rows(db, sql`select event, outcome, cause from audit_events where event <> 'a.b' order by id`);

  test("renames stored events, outcomes and causes, and back", async () => {
    await before();
    const old = [
      { event: "handshake.begin", outcome: "ok", cause: "google" },
      { event: "handshake.complete", outcome: "ok", cause: "google:ask_to_connect" },
      { event: "handshake.complete", outcome: "handshake_lost", cause: "google:state" },
      { event: "auth_provider.keep", outcome: "ok", cause: "linkedin" },
      { event: "email_code.redeem", outcome: "code_tries_spent", cause: "spent" },
      { event: "password.sign_in", outcome: "password_tries_spent", cause: null },
      { event: "step_up.password", outcome: "step_up_tries_spent", cause: null },
      { event: "magic_link.redeem", outcome: "link_dead", cause: "expired" },
    ];
    for (const { event, outcome, cause } of old)
      await db.execute(sql`insert into audit_events (event, outcome, cause, request_id)
        values (${event}, ${outcome}, ${cause}, 'r')`);
    await migrate();
    expect(await events()).toEqual([
      { event: "oauth.start", outcome: "ok", cause: "google" },
      { event: "oauth.complete", outcome: "ok", cause: "google:ask_to_link" },
      { event: "oauth.complete", outcome: "oauth_state_invalid", cause: "google:state" },
      { event: "auth_provider.confirm", outcome: "ok", cause: "linkedin" },
      { event: "email_code.redeem", outcome: "too_many_attempts", cause: "too_many" },
      { event: "password.sign_in", outcome: "too_many_attempts", cause: null },
      { event: "step_up.password", outcome: "too_many_attempts", cause: null },
      { event: "magic_link.redeem", outcome: "link_invalid", cause: "expired" },
    ]);
    await migrateDown(db);
    expect(await events()).toEqual(old);
  });

  test("adds the counts of outcomes that become one", async () => {
    await before();
    await db.execute(sql`insert into audit_counts (event, outcome, key_hash, hour, count) values
      ('step_up.code', 'code_tries_spent', 'k', '2026-01-01', 2),
      ('step_up.code', 'step_up_tries_spent', 'k', '2026-01-01', 3),
      ('step_up.code', 'step_up_tries_spent', 'other', '2026-01-01', 1)`);
    await migrate();
    expect(
      await rows(
        db,
        sql`select outcome, key_hash, count from audit_counts where event <> 'a.b' order by 2`,
      ),
    ).toEqual([
      { outcome: "too_many_attempts", key_hash: "k", count: 5 },
      { outcome: "too_many_attempts", key_hash: "other", count: 1 },
    ]);
  });

  test("turns the packed hits of a verification into a list, and back", async () => {
    await before();
    const packed = "resends k1 17,mail_requests_per_ip k2 18:0";
    await db.execute(sql`update verifications set receipt = ${packed}`);
    await migrate();
    expect(await row(db, sql`select limit_hits as hits from verifications`)).toEqual({
      hits: [
        { rule: "resends", keyHash: "k1", hit: "17" },
        { rule: "mail_requests_per_ip", keyHash: "k2", hit: "18:0" },
      ],
    });
    await migrateDown(db);
    expect(await row(db, sql`select receipt from verifications`)).toEqual({ receipt: packed });
  });

  test("stores devices as values, and restores their names", async () => {
    await before();
    const names = ["Safari on iPhone", "Samsung Internet on Android", "A browser", "Firefox"];
    await db.execute(sql`delete from sessions`);
    for (const name of [...names, "curl/8.0"])
      await db.execute(sql`insert into sessions (token_digest, user_id, method, browser, idle_seconds, ends_at)
        select ${name}, id, 'magic_link', ${name}, 60, now() from users where email = 'ada@example.com'`);
    const browsers = async () =>
      (
        await rows<{ browser: string }>(db, sql`select browser from sessions order by token_digest`)
      ).map(({ browser }) => browser);
    const old = await browsers();
    await migrate();
    expect((await browsers()).sort()).toEqual(
      ["curl/8.0", "firefox/unknown", "safari/iphone", "samsung/android", "unknown/unknown"].sort(),
    );
    await migrateDown(db);
    expect(await browsers()).toEqual(old);
  });

  test("keeps the audit log append-only", async () => {
    await before();
    await migrate();
    await expect(db.execute(sql`update audit_events set event = 'b.c'`)).rejects.toThrow();
  });

  test("accepts a provider with another name, and no malformed one", async () => {
    await migrateUp(db);
    await seed(db, newNames);
    const add = (provider: string) =>
      db.execute(sql`insert into auth_providers (user_id, provider)
        select id, ${provider} from users where email = 'ada@example.com'`);
    await add("passkey");
    await expect(add("Pass Key")).rejects.toThrow();
  });
});

test("what is applied is not applied again", async () => {
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

test("a migration that fails half-way leaves nothing, and can be tried again", async () => {
  await db.execute(sql`create table sessions (in_the_way int)`);
  await expect(migrateUp(db)).rejects.toThrow();
  expect(
    await rows(db, sql`select tablename from pg_tables where schemaname in ('public', 'drizzle')`),
  ).toEqual([{ tablename: "sessions" }]);
  await db.execute(sql`drop table sessions`);
  expect(await migrateUp(db)).not.toEqual([]);
});

test("an empty database has nothing to take back", async () => {
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
    await seed(db, newNames);
    await expect(db.execute(sql.raw(statement))).rejects.toMatchObject({
      cause: { message: expect.stringContaining("append-only") as string },
    });
    expect(await rows(db, sql`select outcome from audit_events`)).toEqual([{ outcome: "ok" }]);
    expect(await rows(db, sql`select 1 from audit_event_details`)).toHaveLength(1);
  });
});

describe("0007_size", () => {
  test("finds the indexes that were created before the update", async () => {
    await migrateUp(db, { upTo: "0007_size" });
    const schema = await schemaOf(db);
    await migrateDown(db);
    await db.execute(
      sql`alter table sessions add column expiry_check_at timestamptz default 'epoch' not null`,
    );
    await db.execute(
      sql`create index sessions_expiry_check_at_index on sessions (expiry_check_at)`,
    );
    await db.execute(sql`create index audit_events_at_brin on audit_events using brin (at)
      with (pages_per_range = 32, autosummarize = true)`);
    expect(await migrateUp(db, { upTo: "0007_size" })).toEqual(["0007_size"]);
    expect(await schemaOf(db)).toEqual(schema);
  });
});

describe("a migration that this release does not know", () => {
  const made = new Date("2099-01-02T03:04:05Z").getTime();
  const applyUnknown = async () => {
    await migrateUp(db);
    await db.execute(
      sql`insert into drizzle.__drizzle_migrations (hash, created_at) values ('cafe', ${made}::bigint)`,
    );
  };
  const described = "2099-01-02T03:04:05.000Z (hash cafe)";

  test("is named, and not run on", async () => {
    await migrateUp(db);
    // As a release leaves it that did not say which others can run.
    await db.execute(sql`comment on table drizzle.__drizzle_migrations is null`);
    await applyUnknown();
    expect(await migrationState(db)).toEqual({
      pending: [],
      unknown: [described],
      isTooNew: true,
    });
    await expect(migrateUp(db)).rejects.toThrow(`does not know, made at ${described}. Run`);
    await expect(migrateDown(db)).rejects.toThrow("Take it back with `npm run db:down` of");
  });

  test("is run on where the release that made it says that this one can", async () => {
    await applyUnknown();
    expect(await migrationState(db)).toEqual({
      pending: [],
      unknown: [described],
      isTooNew: false,
    });
    expect(await migrateUp(db)).toEqual([]);
    await expect(migrateDown(db)).rejects.toThrow(described);
  });

  test("is run on by the release before only (X7)", async () => {
    const names = await migrateUp(db);
    const comment = await row<{ text: string }>(
      db,
      sql`select obj_description('drizzle.__drizzle_migrations'::regclass, 'pg_class') as text`,
    );
    const [, time] = /migration of (\d+)/.exec(comment!.text)!;
    const at = await row<{ place: number }>(
      db,
      sql`select count(*)::int as place from drizzle.__drizzle_migrations where created_at > ${time}::bigint`,
    );
    // The release before has none of these, and each of them leaves its statements valid.
    expect(names.slice(-at!.place)).toEqual([
      "0006_repeats",
      "0007_size",
      "0008_mail_budget",
      "0009_accounts",
    ]);
  });
});

test("a failing migration is named with its cause, and changes nothing", async () => {
  await db.execute(sql`create table users (in_the_way int)`);
  const error = await migrateUp(db).catch((error: unknown) => error);
  expect(error).toMatchObject({ message: "The migration 0000_first failed; nothing was changed." });
  await expect(explained("DATABASE_URL", Promise.reject(error as Error))).rejects.toThrow(
    /^The migration 0000_first failed.* It said: relation "users" already exists \(42P07\)\.$/,
  );
  expect(await pending()).toContain("0000_first");
});
