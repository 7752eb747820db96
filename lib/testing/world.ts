import { randomBytes } from "node:crypto";
import { sql } from "drizzle-orm";
import { type Database, type Db, isDatabaseAway, openDatabase } from "@/db/client";
import { migrateUp } from "@/db/migrate";
import { row, rows } from "@/db/rows";
import { type Env, parseEnv } from "@/lib/env";
import type { World } from "@/lib/flow";
import { systemClock } from "@/lib/outside/clock";
import { deliverDueLetters } from "@/lib/outside/courier";
import { postgresLimiter } from "@/lib/outside/limiter";
import type { Mailer, Message } from "@/lib/outside/mailer";
import { openPasswords } from "@/lib/outside/passwords";
import { openLines } from "@/lib/outside/provider-line";
import { chance } from "@/lib/secret";
import { openMemory } from "./pglite";
import { startWatch } from "./watch";

const testKey = (byte: number) => Buffer.alloc(32, byte).toString("base64url");

/** Fixed keys, and for those that tests rotate the next one. */
export const testKeys = {
  auth: testKey(5),
  token: testKey(1),
  nextToken: testKey(2),
  outbox: testKey(3),
  nextOutbox: testKey(4),
} as const;

/** An environment as `parseEnv` reads it, on a loopback origin. */
export const testEnv = (vars: Record<string, string> = {}): Env =>
  parseEnv({
    NODE_ENV: "test",
    AUTH_SECRET: testKeys.auth,
    TOKEN_KEY: testKeys.token,
    OUTBOX_KEY: testKeys.outbox,
    ...vars,
  });

/** A letter as its reader uses it. */
export interface ReadLetter {
  readonly token: string;
  readonly code: string;
  readonly message: Message;
}

/** One row of the audit log with its trace. */
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
}

interface LogLine {
  readonly level: "info" | "warn" | "error";
  readonly event: string;
  readonly facts: Record<string, unknown>;
}

/** What tests may see of a world, beside what the product sees of it. */
export interface TestWorld extends World {
  /** What the mailer was handed, in order. */
  readonly sent: Message[];
  readonly logged: LogLine[];
  /** Every secret that was made, for the search that must find none of them (I7). */
  readonly secrets: { tokens: Set<string>; codes: Set<string> };
  readonly mailer: Mailer;
  /** Lets the courier work, and returns what it handed over just now. */
  deliver(): Promise<Message[]>;
  /** The letters an address has got so far, the oldest first. */
  lettersTo(address: string): ReadLetter[];
  /** Delivers, and reads the newest letter to an address. Throws when nothing new came. */
  letterTo(address: string): Promise<ReadLetter>;
  /** The statements that ran meanwhile; `begin` and `commit` are none. */
  statementsOf(act: () => Promise<unknown>): Promise<string[]>;
  /** Makes the statement after the next `after` ones, and all that follow, fail as if Postgres had gone. */
  breakDatabase(after: number): void;
  mendDatabase(): void;
  /** Lets time pass for the database: every moment it has kept moves this many seconds back. */
  age(seconds: number): Promise<void>;
  /**
   * Runs something in a world in which `now()` stands still, but for `age`: for what must hold to
   * the second. Unwatched, as it is one transaction.
   */
  whileTimeStands(act: (world: TestWorld) => Promise<void>): Promise<void>;
  /** Changes rows behind the product's back, unwatched by the invariants. */
  plant<T>(change: (tx: Db) => Promise<T>): Promise<T>;
  audit(): Promise<AuditRow[]>;
  /** The only user with this address, as ids are needed in expectations. */
  userIdOf(address: string): Promise<string>;
  /** The same system with something else about it: closed sign-up, no mailbox, another clock. */
  but(changes: Partial<World>): TestWorld;
  /** Empties every table. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** What Postgres says when it is told to stop. */
export class DatabaseGone extends Error {
  readonly code = "57P01";
}

/**
 * Opens a migrated system of one's own: on the embedded Postgres in memory, or, when
 * TEST_DATABASE=postgres, in a new database of the cluster at TEST_POSTGRES_URL.
 */
export async function openTestWorld(vars: Record<string, string> = {}): Promise<TestWorld> {
  const statements: string[] = [];
  let left = Infinity;
  const onQuery = (query: string) => {
    statements.push(query);
    if (--left < 0) throw new DatabaseGone("terminating connection due to administrator command");
  };
  const { database, drop } = await openTestDatabase(onQuery);
  const { db } = database;
  await migrateUp(db);
  await startWatch(db);

  const sent: Message[] = [];
  const read = new Set<Message>();
  const logged: LogLine[] = [];
  const secrets = { tokens: new Set<string>(), codes: new Set<string>() };
  const note =
    (level: LogLine["level"]) =>
    (event: string, facts: Record<string, unknown> = {}) =>
      void logged.push({ level, event, facts });
  const kept = (set: Set<string>, secret: string) => {
    set.add(secret);
    return secret;
  };
  const limiter = postgresLimiter(db);

  const env = testEnv(vars);
  const log = { info: note("info"), warn: note("warn"), error: note("error") };
  const world: World = {
    env,
    db,
    isDatabaseAway,
    clock: systemClock,
    chance: {
      token: () => kept(secrets.tokens, chance.token()),
      code: () => kept(secrets.codes, chance.code()),
    },
    log,
    limiter,
    passwords: openPasswords(env, log),
    openLine: openLines(env, systemClock, log),
    ringCourier: () => {},
    mailbox: {
      letters: () =>
        Promise.resolve(
          sent.map(({ id, to, subject, text }) => ({ id, to, subject, text, sentAt: "" })),
        ),
      clearLimits: limiter.clear,
    },
    health: () =>
      Promise.resolve({ database: "pass", migrations: "pass", mail: "pass", limiter: "pass" }),
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
      breakDatabase: (after) => void (left = after),
      mendDatabase: () => void (left = Infinity),
      age: (seconds) => age(self.db, seconds),
      whileTimeStands: (act) =>
        self.plant((tx) => act(self.but({ db: tx, limiter: postgresLimiter(tx) }))),
      plant: (change) =>
        self.db.transaction(async (tx) => {
          await tx.execute(sql`set local watch.off = 'on'`);
          return change(tx);
        }),
      audit: () =>
        rows<AuditRow>(
          self.db,
          sql`select event, outcome, cause, subject_id as subject, caller_id as caller,
                session_id as session, ip, browser, identifier
              from audit_events join audit_traces on event_id = id order by id`,
        ),
      async userIdOf(address) {
        const user = await row<{ id: string }>(
          db,
          sql`select id from users where email = ${address}`,
        );
        if (!user) throw new Error(`Nobody has the address ${address}.`);
        return user.id;
      },
      but: (changes) => around({ ...self, ...changes }),
      async reset() {
        sent.length = 0;
        logged.length = 0;
        statements.length = 0;
        secrets.tokens.clear();
        secrets.codes.clear();
        await empty(db);
      },
      async close() {
        await database.close();
        await drop();
      },
    };
    return self;
  };
  return around(world);
}

