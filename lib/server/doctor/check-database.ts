import { sql } from "drizzle-orm";
import { type Database, type Db, openDatabase } from "@/db/client";
import { DatabaseProblem, type DatabaseProblemKind, explained } from "@/db/explain-error";
import { migrationState } from "@/db/migrate";
import { row, rows } from "@/db/rows";
import type { Env } from "@/lib/core/env";
import { bounds } from "@/lib/core/policy";
import type { Clock, Log } from "@/lib/runtime/ports";
import { databaseClock } from "@/lib/adapters/database-clock";
import { tryToGrow, tryToWrite } from "@/lib/adapters/write-probe";
import { type Found, type FindingCode, found } from "./findings";

const codes = {
  url_invalid: "database_url_invalid",
  host_unknown: "database_host_unknown",
  unreachable: "database_unreachable",
  silent: "database_silent",
  closed: "database_closed",
  tls_failed: "database_tls_failed",
  sign_in_refused: "database_sign_in_refused",
  missing: "database_missing",
  parameter_refused: "database_parameter_refused",
  schema_missing: "database_schema_missing",
  right_missing: "database_right_missing",
  connections_exhausted: "database_connections_exhausted",
  disk_full: "database_disk_full",
  out_of_memory: "database_out_of_memory",
  read_only: "database_read_only",
  not_ready: "database_not_ready",
  slow: "database_slow",
  refused: "database_refused",
  not_migrated: "database_not_migrated",
  // Of the embedded database, and of copying: not here.
  in_use: "database_refused",
  embedded_unusable: "database_refused",
  not_copied: "database_refused",
} as const satisfies Record<DatabaseProblemKind, FindingCode>;

/** The Postgres of a valid environment, with its rights, migrations, clock and limits. Changes nothing. */
export async function checkPostgres(env: Env, clock: Clock): Promise<Found[]> {
  const { databaseUrl, migrateDatabaseUrl } = env;
  const own = await onDatabase("DATABASE_URL", databaseUrl!, (database) =>
    lookAt(database, clock, databaseUrl === migrateDatabaseUrl),
  );
  if ("problem" in own) return [own.problem];
  if (databaseUrl === migrateDatabaseUrl) return own.findings;
  const other = await onDatabase("MIGRATE_DATABASE_URL", migrateDatabaseUrl!, async ({ db }) => {
    const isSame = (await identityOf(db)) === own.identity;
    if (!isSame) return [found("migrate_database_differs")];
    return own.isPending ? mayMigrate(db, "MIGRATE_DATABASE_URL") : [];
  });
  return [...own.findings, ...("problem" in other ? [other.problem] : other)];
}

interface Opened extends Pick<Database, "db"> {
  /** Settings of the server behind a pooler are not those of our connections. */
  readonly isPooled: () => boolean;
}

async function onDatabase<T>(
  variable: string,
  url: string,
  work: (database: Opened) => Promise<T>,
): Promise<T | { problem: Found }> {
  const run = async () => {
    let pooled = false;
    const onPooler = () => void (pooled = true);
    const database = await openDatabase({ url, directory: "", connections: 1, onPooler });
    try {
      return await work({ db: database.db, isPooled: () => pooled });
    } finally {
      await database.close();
    }
  };
  let result: T;
  const problem = await problemOf(variable, async () => {
    result = await run();
  });
  return problem ? { problem } : result!;
}

/** Why the work failed, as the server says it; null when it did not. */
async function problemOf(variable: string, work: () => Promise<void>): Promise<Found | null> {
  try {
    await explained(variable, work());
    return null;
  } catch (error) {
    if (!(error instanceof DatabaseProblem)) throw error;
    return found(codes[error.kind], { explanation: error.message });
  }
}

/** What looking at the database of DATABASE_URL found. */
interface Looked {
  readonly findings: Found[];
  readonly identity: string;
  /** Whether migrations have to create or change tables. */
  readonly isPending: boolean;
}

