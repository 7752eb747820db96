import { setTimeout as sleep } from "node:timers/promises";
import type { PgDatabase, PgQueryResultHKT } from "drizzle-orm/pg-core";
import type { PendingQuery, Row, Sql, TransactionSql } from "postgres";
import { bounds, databaseLimits, intervals } from "@/lib/core/policy";
import { type EmbeddedDatabaseError, openPglite } from "./pglite";
import * as schema from "./schema";
import {
  type Backend,
  type ConnectionLimits,
  type DropReason,
  PostgresSockets,
} from "./postgres-socket";

/** A connection or a transaction: the same queries run on PGlite and on Postgres. */
export type Db = PgDatabase<PgQueryResultHKT, typeof schema>;

export interface Database {
  readonly db: Db;
  readonly kind: "pglite" | "postgres";
  close(): Promise<void>;
}

export interface DatabaseOptions {
  /** A Postgres URL; without it the embedded database in `directory` is opened. */
  readonly url?: string | undefined;
  /** The directory of the embedded database; "memory" for tests. */
  readonly directory: string;
  /** Receives the text of each statement. */
  readonly onQuery?: ((query: string) => void) | undefined;
  /** The size of the pool. */
  readonly connections?: number;
  /** Called when this side closes a connection to Postgres that is no longer usable. */
  readonly onDrop?: ((reason: DropReason) => void) | undefined;
  /** Reports that the embedded database has failed, before the process ends. Prints the error by default. */
  readonly onFailure?: ((error: EmbeddedDatabaseError) => void) | undefined;
  /** Overrides of `databaseLimits`, in seconds. */
  readonly limits?: Partial<ConnectionLimits>;
}

export function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { url, directory, onQuery, onFailure } = options;
  return url
    ? openPostgres(url, options)
    : openPglite({ directory, onFailure, ...logger(onQuery) });
}

async function openPostgres(url: string, options: DatabaseOptions) {
  const { onQuery, connections = bounds.databaseConnections, onDrop = () => {} } = options;
  const [{ default: postgres }, { drizzle, PostgresJsSession }] = await Promise.all([
    import("postgres"),
    import("drizzle-orm/postgres-js"),
  ]);
  prepareAllStatements(PostgresJsSession.prototype);
  const limits = { ...databaseLimits, ...options.limits };
  const { base, max } = intervals.databaseReconnectMs;
  // The driver parses the URL here; it connects only at the first query.
  const sockets = new PostgresSockets(postgres(url).options, limits, onDrop);
  const socket = () => sockets.open();
  const client = postgres(url, {
    // The driver's types lack this option.
    ...({ socket } as object),
    // `PostgresSocket` does TLS.
    ssl: false,
    max: connections,
    connect_timeout: limits.connect,
    // SQL reads and writes our arrays, so the driver needs no types for them. Fetching the types
    // costs each new connection a query whose failure the driver does not handle.
    fetch_types: false,
    backoff: (attempt) => Math.min(base * 2 ** attempt, max) / 1000,
    onnotice: () => {},
    connection: {
      application_name: "latchkey",
      statement_timeout: Math.round(limits.statement * 1000),
      idle_in_transaction_session_timeout: Math.round(limits.idleInTransaction * 1000),
    },
  });
  limitWaiting(client, sockets, new Slots(connections, limits.poolWait));
  const db = drizzle(client, { schema, ...logger(onQuery) });
  return {
    db,
    kind: "postgres" as const,
    close: () => client.end({ timeout: limits.close }),
  };
}

/** Closes the connection of a transaction, by the driver's client that Drizzle uses for it. */
const connectionClosers = new WeakMap<object, () => void>();

/**
 * Closes the connection of a transaction at once; the pool replaces it. The transaction rolls back.
 * Does nothing on the embedded database, which has no connections.
 */
export function endTransaction(tx: Db): void {
  const { session } = tx as unknown as { session: { client: object } };
  connectionClosers.get(session.client)?.();
}

/** A query with the members that the driver's types omit. */
interface DriverQuery extends PendingQuery<Row[]> {
  /** Sends the query. `then` calls it, so a query without `await` is never sent. */
  handle(): unknown;
  /** Assigns the query to a connection. */
  handler(query: this): unknown;
  reject(error: Error): void;
  /** The connection that the query was sent over. */
  readonly state: Backend | null;
}

type Begin = (work: Work) => Promise<unknown>;
type Unsafe = Sql["unsafe"];

/**
 * Works around two faults of the driver when a connection dies during a transaction. It writes a
 * rollback to the closed socket, which is an uncaught error and blocks the next use of the
 * connection. And it may send the remaining queries over the replacing connection, within another
 * caller's transaction. Therefore work whose connection has died sends nothing more and never
 * settles; the transaction itself fails by the connection's error. `start` begins a transaction and
 * returns its first query.
 */
function guardTransactionsOnConnectionLoss(
  start: (work: Work) => [Promise<unknown>, DriverQuery],
  sockets: PostgresSockets,
) {
  return (work: Work) => {
    let ended = false;
    const [end, first] = start((sql) => {
      const { unsafe } = sql;
      const isDead = () => ended || sockets.isClosing(first.state!);
      connectionClosers.set(sql, () => {
        if (!isDead()) sockets.giveUp(first.state!);
      });
      sql.unsafe = ((...args: Parameters<Unsafe>) => {
        const query = unsafe(...args) as DriverQuery;
        const { handler } = query;
        query.handler = (self) =>
          isDead()
            ? query.reject(unavailableError("The connection is closed.", "CONNECTION_CLOSED"))
            : handler(self);
        return query;
      }) as Unsafe;
      return work(sql).then(
        (response) => (isDead() ? never() : response),
        async (error: unknown) => {
          // Postgres sends its last error shortly before it closes the connection.
          if (!isDead() && isConnectionLost(error)) await sleep(intervals.databaseCloseNoticeMs);
          if (isDead()) return never();
          throw error;
        },
      );
    });
    const isEnded = () => {
      ended = true;
    };
    end.then(isEnded, isEnded);
    return end;
  };
}

