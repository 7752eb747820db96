import { sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row, rows } from "@/db/rows";
import {
  knownDevices,
  oauthAttempts,
  limitHits,
  outbox,
  sessions,
  verifications,
} from "@/db/schema";
import { bounds, lifetimes } from "@/lib/core/policy";

const ago = (length: number) => sql`now() - make_interval(secs => ${length})`;

const isExpiredSession = sql`(ends_at < now() or last_seen_at + make_interval(secs => idle_seconds) < now())`;

/** The expired rows of each table (X10). */
const expired = [
  [sessions, isExpiredSession],
  [
    verifications,
    sql`expires_at < ${ago(lifetimes.finishedVerification)} and not exists
    (select from ${outbox} o where o.verification_id = verifications.id and o.state = 'queued')`,
  ],
  [oauthAttempts, sql`expires_at < now()`],
  [outbox, sql`done_at < ${ago(lifetimes.finishedEmail)}`],
  [limitHits, sql`expires_at < now()`],
  [knownDevices, sql`last_used_at < ${ago(lifetimes.knownDevice)}`],
] as const;

/**
 * Deletes expired rows in batches of `bounds.purgeBatch`, so that no request waits long for a lock.
 * Returns the number of rows. Calls `progress` after each batch; it may throw to stop.
 */
export async function purge(db: Db, progress: () => void = () => {}): Promise<number> {
  let total = 0;
  for (const [table, isExpired] of expired) {
    let deleted: number;
    do {
      deleted = (
        await rows(
          db,
          sql`delete from ${table} where ctid = any(array(
            select ctid from ${table} where ${isExpired} limit ${bounds.purgeBatch} for update skip locked
          )) returning 1`,
        )
      ).length;
      total += deleted;
      progress();
    } while (deleted === bounds.purgeBatch);
  }
  return total;
}

/** What tells whether the database's clock may be wrong. */
export interface PurgeFacts {
  /** The database's clock, in seconds. */
  readonly now: number;
  /** Seconds since the last use of a session; null without sessions. */
  readonly quiet: number | null;
  readonly sessions: number;
  readonly expired: number;
}

/** One statement, so that its parts have the same time. */
export async function readPurgeFacts(db: Db): Promise<PurgeFacts> {
  const facts = await row<PurgeFacts>(
    db,
    sql`select extract(epoch from now())::float8 as now,
      extract(epoch from now() - max(last_seen_at))::float8 as quiet,
      count(*)::int as sessions, (count(*) filter (where ${isExpiredSession}))::int as expired
      from ${sessions}`,
  );
  return facts!;
}
