import { ok } from "@/lib/core/result";
import { randomBytes } from "node:crypto";
import { sql } from "drizzle-orm";
import {
  type Database,
  type DatabaseOptions,
  type Db,
  endTransaction,
  isDatabaseUnavailable,
  openDatabase,
} from "@/db/client";
import { row, rows } from "@/db/rows";
import { type Env, parseEnv } from "@/lib/core/env";
import { methods } from "@/lib/methods";
import type { World, CallbackResult } from "@/lib/runtime/ports";
import { systemClock } from "@/lib/adapters/clock";
import { deliverDueLetters } from "@/lib/adapters/courier";
import { argon2Hasher, hashingInServer } from "@/lib/adapters/argon2-hasher";
import { postgresLimiter } from "@/lib/adapters/postgres-limiter";
import type { Mailer, Message } from "@/lib/adapters/mailer";
import { createPasswords } from "@/lib/adapters/passwords";
import { random } from "@/lib/core/crypto";
import { databaseCauseOf } from "@/lib/core/database-error";
import { noMetrics } from "@/lib/adapters/no-metrics";
import { passingChecks } from "./health";
import { openMemory } from "./pglite";
import { createDatabase } from "./template";

const testKey = (byte: number) => Buffer.alloc(32, byte).toString("base64url");

/** Fixed keys, and the next ones for keys that tests rotate. */
export const testKeys = {
  auth: testKey(5),
  token: testKey(1),
  nextToken: testKey(2),
  outbox: testKey(3),
  nextOutbox: testKey(4),
  audit: testKey(6),
  nextAudit: testKey(7),
} as const;

/** An environment as `parseEnv` reads it, on a loopback origin. */
export const testEnv = (vars: Record<string, string> = {}): Env =>
  parseEnv(
    {
      NODE_ENV: "test",
      AUTH_SECRET: testKeys.auth,
      TOKEN_KEY: testKeys.token,
      OUTBOX_KEY: testKeys.outbox,
      AUDIT_KEY: testKeys.audit,
      ...vars,
    },
    methods(),
  );

/**
 * The lowest cost that argon2 accepts. Flow tests are about which passwords are hashed, not about
 * the cost.
 */
const leastCost = { memoryCost: 8, timeCost: 1, parallelism: 1 };

/** An email as its reader uses it. */
export interface ReadLetter {
  readonly token: string;
  readonly code: string;
  readonly message: Message;
}

/** One row of the audit log with its details. */
export interface AuditRow {
  readonly event: string;
  readonly outcome: string;
  readonly cause: string | null;
  readonly subject: string | null;
  readonly caller: string | null;
  readonly session: string | null;
  readonly ip: string | null;
  readonly browser: string | null;
  readonly identifier: string | null;
  readonly reason: string | null;
}

interface LogLine {
  readonly level: "info" | "warn" | "error";
  readonly event: string;
  readonly facts: Record<string, unknown>;
}