/** Creates a promise for each caller: a shared one would hold every caller's memory. */
const never = () => new Promise<never>(() => {});

const unavailableError = (message: string, code: string) =>
  Object.assign(new Error(message), { code });

type Work = (sql: TransactionSql) => Promise<unknown>;

/** One slot per connection. A caller that waits longer than `wait` seconds gets an error. */
class Slots {
  readonly #waiting = new Set<() => void>();

  constructor(
    private free: number,
    private readonly wait: number,
  ) {}

  /** Resolves to the function that releases the slot. */
  acquire(): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const start = () => {
        this.free -= 1;
        clearTimeout(tooLong);
        resolve(() => this.#release());
      };
      const expire = () => {
        this.#waiting.delete(start);
        reject(
          unavailableError("No connection to Postgres became free in time.", "CONNECT_TIMEOUT"),
        );
      };
      const tooLong = setTimeout(expire, this.wait * 1000);
      if (this.free > 0) start();
      else this.#waiting.add(start);
    });
  }

  #release() {
    this.free += 1;
    const [next] = this.#waiting;
    if (!next) return;
    this.#waiting.delete(next);
    next();
  }
}

/**
 * Limits how long queries wait for a connection. The driver itself queues them without a limit, sends
 * them after their callers have timed out, and pipelines them on connections that may be dead.
 */
function limitWaiting(client: Sql, sockets: PostgresSockets, slots: Slots) {
  const { begin, unsafe } = client;
  let firstOfTransaction: DriverQuery;
  const statement = (...args: Parameters<Unsafe>) => {
    const query = unsafe(...args) as DriverQuery;
    const { handle, handler } = query;
    query.handler = (self) => sockets.whenNoneIsClosing(() => handler(self));
    // The driver's own "begin": the transaction as a whole holds a slot.
    if (args[2] && "onexecute" in args[2]) return (firstOfTransaction = query);
    let isSent = false;
    query.handle = () => {
      if (isSent) return;
      isSent = true;
      slots.acquire().then(
        (release) => {
          handle.call(query);
          query.then(release, release);
        },
        (error: Error) => query.reject(error),
      );
    };
    return query;
  };
  const start = guardTransactionsOnConnectionLoss((work) => {
    const end = (begin as Begin)(work);
    return [end, firstOfTransaction];
  }, sockets);
  const transaction = async (work: Work) => {
    const release = await slots.acquire();
    return start(work).finally(release);
  };
  // Queries within a transaction use other functions of the driver, which need no slot.
  Object.assign(client, { unsafe: statement, begin: transaction });
}

let preparesAll = false;

/**
 * Prepares every statement, by naming those that have no name. Without a name Postgres parses, plans
 * and describes a statement at each use, in one more round trip. Our statements are few and their
 * texts never change; the driver ignores which name they have.
 */
function prepareAllStatements(session: {
  prepareQuery(
    ...args: [query: unknown, fields: unknown, name?: string, ...rest: unknown[]]
  ): unknown;
}) {
  if (preparesAll) return;
  preparesAll = true;
  const { prepareQuery } = session;
  session.prepareQuery = function (query, fields, name = "prepared", ...rest) {
    return Reflect.apply(prepareQuery, this, [query, fields, name, ...rest]);
  };
}

const logger = (onQuery: DatabaseOptions["onQuery"]) =>
  onQuery ? { logger: { logQuery: onQuery } } : {};

// SQLSTATEs of a Postgres that is unreachable, starting, stopping, full or read-only, of timeouts and
// of lost races. A wrong query or a violated constraint is a bug and not among them.
const unavailableSqlState = /^(08...|53...|57P0[1-5]|57014|25006|25P03|40001|40P01|55P03|58030)$/;

// A folder of temporary files that could not be created, on a disk without space or inodes.
const withoutTemporaryFiles = /^could not create temporary file/;

const unavailableDriverCode =
  /^(CONNECTION_(CLOSED|ENDED|DESTROYED)|CONNECT_TIMEOUT|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/;

// The SQLSTATEs after which the server closes the connection.
const closingSqlState = /^(08...|57P0[1-5])$/;

const codesOf = function* (error: unknown) {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as { code?: unknown };
    if (typeof code === "string") yield code;
  }
};

function isConnectionLost(error: unknown): boolean {
  return [...codesOf(error)].some(
    (code) => closingSqlState.test(code) || unavailableDriverCode.test(code),
  );
}

/** Whether an error means that the database is temporarily unavailable, rather than a bug. */
export function isDatabaseUnavailable(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code, syscall } = cause as { code?: unknown; syscall?: unknown };
    if (code === "XX000" && withoutTemporaryFiles.test(cause.message)) return true;
    // The socket file of a local Postgres; any other missing file is a bug.
    if (code === "ENOENT" && syscall === "connect") return true;
    if (
      typeof code === "string" &&
      (unavailableSqlState.test(code) || unavailableDriverCode.test(code))
    )
      return true;
    if (cause instanceof AggregateError && cause.errors.some(isDatabaseUnavailable)) return true;
  }
  return false;
}
