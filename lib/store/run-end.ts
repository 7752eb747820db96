import { sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row } from "@/db/rows";
import type { Key } from "@/lib/core/crypto";
import { type AuditFacts, eventRecorded } from "./audit-log";
import { lettersQueued, type QueuedLetter } from "./outbox";
import { sessionInserted, type SessionRow } from "./sessions";

/** What the end of a run writes, in the transaction of its change. */
export interface RunEnd {
  /** The session that the run starts; null for none. */
  readonly session: SessionRow | null;
  readonly letters: readonly QueuedLetter[];
  readonly event: AuditFacts;
}

/** Starts the session, queues the letters and writes the audit event in one statement (I5, I6). */
export async function recordRunEnd(tx: Db, key: Key, end: RunEnd): Promise<void> {
  const parts = [
    ...(end.session ? [sessionInserted(end.session)] : []),
    ...(end.letters.length > 0 ? [lettersQueued(key, end.letters)] : []),
    eventRecorded(end.event),
  ];
  await row(tx, sql`with ${sql.join(parts, sql`, `)} select`);
}
