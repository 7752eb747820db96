import { sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { rows } from "@/db/rows";
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

export const isExpiredSession = sql`(ends_at < now() or last_seen_at + make_interval(secs => idle_seconds) < now())`;

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
 * Returns the number of rows. Calls `progress` after each batch; it may throw to stop. Deletes nothing
 * unless `mayPurge` allows it.
 */
export async function purge(
  db: Db,
  progress: () => void = () => {},
  mayPurge: (db: Db) => Promise<boolean> = () => Promise.resolve(true),
): Promise<number> {
  if (!(await mayPurge(db))) return 0;
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
