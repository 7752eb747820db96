import { sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { auditCounts, auditEvents, auditEventDetails } from "@/db/schema";
import { row } from "@/db/rows";
import type { Identifier } from "@/lib/core/identifier";

/** One audit event. Ids go into its row; IP, browser and address into its details. */
export interface AuditFacts {
  readonly event: string;
  /** "ok", or the refusal's code. */
  readonly outcome: string;
  readonly cause?: string | undefined;
  readonly subjectId?: string | undefined;
  readonly callerId?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly requestId: string;
  readonly ip: string | null;
  readonly browser: string;
  readonly identifier?: Identifier | undefined;
}

/** Writes an event and its details in one statement. */
export async function recordEvent(db: Db, facts: AuditFacts): Promise<void> {
  await row(db, sql`with ${eventRecorded(facts)} select`);
}

/** CTEs that write an event and its details. */
export const eventRecorded = (facts: AuditFacts) => sql`
  event as (
    insert into ${auditEvents} (event, outcome, cause, subject_id, caller_id, session_id, request_id)
    values (${facts.event}, ${facts.outcome}, ${facts.cause ?? null}, ${facts.subjectId ?? null}::uuid,
            ${facts.callerId ?? null}::uuid, ${facts.sessionId ?? null}::uuid, ${facts.requestId})
    returning id
  ), details as (
    insert into ${auditEventDetails} (event_id, ip, browser, identifier)
    select id, ${facts.ip}, ${facts.browser}, ${facts.identifier ?? null} from event
  )`;

/** Counts a rejection by hour and keyed hash of the network, as they come in floods (T3). */
export async function countRejection(
  db: Db,
  { event, outcome, keyHash }: { event: string; outcome: string; keyHash: string },
): Promise<void> {
  await db
    .insert(auditCounts)
    .values({ event, outcome, keyHash, hour: sql`date_trunc('hour', now())` })
    .onConflictDoUpdate({
      target: [auditCounts.event, auditCounts.outcome, auditCounts.keyHash, auditCounts.hour],
      set: { count: sql`${auditCounts.count} + 1` },
    });
}
