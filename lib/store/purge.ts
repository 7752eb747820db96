import { sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row, rows } from "@/db/rows";
import {
  emailChanges,
  knownDevices,
  oauthAttempts,
  limitHits,
  outbox,
  sessions,
  verifications,
} from "@/db/schema";
import { bounds, lifetimes } from "@/lib/core/policy";

/**
 * A number within the statement. As a parameter it would be unknown to a plan that fits all parameters, which
 * Postgres then expects to find a third of the table: it would read all of it.
 */
const literal = (value: number) => sql.raw(String(value));

const ago = (length: number) => sql`now() - make_interval(secs => ${literal(length)})`;

const sessionEnd = sql`least(ends_at, last_seen_at + make_interval(secs => idle_seconds))`;

/** The expired rows of each table but the sessions (X10). */
const expired = [
  [
    verifications,
    sql`expires_at < ${ago(lifetimes.finishedVerification)} and not exists
    (select from ${outbox} o where o.verification_id = verifications.id and o.state = 'queued')`,
  ],
  [oauthAttempts, sql`expires_at < now()`],
  [outbox, sql`done_at < ${ago(lifetimes.finishedEmail)}`],
  [limitHits, sql`expires_at < now()`],
  [emailChanges, sql`reserved_until < now() and (applied_at is not null or undone_at is not null)`],
  [knownDevices, sql`last_used_at < ${ago(lifetimes.knownDevice)}`],
] as const;

/**
 * Deletes expired rows in batches of `bounds.purgeBatch`, so that no request waits long for a lock, and
 * each batch is found by an index. Returns the number of rows. Calls `progress` after each batch; it may
 * throw to stop.
 */
export async function purge(db: Db, progress: () => void = () => {}): Promise<number> {
  let total = await purgeSessions(db, progress);
  for (const [table, isExpired] of expired) {
    let deleted: number;
    do {
      deleted = (
        await rows(
          db,
          sql`delete from ${table} where ctid = any(array(
            select ctid from ${table} where ${isExpired} limit ${literal(bounds.purgeBatch)} for update skip locked
          )) returning 1`,
        )
      ).length;
      total += deleted;
      progress();
    } while (deleted === bounds.purgeBatch);
  }
  return total;
}

/**
 * A session ends by its last use, which no index has. So a purge looks only at sessions that may have ended
 * since it looked at them before, and notes for those still in use when they may end next.
 */
async function purgeSessions(db: Db, progress: () => void): Promise<number> {
  let total = 0;
  let looked: number;
  do {
    const batch = await row<{ looked: number; deleted: number }>(
      db,
      sql`with due as materialized (
        select id, ${sessionEnd} as ends from ${sessions} where expiry_check_at < now()
        order by expiry_check_at limit ${literal(bounds.purgeBatch)} for update skip locked
      ), deleted as (
        delete from ${sessions} where id = any(array(select id from due where ends < now())) returning 1
      ), noted as (
        update ${sessions} s set expiry_check_at = ${sessionEnd}
        where id = any(array(select id from due where ends >= now()))
      )
      select (select count(*)::int from due) as looked, (select count(*)::int from deleted) as deleted`,
    );
    ({ looked } = batch!);
    total += batch!.deleted;
    progress();
  } while (looked === bounds.purgeBatch);
  return total;
}

/** What tells whether the database's clock may be wrong. */
export interface PurgeFacts {
  /** The database's clock, in seconds. */
  readonly now: number;
  /** Seconds since the last use of a session that was looked at; null without sessions. */
  readonly quiet: number | null;
  /** How many were looked at, and how many of these have expired. */
  readonly sessions: number;
  readonly expired: number;
}

/** The share of the table's pages, in percent, that has this many of them. */
const shareOf = (pages: number) => sql`least(100, 100.0 * ${pages}::int
  * current_setting('block_size')::int / greatest(1, pg_relation_size('public.sessions')))`;

/**
 * Facts of the sessions on about this many random pages of their table, or of all if it has no more: the
 * cost does not grow with the number of sessions. One statement, so that its parts have the same time.
 */
export async function readPurgeFacts(
  db: Db,
  pages: number = bounds.purgeSample,
): Promise<PurgeFacts> {
  const facts = await row<PurgeFacts>(
    db,
    sql`select extract(epoch from now())::float8 as now,
      extract(epoch from now() - max(last_seen_at))::float8 as quiet,
      count(*)::int as sessions, (count(*) filter (where ${sessionEnd} < now()))::int as expired
      from ${sessions} tablesample system (${shareOf(pages)})`,
  );
  return facts!;
}
