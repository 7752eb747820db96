import { hash } from "@node-rs/argon2";
import postgres from "postgres";
import { bounds } from "@/lib/core/policy";
import { growingTables, type RowsPerUser, statementsForRows } from "@/test/support/many-rows";

/** The password of every generated user. */
export const password = "four unrelated words here";

/** A table grows with its users, or with what they did within a retention. */
const perUser: RowsPerUser = {
  /** A year of sign-ins, refusals and changes. */
  auditEvents: 10,
  /** A year of links. A purge keeps two days of them; the worst case is that none runs. */
  verifications: 2,
  /** Emails of a week, as a purge leaves them. */
  letters: 0.25,
  /** Limits that have counted something within a day. */
  limits: 0.2,
  oauthAttempts: 0.01,
  auditCounts: 0.05,
};

/** Fills the migrated, empty database with this many users and what belongs to them. */
export async function fill(databaseUrl: string, users: number): Promise<void> {
  const passwordHash = await hash(password, bounds.argon2);
  // Without the checks of foreign keys, row by row: the rows are made to match.
  const connection = { session_replication_role: "replica" };
  const sql = postgres(databaseUrl, { max: 2, connection, onnotice: () => {} });
  // The audit log takes longest, so it starts first.
  const statements = statementsForRows(users, passwordHash, perUser).toReversed();
  await Promise.all(statements.map((statement) => sql.unsafe(statement)));
  await sql.unsafe(`vacuum (freeze, analyze)`);
  // Otherwise Postgres writes what was filled to the disk while the rounds are measured.
  await sql.unsafe(`checkpoint`);
  // What a server in use has in memory: every table of a request's path, without the audit log.
  await sql.unsafe(`create extension pg_prewarm`);
  await sql.unsafe(`select pg_prewarm(oid) from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'i') and relname not like 'audit%'`);
  await sql.unsafe(`drop extension pg_prewarm`);
  await sql.end();
}

/** The size of a table or an index, and how often an index was scanned. */
export interface Relation {
  readonly name: string;
  /** Of a table; null for an index. */
  readonly rows: number | null;
  readonly bytes: number;
  /** Of an index. */
  readonly scans: number | null;
}

/** The growing tables, each followed by its indexes. */
export async function readSizes(databaseUrl: string): Promise<Relation[]> {
  const sql = postgres(databaseUrl, { max: 1 });
  const found = await sql<(Relation & { table: string })[]>`
    select t.relname as table, coalesce(i.indexrelname, t.relname) as name,
      case when i.indexrelid is null then c.reltuples::float8 end as rows,
      pg_relation_size(coalesce(i.indexrelid, t.relid))::float8 as bytes, i.idx_scan::float8 as scans
    from pg_stat_user_tables t join pg_class c on c.oid = t.relid,
      lateral (select null::oid as indexrelid, null::name as indexrelname, null::bigint as idx_scan
        union all select indexrelid, indexrelname, idx_scan from pg_stat_user_indexes where relid = t.relid) i
    where t.relname = any(${[...growingTables]})
    order by pg_total_relation_size(t.relid) desc, i.indexrelid is not null, bytes desc`;
  await sql.end();
  return found.map(({ name, rows, bytes, scans }) => ({ name, rows, bytes, scans }));
}
