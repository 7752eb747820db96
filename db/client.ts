import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { PgDatabase, PgQueryResultHKT } from "drizzle-orm/pg-core";
import type { PendingQuery, Row, Sql, TransactionSql } from "postgres";
import { isLoopback } from "@/lib/core/env";
import { bounds, databaseLimits, intervals } from "@/lib/core/policy";
import { parsePostgresUrl, type PostgresHost, type PostgresUrl } from "@/lib/core/postgres-url";
import { type EmbeddedDatabaseError, openPglite } from "./pglite";
import * as schema from "./schema";
import {
  type Address,
  type Backend,
  type ConnectionLimits,
  type DropReason,
  PostgresSockets,
  type Target,
} from "./postgres-socket";

/** A connection or a transaction: the same queries run on PGlite and on Postgres. */
export type Db = PgDatabase<PgQueryResultHKT, typeof schema>;

export interface Database {
  readonly db: Db;
  readonly kind: "pglite" | "postgres";
  /** How the pool is used; null for the embedded database, which has one connection. */
  poolUse(): PoolUse | null;
  close(): Promise<void>;
}

export interface PoolUse {
  readonly size: number;
  /** Connections that work for a caller. */
  readonly busy: number;
  /** Callers that wait for a connection. */
  readonly waiting: number;
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
  /** Called when the server turns out to be a pooler, such as PgBouncer. */
  readonly onPooler?: (() => void) | undefined;
  /** Called when Postgres reports that its disk is full. */
  readonly onDiskFull?: (() => void) | undefined;
  /** Reports that the embedded database has failed, before the process ends. Prints the error by default. */
  readonly onFailure?: ((error: EmbeddedDatabaseError) => void) | undefined;
  /** Receives what an administrator should know about the directory of the embedded database. */
  readonly onWarning?: ((message: string) => void) | undefined;
  /** Overrides of `databaseLimits`, in seconds. */
  readonly limits?: Partial<ConnectionLimits>;
}

export function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { url, directory, onQuery, onFailure, onWarning } = options;
  return url
    ? openPostgres(url, options)
    : openPglite({ directory, onFailure, onWarning, ...logger(onQuery) });
}

async function openPostgres(text: string, options: DatabaseOptions) {
  const { onQuery, connections = bounds.databaseConnections } = options;
  const { onDrop = () => {}, onPooler = () => {}, onDiskFull = () => {} } = options;
  const url = parsePostgresUrl(text);
  if ("problem" in url) throw new DatabaseUrlError(`The database's URL ${url.problem}.`);
  const [{ default: postgres }, { drizzle, PostgresJsSession }] = await Promise.all([
    import("postgres"),
    import("drizzle-orm/postgres-js"),
  ]);
  prepareAllStatements(PostgresJsSession.prototype);
  const { connectTimeout } = url;
  const limits = {
    ...databaseLimits,
    ...(connectTimeout && { connect: connectTimeout }),
    ...options.limits,
  };
  const { base, max } = intervals.databaseReconnectMs;
  const target = targetOf(url, limits);
  let isPooled = false;
  const onPoolerOnce = () => {
    if (isPooled) return;
    isPooled = true;
    // A pooler may give each transaction another connection, where other statements are prepared.
    if (url.prepare === undefined) client.options.prepare = false;
    onPooler();
  };
  const sockets = new PostgresSockets(target, limits, onDrop, onPoolerOnce, onDiskFull);
  const socket = () => sockets.open();
  // The driver connects only at the first query.
  const client = postgres({
    // The driver's types lack the socket and lists of hosts. It tries as many hosts as it is given.
    ...({
      socket,
      host: target.addresses.map((one) => ("path" in one ? one.path : one.host)),
      port: url.hosts.map(({ port }) => port),
    } as object),
    ...omitUndefined({ user: url.user, pass: url.password, database: url.database }),
    prepare: url.prepare ?? true,
    // `PostgresSocket` does TLS, and chooses among hosts.
    ssl: false,
    max: connections,
    connect_timeout: limits.connect,
    // SQL reads and writes our arrays, so the driver needs no types for them. Fetching the types
    // costs each new connection a query whose failure the driver does not handle.
    fetch_types: false,
    backoff: (attempt) => Math.min(base * 2 ** attempt, max) / 1000,
    onnotice: () => {},
    connection: url.session,
  });
  const slots = new Slots(connections, limits.poolWait);
  limitWaiting(client, sockets, slots);
  const db = drizzle(client, { schema, ...logger(onQuery) });
  return {
    db,
    kind: "postgres" as const,
    poolUse: () => slots.use(),
    close: () => client.end({ timeout: limits.close }),
  };
}

/** A database's URL that cannot be used, or names files that cannot be read. The message says why. */
export class DatabaseUrlError extends Error {}

const omitUndefined = (options: Record<string, string | undefined>) =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

function targetOf(url: PostgresUrl, limits: ConnectionLimits): Target {
  const addresses = url.hosts.map(addressOf);
  const isLocal = addresses.every((one) => "path" in one || isLoopback(one.host));
  const { rootCertificate, certificate, key } = url.tlsFiles;
  return {
    addresses,
    // As libpq, except that TLS on this machine protects nothing.
    tls: url.tls ?? (isLocal ? "disable" : "prefer"),
    directTls: url.directTls,
    tlsOptions: {
      ...(rootCertificate && rootCertificate !== "system" && { ca: readPem(rootCertificate) }),
      ...(certificate && { cert: readPem(certificate) }),
      ...(key && { key: readPem(key) }),
    },
    settings: {
      ...sessionSettings,
      statement_timeout: String(Math.round(limits.statement * 1000)),
      idle_in_transaction_session_timeout: String(Math.round(limits.idleInTransaction * 1000)),
    },
  };
}

/**
 * What our statements rely on, whatever the server, the database and the role have as their own: how
 * values are written as text, where our tables are, and what a transaction sees.
 */
const sessionSettings = {
  DateStyle: "ISO, YMD",
  TimeZone: "UTC",
  IntervalStyle: "postgres",
  bytea_output: "hex",
  extra_float_digits: "1",
  standard_conforming_strings: "on",
  search_path: "public",
  default_transaction_isolation: "read committed",
};

/** The directories of libpq's default socket: Debian's, and that of Postgres itself. */
const socketDirectories = ["/var/run/postgresql", "/run/postgresql", "/tmp"];

function addressOf({ host, port }: PostgresHost): Address {
  if (host.startsWith("/")) return { path: socketIn(host, port) };
  const found = host
    ? undefined
    : socketDirectories.map((one) => socketIn(one, port)).find((one) => existsSync(one));
  return found ? { path: found } : { host: host || "localhost", port };
}

/** Some providers name the socket itself instead of its directory. */
const socketIn = (directory: string, port: number) =>
  /\.s\.PGSQL\.\d+$/.test(directory) ? directory : path.posix.join(directory, `.s.PGSQL.${port}`);

function readPem(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new DatabaseUrlError(
      `The file ${file}, which the database's URL names, cannot be read: ${code ?? String(error)}.`,
    );
  }
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
  private free: number;

  constructor(
    private readonly size: number,
    private readonly wait: number,
  ) {
    this.free = size;
  }

  use(): PoolUse {
    return { size: this.size, busy: this.size - this.free, waiting: this.#waiting.size };
  }

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

/** Whether an error means that there is no connection, or that Postgres is about to close it. */
export function isConnectionLost(error: unknown): boolean {
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
