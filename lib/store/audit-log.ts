import { sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { auditCounts, auditEvents, auditEventDetails, users } from "@/db/schema";
import { row, rows } from "@/db/rows";
import { staffEvents } from "@/lib/core/activity";
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
  /** The staff member whose access link started the session (T2). */
  readonly staffId?: string | undefined;
  readonly requestId: string;
  readonly ip: string | null;
  readonly browser: string;
  readonly identifier?: Identifier | undefined;
  /** What a staff member wrote about it. */
  readonly reason?: string | undefined;
}

/** Writes an event and its details in one statement. */
export async function recordEvent(db: Db, facts: AuditFacts): Promise<void> {
  await row(db, sql`with ${eventRecorded(facts)} select`);
}

/** CTEs that write an event and its details. */
export const eventRecorded = (facts: AuditFacts) => sql`
  event as (
    insert into ${auditEvents} (event, outcome, cause, subject_id, caller_id, session_id, staff_id, request_id)
    values (${facts.event}, ${facts.outcome}, ${facts.cause ?? null}, ${facts.subjectId ?? null}::uuid,
            ${facts.callerId ?? null}::uuid, ${facts.sessionId ?? null}::uuid,
            ${facts.staffId ?? null}::uuid, ${facts.requestId})
    returning id
  ), details as (
    insert into ${auditEventDetails} (event_id, ip, browser, identifier, reason)
    select id, ${facts.ip}, ${facts.browser}, ${facts.identifier ?? null}, ${facts.reason ?? null} from event
  )`;

/** An event of a user's account. */
export interface Activity {
  readonly id: number;
  readonly at: Date;
  readonly event: string;
  /** "ok", or the refusal's code. */
  readonly outcome: string;
  /** Null where it was not known, or was erased. */
  readonly ip: string | null;
  readonly browser: string | null;
}

/** Whether an event is older than this one of the same user. */
const isBefore = (id: number, userId: string) => sql`(e.at, e.id) < (
  select at, id from ${auditEvents} where id = ${id}::bigint and subject_id = ${userId}::uuid)`;

const hasNameOf = (events: readonly string[]) =>
  sql`e.event in (${sql.join(
    events.map((event) => sql`${event}`),
    sql`, `,
  )})`;

/** Whether staff did it, to an account of somebody else; of the event `e`. */
export const isByStaff = hasNameOf(staffEvents);

/** The newest events of a user, at most `most`, older than the event with the id `before`. */
export async function selectActivity(
  db: Db,
  userId: string,
  {
    before,
    events,
    refusedOnly,
    most,
  }: {
    before: number | null;
    events: readonly string[] | null;
    refusedOnly: boolean;
    most: number;
  },
): Promise<Activity[]> {
  const found = await rows<Omit<Activity, "id" | "at"> & { id: number; at: number }>(
    db,
    // Where a member of staff was is not the user's to see, nor what was refused to them.
    sql`select e.id::float as id, extract(epoch from e.at)::float as at, e.event, e.outcome,
        case when not ${isByStaff} then d.ip end as ip, case when not ${isByStaff} then d.browser end as browser
      from ${auditEvents} e left join ${auditEventDetails} d on d.event_id = e.id
      where e.subject_id = ${userId}::uuid and (e.outcome = 'ok' or not ${isByStaff})
        ${before === null ? sql`` : sql`and ${isBefore(before, userId)}`}
        ${events === null ? sql`` : sql`and ${hasNameOf(events)}`}
        ${refusedOnly ? sql`and e.outcome <> 'ok'` : sql``}
      order by e.at desc, e.id desc limit ${most}`,
  );
  return found.map((event) => ({ ...event, at: new Date(event.at * 1000) }));
}

/** An event of a user's account as staff see it. */
export interface UserEvent extends Activity {
  readonly cause: string | null;
  /** What a member of staff wrote about it. */
  readonly reason: string | null;
  /** The address of who did it, where that is somebody else. */
  readonly by: string | null;
}