/** Couriers draw letters side by side; people get them in the order in which they were asked for. */
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

/** A new, empty database, and what removes it. */
export async function openTestDatabase(
  onQuery?: (query: string) => void,
): Promise<{ database: Database; drop: () => Promise<void>; another: () => Promise<Database> }> {
  const url = clusterUrl();
  if (!url) {
    const database = await openMemory(onQuery);
    // The embedded database takes one connection: a second caller shares it.
    const another = () => Promise.resolve({ ...database, close: () => Promise.resolve() });
    return { database, drop: () => Promise.resolve(), another };
  }
  const name = `latchkey_${randomBytes(8).toString("hex")}`;
  const asOwner = async (statement: string) => {
    const owner = await openDatabase({ url, directory: "", connections: 1 });
    await owner.db.execute(sql.raw(statement));
    await owner.close();
  };
  await asOwner(`create database ${name}`);
  const own = new URL(url);
  own.pathname = name;
  const another = () => openDatabase({ url: own.href, directory: "", onQuery });
  return {
    database: await another(),
    drop: () => asOwner(`drop database ${name} with (force)`),
    another,
  };
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
 * The one way in which tests let time pass. Expiry is judged by the database's clock, which nobody
 * can turn; so everything it has kept is made older instead. The audit log stays: it may not change,
 * and nothing is judged by it.
 */
async function age(db: Db, seconds: number): Promise<void> {
  const moments = await rows<{ table: string; sets: string }>(
    db,
    sql`select c.table_name as table, string_agg(case c.data_type
          when 'ARRAY' then format('%1$I = (select coalesce(array_agg(m - make_interval(secs => ${sql.raw(String(seconds))}) order by n), ''{}'')
                                    from unnest(%1$I) with ordinality as old(m, n))', c.column_name)
          else format('%1$I = %1$I - make_interval(secs => ${sql.raw(String(seconds))})', c.column_name) end, ', ') as sets
        from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
        where c.table_schema = 'public' and t.table_type = 'BASE TABLE' and c.table_name not like 'audit%'
          and (c.udt_name = 'timestamptz' or c.udt_name = '_timestamptz')
        group by c.table_name`,
  );
  const updates = moments.map(({ table, sets }) => `update "${table}" set ${sets};`);
  await db.execute(
    sql.raw(
      `do $do$ begin perform set_config('watch.off', 'on', true); ${updates.join(" ")} end $do$`,
    ),
  );
}

/** Empties every table; as superuser, since the audit log's own triggers refuse. */
async function empty(db: Db): Promise<void> {
  await db.execute(sql`do $$
    declare tables text := (
      select string_agg(format('%I.%I', schemaname, tablename), ', ')
      from pg_tables where schemaname in ('public', 'watch')
    );
    begin
      set local session_replication_role = replica;
      execute 'truncate ' || tables;
    end $$`);
}