/** What tests can observe of a world, beyond what the product can. */
export interface TestWorld extends World {
  /** The messages given to the mailer, in order. */
  readonly sent: Message[];
  readonly logged: LogLine[];
  /** Every generated secret, for the search that must find none of them (I7). */
  readonly secrets: { tokens: Set<string>; codes: Set<string> };
  readonly mailer: Mailer;
  /** A connection that keeps its plans, for what is looked up after every test. */
  readonly checks: Db;
  /** Runs the courier, and returns the messages it sent just now. */
  deliver(): Promise<Message[]>;
  /** The emails to an address so far, the oldest first. */
  lettersTo(address: string): ReadLetter[];
  /** Delivers, and reads the newest email to an address. Throws when there is no new one. */
  letterTo(address: string): Promise<ReadLetter>;
  /** The statements that ran meanwhile, without `begin` and `commit`. */
  statementsOf(act: () => Promise<unknown>): Promise<string[]>;
  /**
   * Makes the statement after the next `after` ones, and all that follow, fail as if Postgres were
   * gone.
   */
  failDatabaseAfter(after: number): void;
  restoreDatabase(): void;
  /** Lets time pass for the database: moves every stored timestamp this many seconds back. */
  advance(seconds: number): Promise<void>;
  /**
   * Runs a test in a world in which `now()` is frozen, except for `advance`: for behaviour to the
   * second. The invariants do not see it, as it is one transaction.
   */
  withFrozenTime(act: (world: TestWorld) => Promise<void>): Promise<void>;
  /** Changes rows without the product's code; the invariants do not see it. */
  writeDirectly<T>(change: (tx: Db) => Promise<T>): Promise<T>;
  audit(): Promise<AuditRow[]>;
  /** The only user with this address, as expectations need ids. */
  userIdOf(address: string): Promise<string>;
  /** The same system with changes: closed sign-up, no mailbox, another clock. */
  with(changes: Partial<World>): TestWorld;
  /** Saves every row, and returns what restores them into the empty tables, with the same ages. */
  saveMoment(): Promise<() => Promise<void>>;
  /** Empties every table. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** The error of a Postgres that is told to stop. */
export class DatabaseGone extends Error {
  readonly code = "57P01";
}

/**
 * Opens a migrated system: on the embedded Postgres in memory, or, when TEST_DATABASE=postgres, in
 * a database of the cluster at TEST_POSTGRES_URL. It is a new one, or with `reuse` an empty one that an
 * earlier test file has used, whose statistics and sequences go on.
 */
export async function openTestWorld(
  vars: Record<string, string> = {},
  { reuse = false }: { readonly reuse?: boolean } = {},
): Promise<TestWorld> {
  const statements: string[] = [];
  let left = Infinity;
  const onQuery = (query: string) => {
    statements.push(query);
    if (--left < 0) throw new DatabaseGone("terminating connection due to administrator command");
  };
  const watched = (reuse && idle.pop()) || (await openWatched());
  watched.onQuery = onQuery;
  const { database, checks, resets } = watched;
  const { db } = database;

  const sent: Message[] = [];
  const read = new Set<Message>();
  const logged: LogLine[] = [];
  const secrets = { tokens: new Set<string>(), codes: new Set<string>() };
  const note =
    (level: LogLine["level"]) =>
    (event: string, facts: Record<string, unknown> = {}) =>
      void logged.push({ level, event, facts });
  const record = (set: Set<string>, secret: string) => {
    set.add(secret);
    return secret;
  };
  const limiter = postgresLimiter(db);

  const env = testEnv(vars);
  const log = { info: note("info"), warn: note("warn"), error: note("error") };
  const world: World = {
    env,
    db,
    isDatabaseUnavailable,
    endTransaction,
    clock: systemClock,
    random: {
      token: () => record(secrets.tokens, random.token()),
      code: () => record(secrets.codes, random.code()),
    },
    log,
    limiter,
    passwords: createPasswords(env, log, argon2Hasher(hashingInServer(), { cost: leastCost })),
    oauth: {
      authorize: async (provider) =>
        ok({ url: `https://${provider}.example/authorize`, state: "a-state", checks: "" }),
      // The code of a test's callback is its result.
      exchange: async (_, callbackUrl) => resultIn(callbackUrl),
    },
    wakeCourier: () => {},
    mailbox: {
      letters: () =>
        Promise.resolve(
          sent.map(({ id, to, subject, html, text }) => {
            return { id, to, subject, html, text, sentAt: "" };
          }),
        ),
    },
    health: () => Promise.resolve(passingChecks),
    pendingMigrations: () => Promise.resolve([]),
    metrics: noMetrics,
    metricsPage: null,
  };

  const around = (world: World): TestWorld => {
    const mailer: Mailer = (message) => {
      sent.push(message);
      return Promise.resolve({ sent: true });
    };
    const self: TestWorld = {
      ...world,
      sent,
      logged,
      secrets,
      mailer,
      checks: checks.db,
      async deliver() {
        const before = sent.length;
        await deliverDueLetters(self, mailer);
        const fresh = sent.splice(before);
        sent.push(...(fresh.length > 1 ? await asAsked(self.db, fresh) : fresh));
        return sent.slice(before);
      },
      lettersTo: (address) => sent.filter(({ to }) => to === address).map(readLetter),
      async letterTo(address) {
        await self.deliver();
        const newest = sent.filter(({ to }) => to === address).at(-1);
        if (!newest || read.has(newest)) throw new Error(`No new letter came to ${address}.`);
        read.add(newest);
        return readLetter(newest);
      },
      async statementsOf(act) {
        const before = statements.length;
        await act();
        return statements.slice(before);
      },
      failDatabaseAfter: (after) => void (left = after),
      restoreDatabase: () => void (left = Infinity),
      advance: (seconds) => advance(self.db, seconds),
      withFrozenTime: (act) =>
        self.writeDirectly((tx) => act(self.with({ db: tx, limiter: postgresLimiter(tx) }))),
      writeDirectly: (change) =>
        self.db.transaction(async (tx) => {
          await tx.execute(sql`set local watch.off = 'on'`);
          return change(tx);
        }),
      audit: () =>
        rows<AuditRow>(
          self.db,
          sql`select event, outcome, cause, subject_id as subject, caller_id as caller,
                session_id as session, ip, browser, identifier, reason
              from audit_events join audit_event_details on event_id = id order by id`,
        ),
      async userIdOf(address) {
        const user = await row<{ id: string }>(
          db,
          sql`select id from users where email = ${address}`,
        );
        if (!user) throw new Error(`No user has the address ${address}.`);
        return user.id;
      },
      with: (changes) => around({ ...self, ...changes }),
      saveMoment: () => saveMoment(db),
      async reset() {
        sent.length = 0;
        logged.length = 0;
        statements.length = 0;
        secrets.tokens.clear();
        secrets.codes.clear();
        await empty(resets.db);
      },
      async close() {
        if (!reuse) return watched.close();
        await empty(resets.db);
        idle.push(watched);
      },
    };
    return self;
  };
  return around(world);
}

/** Couriers send emails concurrently; this restores the order of the requests. */
async function asAsked(db: Db, letters: Message[]): Promise<Message[]> {
  const order = await rows<{ id: string }>(db, sql`select id from outbox order by created_at, id`);
  const place = new Map(order.map(({ id }, at) => [id, at]));
  return letters.sort((a, b) => (place.get(a.id) ?? 0) - (place.get(b.id) ?? 0));
}

function readLetter(message: Message): ReadLetter {
  const token = /\/l\/(?:\w+\/)?([A-Za-z0-9_-]{43})\b/.exec(message.text)?.[1] ?? "";
  const code = /\b\d{6}\b/.exec(message.text)?.[0] ?? "";
  return { token, code, message };
}

/** A database with our tables, with recorded changes. */
interface Watched {
  readonly database: Database;
  readonly checks: Database;
  readonly resets: Database;
  /** Called for each statement of `database`. */
  onQuery: (query: string) => void;
  readonly close: () => Promise<void>;
}

/**
 * Databases of test files that are over, for the next files of this process: creating one, and planning
 * all statements again, takes longer than most files. The cluster ends with the run.
 */
const idle: Watched[] = [];

/**
 * On Postgres each connection plans each statement itself: so the checks after a test have a connection of
 * their own, which keeps the plans of their large statements. And `empty` has one, because its setting
 * makes a connection forget its plans.
 */
async function openWatched(): Promise<Watched> {
  const watched = { onQuery: (_query: string): void => {} };
  const onQuery = (query: string) => watched.onQuery(query);
  const cluster = clusterUrl();
  if (!cluster) {
    const database = await openMemory("watched", onQuery);
    await database.db.execute(planOnce);
    const parts = { database, checks: database, resets: database, close: () => database.close() };
    return Object.assign(watched, parts);
  }
  const { url, drop } = await createDatabase(cluster, newName(), "watched");
  const open = (options: Partial<DatabaseOptions>) =>
    openDatabase({ url, directory: "", limits: ampleLimits, ...options });
  const [database, checks, resets] = await Promise.all([
    open({ onQuery }),
    open({ connections: 1 }),
    open({ connections: 1 }),
  ]);
  await checks.db.execute(planOnce);
  const close = async () => {
    await Promise.all([database, checks, resets].map((one) => one.close()));
    await drop();
  };
  return Object.assign(watched, { database, checks, resets, close });
}

/** Our own limits, in seconds, are for other tests: a busy machine reaches them. */
const ampleLimits = {
  connect: 100,
  statement: 100,
  idleInTransaction: 100,
  grace: 100,
  idleBeforeProbe: 3_600,
  poolWait: 100,
};

/** To plan the many queries of the checks takes ten times as long as to run them. */
const planOnce = sql`set plan_cache_mode = force_generic_plan`;

const newName = () => `latchkey_${randomBytes(8).toString("hex")}`;

/** A new, empty database, and a function that removes it: for tests of migrations. */
export async function openTestDatabase(): Promise<{
  database: Database;
  drop: () => Promise<void>;
  another: () => Promise<Database>;
}> {
  const cluster = clusterUrl();
  if (!cluster) {
    const database = await openMemory("empty");
    // The embedded database takes one connection: a second caller shares it.
    const another = () => Promise.resolve({ ...database, close: () => Promise.resolve() });
    return { database, drop: () => Promise.resolve(), another };
  }
  const { url, drop } = await createDatabase(cluster, newName(), "empty");
  const another = () => openDatabase({ url, directory: "" });
  return { database: await another(), drop, another };
}

/** The URL of the test database in the cluster that `db` is connected to. */
export async function postgresUrlOf(db: Db): Promise<URL> {
  const found = await row<{ name: string }>(db, sql`select current_database() as name`);
  const url = new URL(clusterUrl()!);
  url.pathname = found!.name;
  return url;
}

/** Null where the tests run on the embedded database. */
function clusterUrl(): string | null {
  if (process.env.TEST_DATABASE !== "postgres") return null;
  const url = process.env.TEST_POSTGRES_URL;
  if (!url)
    throw new Error(
      "TEST_POSTGRES_URL is not set: `npm test -- --only=postgres` starts a cluster.",
    );
  return url;
}

/**
 * The only method by which tests let time pass. The database's clock, which cannot be changed,
 * decides expiry; so all stored timestamps are moved back instead. The audit log is immutable, and
 * nothing depends on its times.
 */
async function advance(db: Db, seconds: number): Promise<void> {
  const updates = updatesOf.get(db) ?? (await readUpdates(db));
  updatesOf.set(db, updates);
  const statements = updates.join(" ").replaceAll("{earlier}", `make_interval(secs => ${seconds})`);
  await db.execute(
    sql.raw(`do $do$ begin perform set_config('watch.off', 'on', true); ${statements} end $do$`),
  );
}

/** Reading the catalogue takes longer than most tests, and a test's tables stay the same. */
const updatesOf = new WeakMap<Db, readonly string[]>();

/** For each table an update that moves its timestamps back by `{earlier}`. */
async function readUpdates(db: Db): Promise<string[]> {
  const moments = await rows<{ table: string; sets: string }>(
    db,
    sql`select c.table_name as table, string_agg(case c.data_type
          when 'ARRAY' then format('%1$I = (select coalesce(array_agg(m - {earlier} order by n), ''{}'')
                                    from unnest(%1$I) with ordinality as old(m, n))', c.column_name)
          else format('%1$I = %1$I - {earlier}', c.column_name) end, ', ') as sets
        from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
        where c.table_schema = 'public' and t.table_type = 'BASE TABLE' and c.table_name not like 'audit%'
          and (c.udt_name = 'timestamptz' or c.udt_name = '_timestamptz')
        group by c.table_name`,
  );
  return moments.map(({ table, sets }) => `update "${table}" set ${sets};`);
}

/** Our tables and those of the recorded changes, by their SQL names. */
const tables = sql`select format('%I.%I', schemaname, tablename) as "table" from pg_tables
  where schemaname in ('public', 'watch') order by 1`;

let moments = 0;

async function saveMoment(db: Db): Promise<() => Promise<void>> {
  moments += 1;
  const schema = `moment_${moments}`;
  const names = (await rows<{ table: string }>(db, tables)).map(({ table }) => table);
  const copyOf = (table: string) => `${schema}."${table.replaceAll('"', "")}"`;
  const all = (statement: (table: string) => string) =>
    sql.raw(
      `do $do$ begin set local session_replication_role = replica; ${names.map(statement).join(" ")} end $do$`,
    );
  await db.execute(sql.raw(`create schema ${schema}`));
  await db.execute(all((table) => `create table ${copyOf(table)} as table ${table};`));
  const keptAt = await databaseTime(db);
  const restore = all(
    (table) => `insert into ${table} overriding system value table ${copyOf(table)};`,
  );
  return async () => {
    await db.execute(restore);
    await advance(db, keptAt - (await databaseTime(db)));
  };
}

/** In seconds. */
async function databaseTime(db: Db): Promise<number> {
  const time = await row<{ now: number }>(
    db,
    sql`select extract(epoch from clock_timestamp())::float8 as now`,
  );
  return time!.now;
}

/**
 * Empties every table; as superuser, since the audit log's own triggers refuse. Uses deletes,
 * because `truncate` creates new files for each table and takes ten times as long. Like `truncate`,
 * it waits for running transactions. One that has locked its tables in another order is a deadlock, and
 * this begins again.
 */
async function empty(db: Db): Promise<void> {
  for (;;) {
    try {
      return await emptyAll(db);
    } catch (error) {
      if (databaseCauseOf(error).code !== "40P01") throw error;
    }
  }
}

async function emptyAll(db: Db): Promise<void> {
  await db.transaction(async (tx) => {
    // A running transaction may take longer than a request may.
    await tx.execute(sql`set local statement_timeout = 0`);
    await tx.execute(sql`do $$
      declare
        tables text[] := (
          select array_agg(format('%I.%I', schemaname, tablename) order by 1)
          from pg_tables where schemaname in ('public', 'watch')
        );
        name text;
      begin
        set local session_replication_role = replica;
        execute 'lock table ' || array_to_string(tables, ', ') || ' in exclusive mode';
        foreach name in array tables loop
          execute 'delete from ' || name;
        end loop;
      end $$`);
  });
}

/** A provider's callback with this result, which the world's `oauth` returns for it. */
export function callbackUrlWith(provider: string, result: CallbackResult): string {
  const code = Buffer.from(JSON.stringify(result)).toString("base64url");
  return `http://localhost:3000/api/auth/callback/${provider}?code=${code}`;
}

const resultIn = (callbackUrl: string) =>
  JSON.parse(
    Buffer.from(new URL(callbackUrl).searchParams.get("code") ?? "", "base64url").toString(),
  ) as CallbackResult;