async function lookAt({ db, isPooled }: Opened, clock: Clock, migratesItself: boolean) {
  const server = await readServer(db);
  const looked: Looked = { findings: [], identity: server.identity, isPending: false };
  const { findings } = looked;
  if (server.number < bounds.oldestPostgres * 10_000)
    return { ...looked, findings: [found("database_too_old", { version: server.version })] };
  findings.push(...(await checkClock(db, clock)));
  if (!isPooled() && server.available < bounds.databaseConnections)
    findings.push(found("connection_limit_low", { available: server.available }));
  const rights = await checkTableRights(db);
  findings.push(...rights);
  // Without the right to read the list of migrations.
  if (rights.some(({ slots }) => String(slots["tables"]).includes("drizzle."))) return looked;
  const { found: migrations, isPending, isEmpty } = await checkMigrations(db);
  findings.push(...migrations);
  if (isPending && migratesItself) findings.push(...(await mayMigrate(db, "DATABASE_URL")));
  if (rights.length === 0) {
    const refusal = await problemOf("DATABASE_URL", async () => {
      if (!isEmpty) await tryToWrite(db);
      await tryToGrow(db);
    });
    if (refusal) findings.push(refusal);
  }
  if (findings.every(({ code }) => harmless.has(code)))
    findings.unshift(found("database_ready", { version: server.version }));
  return { ...looked, isPending };
}

/** What says nothing against reads and writes. */
const harmless: ReadonlySet<FindingCode> = new Set([
  "clock_differs",
  "connection_limit_low",
  "database_empty",
  "migrations_newer",
]);

interface Server {
  readonly number: number;
  readonly version: string;
  /** Connections that are left to ordinary users, this user and this database. */
  readonly available: number;
  readonly identity: string;
}

const identity = sql`(select oid from pg_database where datname = current_database())::text
  || ' ' || extract(epoch from pg_postmaster_start_time())`;

const identityOf = async (db: Db) =>
  (await row<{ identity: string }>(db, sql`select ${identity} as identity`))!.identity;

const readServer = async (db: Db) =>
  (await row<Server>(
    db,
    sql`select current_setting('server_version_num')::int as number,
      split_part(current_setting('server_version'), ' ', 1) as version,
      least(
        current_setting('max_connections')::int - case when usesuper then 0
          else current_setting('superuser_reserved_connections')::int
            + coalesce(current_setting('reserved_connections', true)::int, 0) end,
        (select nullif(rolconnlimit, -1) from pg_roles where rolname = current_user and not rolsuper),
        (select nullif(datconnlimit, -1) from pg_database where datname = current_database() and not usesuper)
      ) as available, ${identity} as identity
    from pg_user where usename = current_user`,
  ))!;

/** Its log lines are for the server; here its difference is a finding. */
const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} };

/** The difference between the clocks of this machine and of the database. */
export async function checkClock(db: Db, system: Clock): Promise<Found[]> {
  const clock = databaseClock(db, system, silentLog);
  await clock.read();
  return clock.differs()
    ? [found("clock_differs", { seconds: Math.abs(clock.secondsAhead()) })]
    : [];
}

/** Pending and unknown migrations. `isEmpty`: none was ever applied. */
export async function checkMigrations(db: Db) {
  const { pending, unknown, isTooNew } = await migrationState(db);
  const isEmpty = !(await row<{ is: string | null }>(
    db,
    sql`select to_regclass('public.users')::text as is`,
  ))!.is;
  const names = pending.join(", ");
  return {
    isEmpty,
    isPending: pending.length > 0,
    found: [
      ...(isEmpty ? [found("database_empty")] : []),
      ...(!isEmpty && names ? [found("migrations_pending", { names })] : []),
      ...(unknown.length > 0
        ? [
            found(isTooNew ? "migrations_unknown" : "migrations_newer", {
              names: unknown.join(", "),
            }),
          ]
        : []),
    ],
  };
}

/** Whether the user may create what a migration creates. */
async function mayMigrate(db: Db, setting: string): Promise<Found[]> {
  const may = await row<{ may: boolean }>(
    db,
    sql`select coalesce(has_schema_privilege('public', 'create'), false)
      and (to_regnamespace('drizzle') is not null or has_database_privilege(current_database(), 'create')) as may`,
  );
  return may!.may ? [] : [found("migration_right_missing", { setting })];
}

/** Nothing changes or deletes audit rows, so an operator may withhold those rights. */
async function checkTableRights(db: Db): Promise<Found[]> {
  const lacking = await rows<{ name: string }>(
    db,
    sql`select schemaname || '.' || tablename as name
      from pg_tables, lateral (select format('%I.%I', schemaname, tablename) as relation) as one
      where case schemaname
        when 'drizzle' then
          not (has_schema_privilege(schemaname, 'usage') and has_table_privilege(relation, 'select'))
        when 'public' then
          not (has_table_privilege(relation, 'select') and has_table_privilege(relation, 'insert')
            and (tablename like 'audit_event%'
              or (has_table_privilege(relation, 'update') and has_table_privilege(relation, 'delete'))))
        else false end
      order by 1`,
  );
  const tables = lacking.map(({ name }) => name).join(", ");
  return tables ? [found("table_rights_missing", { tables })] : [];
}
