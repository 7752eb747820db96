import { chmodSync, mkdirSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { PgDatabase, PgQueryResultHKT } from "drizzle-orm/pg-core";
import type { Sql, TransactionSql } from "postgres";
import { lockDirectory } from "./lock";
import { pendingMigrations } from "./migrate";
import * as schema from "./schema";

/** A connection or a transaction: the same queries run on PGlite and on Postgres. */
export type Db = PgDatabase<PgQueryResultHKT, typeof schema>;

export interface Database {
  readonly db: Db;
  readonly kind: "pglite" | "postgres";
  /** Names of migrations that this database has not had yet. */
  pending(): Promise<string[]>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  /** A Postgres URL; without it the embedded database in `directory` is opened. */
  readonly url?: string | undefined;
  /** Where the embedded database lives; "memory" for tests. */
  readonly directory: string;
  /** Told of each statement; tests count with it. */
  readonly onQuery?: ((query: string) => void) | undefined;
  readonly connections?: number;
}

/** Postgres answers within this, or the request is told that it is away (S4). */
const patienceMs = 5_000;

export function openDatabase(options: DatabaseOptions): Promise<Database> {
  return options.url ? openPostgres(options.url, options) : openPglite(options);
}

async function openPostgres(url: string, { onQuery, connections = 10 }: DatabaseOptions) {
  const [{ default: postgres }, { drizzle, PostgresJsSession }] = await Promise.all([
    import("postgres"),
    import("drizzle-orm/postgres-js"),
  ]);
  prepareEverything(PostgresJsSession.prototype);
  const client = postgres(url, {
    max: connections,
    connect_timeout: patienceMs / 1000,
    // Ask again soon after Postgres went away, so that we are back within 5 s of its return (S4).
    backoff: (attempt) => Math.min(0.1 * 2 ** attempt, 1),
    onnotice: () => {},
    connection: {
      application_name: "latchkey",
      statement_timeout: patienceMs,
      idle_in_transaction_session_timeout: 2 * patienceMs,
    },
  });
  letGoOfDeadConnections(client);
  const db = drizzle(client, { schema, ...logger(onQuery) });
  return {
    db,
    kind: "postgres" as const,
    pending: () => pendingMigrations(db),
    close: () => client.end({ timeout: 5 }),
  };
}

/**
 * When a connection dies in a transaction, the driver writes a rollback to the socket that is gone (an
 * uncaught error, and a connection that hangs once it is used again), and what the work still sends
 * may run in somebody else's transaction on the connection made anew. So work whose connection is
 * over sends nothing more and never ends; the transaction has failed by the connection's own end.
 */
function letGoOfDeadConnections(client: Sql) {
  const begin = client.begin.bind(client) as (work: Work) => Promise<unknown>;
  const guarded = (work: Work) => {
    let over = false;
    const ended = begin((sql) => {
      const { unsafe } = sql;
      sql.unsafe = ((...args: Parameters<typeof unsafe>) => {
        if (over)
          throw Object.assign(new Error("The connection is over."), { code: "CONNECTION_CLOSED" });
        return unsafe(...args);
      }) as typeof unsafe;
      return work(sql).then(
        (answer) => (over ? forEver() : answer),
        async (error: unknown) => {
          // Postgres says goodbye a moment before it closes.
          if (!over && isConnectionLost(error)) await sleep(goodbyeMs);
          if (over) return forEver();
          throw error;
        },
      );
    });
    ended.catch(() => {
      over = true;
    });
    return ended;
  };
  Object.assign(client, { begin: guarded });
}

/** A new one each time: one for all would keep everybody who waits for it. */
const forEver = () => new Promise<never>(() => {});
const goodbyeMs = 100;

type Work = (sql: TransactionSql) => Promise<unknown>;

let prepares = false;

/**
 * Drizzle asks the driver to prepare only what it was given a name for, and the driver then parses,
 * plans and describes everything else anew, with one more round trip. Our statements are few and
 * their texts never change, so all of them are worth keeping; any name will do.
 */
function prepareEverything(session: {
  prepareQuery(
    ...args: [query: unknown, fields: unknown, name?: string, ...rest: unknown[]]
  ): unknown;
}) {
  if (prepares) return;
  prepares = true;
  const { prepareQuery } = session;
  session.prepareQuery = function (query, fields, name = "kept", ...rest) {
    return Reflect.apply(prepareQuery, this, [query, fields, name, ...rest]);
  };
}

async function openPglite({ directory, onQuery }: DatabaseOptions) {
  const [{ PGlite }, { drizzle }] = await Promise.all([
    import("@electric-sql/pglite"),
    import("drizzle-orm/pglite"),
  ]);
  const memory = directory === "memory";
  const unlock = memory ? () => {} : await lockDirectory(preparePrivate(directory));
  const client = memory ? new PGlite() : new PGlite(path.join(directory, "pglite"));
  try {
    await client.waitReady;
  } catch (error) {
    unlock();
    throw new Error(
      `The embedded database in ${directory} does not open. Files of another PGlite major version cannot be read: restore them with the version that wrote them, or move the directory away.`,
      { cause: error },
    );
  }
  const db = drizzle(client, { schema, ...logger(onQuery) });
  return {
    db,
    kind: "pglite" as const,
    pending: () => pendingMigrations(db),
    close: async () => {
      await client.close();
      unlock();
    },
  };
}

function preparePrivate(directory: string) {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  chmodSync(directory, 0o700);
  return directory;
}

const logger = (onQuery: DatabaseOptions["onQuery"]) =>
  onQuery ? { logger: { logQuery: onQuery } } : {};

// Classes of SQLSTATE that say "Postgres is away, starting, stopping, full or read-only", and what
// the driver and the network say. A wrong query or a broken constraint is none of them: it is a bug.
const awaySqlState = /^(08...|53...|57P0[1-5]|57014|25006|25P03|40001|40P01|55P03)$/;
const awayDriverCode =
  /^(CONNECTION_(CLOSED|ENDED|DESTROYED)|CONNECT_TIMEOUT|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/;

// Of these the ones after which the server closes the connection.
const closingSqlState = /^(08...|57P0[1-5])$/;

const codesOf = function* (error: unknown) {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as { code?: unknown };
    if (typeof code === "string") yield code;
  }
};

function isConnectionLost(error: unknown): boolean {
  return [...codesOf(error)].some(
    (code) => closingSqlState.test(code) || awayDriverCode.test(code),
  );
}

/** Whether an error means that the database is away for now, rather than that we are wrong. */
export function isDatabaseAway(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code, syscall } = cause as { code?: unknown; syscall?: unknown };
    // The socket file of a Postgres on this machine; other files that are missing are our affair.
    if (code === "ENOENT" && syscall === "connect") return true;
    if (typeof code === "string" && (awaySqlState.test(code) || awayDriverCode.test(code)))
      return true;
    if (cause instanceof AggregateError && cause.errors.some(isDatabaseAway)) return true;
  }
  return false;
}
