import { sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row } from "@/db/rows";
import { emailChanges, oauthAttempts, outbox, sessions, verifications } from "@/db/schema";
import type { WithheldReason } from "@/lib/core/letters";
import { recordEvent } from "./audit-log";
import { isPending } from "./staff-help";

/** What a backup brings back of the time when it was made. */
export interface BroughtBack {
  /** Sessions, those included that have expired. */
  readonly sessions: number;
  /** Links and codes that would still work. */
  readonly verifications: number;
  /** OAuth attempts, and the identities that wait for their user's decision. */
  readonly oauthAttempts: number;
  /** Changes of an address that would still take effect. */
  readonly emailChanges: number;
  /** Emails that would still be sent. */
  readonly letters: number;
}

const isLive = sql`consumed_at is null and voided_at is null and expires_at > now()`;
const isQueued = sql`state = 'queued'`;

/** Counts what `endBroughtBack` would end. Changes nothing. */
export async function countBroughtBack(db: Db): Promise<BroughtBack> {
  const counts = await row<BroughtBack>(
    db,
    sql`select (select count(*)::int from ${sessions}) as sessions,
      (select count(*)::int from ${verifications} where ${isLive}) as verifications,
      (select count(*)::int from ${oauthAttempts}) as "oauthAttempts",
      (select count(*)::int from ${emailChanges} where ${isPending}) as "emailChanges",
      (select count(*)::int from ${outbox} where ${isQueued}) as letters`,
  );
  return counts!;
}

export const isNothing = (counts: BroughtBack): boolean =>
  Object.values(counts).every((count) => count === 0);

/**
 * Ends what a restored backup brings back, in one transaction with one audit row: sessions that were ended
 * since, links that were used since, changes of an address that were stopped since, emails that were sent
 * since. Returns how many of each; all zero, and no audit row, where nothing is left to end. `requestId`
 * identifies the run in the log.
 */
export function endBroughtBack(db: Db, requestId: string): Promise<BroughtBack> {
  const reason: WithheldReason = "restored";
  return db.transaction(async (tx) => {
    const counts = await row<BroughtBack>(
      tx,
      sql`with ended as (delete from ${sessions} returning 1),
      voided as (update ${verifications} set voided_at = now() where ${isLive} returning 1),
      stopped as (update ${emailChanges} set undone_at = now() where ${isPending} returning 1),
      forgotten as (delete from ${oauthAttempts} returning 1),
      withheld as (
        update ${outbox} set state = 'dead', reason = ${reason}, payload = null, rendered = null, done_at = now()
        where ${isQueued} returning 1
      )
      select (select count(*)::int from ended) as sessions,
        (select count(*)::int from voided) as verifications,
        (select count(*)::int from forgotten) as "oauthAttempts",
        (select count(*)::int from stopped) as "emailChanges",
        (select count(*)::int from withheld) as letters`,
    );
    if (!isNothing(counts!))
      await recordEvent(tx, {
        event: "backup.restored",
        outcome: "ok",
        requestId,
        ip: null,
        browser: "command line",
      });
    return counts!;
  });
}
