import { sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row } from "@/db/rows";
import type { Key } from "@/lib/core/crypto";
import { type AuditFacts, eventRecorded } from "./audit-log";
import { lettersQueued, type QueuedLetter, reportQueued } from "./outbox";
import { sessionInserted, type SessionRow } from "./sessions";
import { signInReportable } from "./sign-in-reports";

/** What the end of a run writes, in the transaction of its change. */
export interface RunEnd {
  /** The session that the run starts; null for none. */
  readonly session: SessionRow | null;
  readonly letters: readonly QueuedLetter[];
  readonly event: AuditFacts;
}

/**
 * Starts the session, queues the letters and writes the audit event in one statement (I5, I6). So whether
 * the session's device is new is decided by what was there before. Returns whether a letter says that it is.
 */
export async function recordRunEnd(
  tx: Db,
  key: Key,
  { session, letters, event }: RunEnd,
): Promise<{ isReported: boolean }> {
  const report = session?.report;
  const parts = [
    ...(session ? [sessionInserted(session)] : []),
    ...(session && report ? [signInReportable(session, report), reportQueued(key, report)] : []),
    ...(letters.length > 0 ? [lettersQueued(key, letters)] : []),
    eventRecorded(event),
  ];
  const reported = report ? sql`exists (select from reported)` : sql`false`;
  const end = await row<{ isReported: boolean }>(
    tx,
    sql`with ${sql.join(parts, sql`, `)} select ${reported} as "isReported"`,
  );
  return end!;
}
