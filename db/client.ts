import { chmodSync, mkdirSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { PgDatabase, PgQueryResultHKT } from "drizzle-orm/pg-core";
import type { PendingQuery, Row, Sql, TransactionSql } from "postgres";
import { databaseLimits } from "@/lib/core/policy";
import { lockDirectory } from "./lock";
import { pendingMigrations } from "./migrate";
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
  /** Told when a connection to Postgres is ended from this side because it is of no use any more. */
  readonly onDrop?: ((reason: DropReason) => void) | undefined;
  /** Limits other than those of policy.ts, in seconds. */
  readonly limits?: Partial<ConnectionLimits>;
}

export function openDatabase(options: DatabaseOptions): Promise<Database> {
  return options.url ? openPostgres(options.url, options) : openPglite(options);
}

async function openPostgres(url: string, options: DatabaseOptions) {
  const { onQuery, connections = 10, onDrop = () => {} } = options;
  const [{ default: postgres }, { drizzle, PostgresJsSession }] = await Promise.all([
    import("postgres"),
    import("drizzle-orm/postgres-js"),
  ]);
  prepareAllStatements(PostgresJsSession.prototype);
  const limits = { ...databaseLimits, ...options.limits };
  // Only to have the driver read the URL: nothing is dialled before the first query.
  const sockets = new PostgresSockets(postgres(url).options, limits, onDrop);
  const socket = () => sockets.open();
  const client = postgres(url, {
    // The driver's types do not know this option.
    ...({ socket } as object),
    // PostgresSocket makes TLS itself.
    ssl: false,
    max: connections,
    connect_timeout: limits.connect,
    // Our arrays are read and written in SQL. Asking for their types would be one more question on
    // each new connection, and one whose failure nobody catches.
    fetch_types: false,
    // Ask again soon after Postgres went away, so that we are back within 5 s of its return (S4).
    backoff: (attempt) => Math.min(0.1 * 2 ** attempt, 1),
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
    pending: () => pendingMigrations(db),
    close: () => client.end({ timeout: 5 }),
  };
}

/** How to end the connection of each transaction, by what Drizzle sends its queries with. */
const connectionClosers = new WeakMap<object, () => void>();

/**
 * Ends the connection of a transaction whose work was given up, whatever it is doing, so that the
 * pool makes another one. The embedded database has no connections: there the work goes on to its end.
 */
export function endTransaction(tx: Db): void {
  const { session } = tx as unknown as { session: { client: object } };
  connectionClosers.get(session.client)?.();
}

/** What the driver's types leave out of a query. */
interface DriverQuery extends PendingQuery<Row[]> {
  /** Sends it; `then` calls it, so that a query which nobody waits for is not sent. */
  handle(): unknown;
  /** Chooses a connection for it. */
  handler(query: this): unknown;
  reject(error: Error): void;
  /** The connection it was sent over. */
  readonly state: Backend | null;
}

type Begin = (work: Work) => Promise<unknown>;
type Unsafe = Sql["unsafe"];

/**
 * When a connection dies in a transaction, the driver writes a rollback to the socket that is gone (an
 * uncaught error, and a connection that hangs once it is used again), and what the work still sends
 * may run in somebody else's transaction on the connection made anew. So work whose connection is
 * over sends nothing more and never ends; the transaction has failed by the connection's own end.
 * `start` begins a transaction and returns its first query.
 */
function guardTransactionsOnConnectionLoss(
  start: (work: Work) => [Promise<unknown>, DriverQuery],
  sockets: PostgresSockets,
) {
  return (work: Work) => {
    let ended = false;
    const [end, first] = start((sql) => {
      const { unsafe } = sql;
      const isOver = () => ended || sockets.isClosing(first.state!);
      connectionClosers.set(sql, () => {
        if (!isOver()) sockets.giveUp(first.state!);
      });
      sql.unsafe = ((...args: Parameters<Unsafe>) => {
        const query = unsafe(...args) as DriverQuery;
        const { handler } = query;
        query.handler = (self) =>
          isOver()
            ? query.reject(unavailableError("The connection is over.", "CONNECTION_CLOSED"))
            : handler(self);
        return query;
      }) as Unsafe;
      return work(sql).then(
        (response) => (isOver() ? never() : response),
        async (error: unknown) => {
          // Postgres says goodbye a moment before it closes.
          if (!isOver() && isConnectionLost(error)) await sleep(closeGraceMs);
          if (isOver()) return never();
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

/** A new one each time: one for all would keep everybody who waits for it. */
const never = () => new Promise<never>(() => {});
const closeGraceMs = 100;

const unavailableError = (message: string, code: string) =>
  Object.assign(new Error(message), { code });

type Work = (sql: TransactionSql) => Promise<unknown>;

/** One for each connection. Whoever waits too long for one gets none. */
class Slots {
  readonly #waiting = new Set<() => void>();

  constructor(
    private free: number,
    private readonly wait: number,
  ) {}

  /** Resolves to what releases it. */
  acquire(): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const start = () => {
        this.free -= 1;
        clearTimeout(tooLong);
        resolve(() => this.#release());
      };
      const leave = () => {
        this.#waiting.delete(start);
        reject(
          unavailableError("No connection to Postgres became free in time.", "CONNECT_TIMEOUT"),
        );
      };
      const tooLong = setTimeout(leave, this.wait * 1000);
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
 * The driver keeps whoever finds all connections busy without a limit, and sends their queries when
 * nobody waits for the answers any more, or puts them behind others on a connection that may be dead.
 */
function limitWaiting(client: Sql, sockets: PostgresSockets, slots: Slots) {
  const { begin, unsafe } = client;
  let firstOfTransaction: DriverQuery;
  const statement = (...args: Parameters<Unsafe>) => {
    const query = unsafe(...args) as DriverQuery;
    const { handle, handler } = query;
    query.handler = (self) => sockets.whenNoneIsClosing(() => handler(self));
    // The driver's own "begin": the transaction as a whole has its slot.
    if (args[2] && "onexecute" in args[2]) return (firstOfTransaction = query);
    let isAsked = false;
    query.handle = () => {
      if (isAsked) return;
      isAsked = true;
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
  // Within a transaction the driver has functions of its own.
  Object.assign(client, { unsafe: statement, begin: transaction });
}

let prepares = false;

/**
 * Drizzle asks the driver to prepare only what it was given a name for, and the driver then parses,
 * plans and describes everything else anew, with one more round trip. Our statements are few and
 * their texts never change, so all of them are worth keeping; any name will do.
 */
function prepareAllStatements(session: {
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
const unavailableSqlState = /^(08...|53...|57P0[1-5]|57014|25006|25P03|40001|40P01|55P03)$/;
const unavailableDriverCode =
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
    (code) => closingSqlState.test(code) || unavailableDriverCode.test(code),
  );
}

/** Whether an error means that the database is away for now, rather than that we are wrong. */
export function isDatabaseUnavailable(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code, syscall } = cause as { code?: unknown; syscall?: unknown };
    // The socket file of a Postgres on this machine; other files that are missing are our affair.
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