/** The newest events of a user for staff, at most `most`, older than the event with the id `before`. */
export async function selectUserEvents(
  db: Db,
  userId: string,
  { before, most }: { before: number | null; most: number },
): Promise<UserEvent[]> {
  const found = await rows<Omit<UserEvent, "at"> & { at: number }>(
    db,
    sql`select e.id::float as id, extract(epoch from e.at)::float as at, e.event, e.outcome, e.cause,
        d.ip, d.browser, d.reason, other.email as by
      from ${auditEvents} e left join ${auditEventDetails} d on d.event_id = e.id
        left join ${users} other on other.id = e.caller_id and e.caller_id <> e.subject_id
      where e.subject_id = ${userId}::uuid
        ${before === null ? sql`` : sql`and ${isBefore(before, userId)}`}
      order by e.at desc, e.id desc limit ${most}`,
  );
  return found.map((event) => ({ ...event, at: new Date(event.at * 1000) }));
}

/** An event as staff see it. */
export interface AuditEvent extends Activity {
  readonly cause: string | null;
  /** Whose account it is about; the address is null after the account was erased. */
  readonly subjectId: string | null;
  readonly subject: Identifier | null;
  /** Who did it, where that is known: by a session. */
  readonly callerId: string | null;
  readonly caller: Identifier | null;
  /** The staff member whose access link started the session (T2). */
  readonly staffId: string | null;
  readonly staff: Identifier | null;
  readonly requestId: string;
  /** The address that was typed; null where none was, or it was erased. */
  readonly identifier: string | null;
  readonly reason: string | null;
}

/** Which events a search finds. */
export interface AuditFilter {
  readonly event: string | null;
  readonly outcome: "ok" | "refused" | null;
  /** A user, about whose account or by whom it was. */
  readonly userId: string | null;
  /** The time from which, and before which. */
  readonly from: Date | null;
  readonly until: Date | null;
}

/** Looked up for each row: a join might read all users. */
const addressOf = (column: "subject_id" | "caller_id" | "staff_id") =>
  sql`(select email from ${users} where id = e.${sql.identifier(column)})`;

/** The newest events that a filter finds, at most `most`, older than the event with the id `before` (T3). */
export async function selectAuditEvents(
  db: Db,
  { event, outcome, userId, from, until }: AuditFilter,
  { before, most }: { before: number | null; most: number },
): Promise<AuditEvent[]> {
  const conditions = [
    sql`true`,
    ...(event === null ? [] : [sql`e.event = ${event}`]),
    ...(outcome === null
      ? []
      : [outcome === "ok" ? sql`e.outcome = 'ok'` : sql`e.outcome <> 'ok'`]),
    ...(userId === null
      ? []
      : [
          sql`(e.subject_id = ${userId}::uuid
            or (e.caller_id = ${userId}::uuid and e.caller_id <> e.subject_id))`,
        ]),
    ...(from === null ? [] : [sql`e.at >= ${from.toISOString()}::timestamptz`]),
    ...(until === null ? [] : [sql`e.at < ${until.toISOString()}::timestamptz`]),
    ...(before === null ? [] : [sql`e.id < ${before}::bigint`]),
  ];
  const found = await rows<Omit<AuditEvent, "at"> & { at: number }>(
    db,
    sql`select e.id::float8 as id, extract(epoch from e.at)::float8 as at, e.event, e.outcome, e.cause,
        e.subject_id as "subjectId", ${addressOf("subject_id")} as subject,
        e.caller_id as "callerId", ${addressOf("caller_id")} as caller,
        e.staff_id as "staffId", ${addressOf("staff_id")} as staff, e.request_id as "requestId",
        d.ip, d.browser, d.identifier, d.reason
      from (select * from ${auditEvents} e where ${sql.join(conditions, sql` and `)}
          order by e.id desc limit ${sql.raw(String(most))}) e
        left join lateral (select * from ${auditEventDetails} where event_id = e.id limit 1) d on true
      order by e.id desc`,
  );
  return found.map((one) => ({ ...one, at: new Date(one.at * 1000) }));
}

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
