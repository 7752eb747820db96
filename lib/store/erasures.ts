import { sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row, rows } from "@/db/rows";
import {
  auditEventDetails,
  auditEvents,
  emailChanges,
  oauthAttempts,
  outbox,
  sessions,
  users,
  verifications,
} from "@/db/schema";
import { bounds } from "@/lib/core/policy";
import { recordEvent } from "./audit-log";
import { canBeUndone } from "./reservations";

const isDue = sql`delete_at <= now()`;

/** The address of a user, and those that are reserved for it. */
const addressesOf = (user: ReturnType<typeof sql>) => sql`
  select email from ${users} where ${user}
  union select old_email from ${emailChanges} where ${canBeUndone}
    and user_id in (select id from ${users} where ${user})`;

const changesOfAddress = [
  "email_change.verify",
  "email_change.undo",
  "staff_email_change.apply",
] as const;

/** Events whose address was that of their subject then, or is from then on. */
const eventsOfOwnAddress: readonly string[] = [
  "magic_link.request",
  "magic_link.redeem",
  "email_code.redeem",
  "password_reset.request",
  "password_reset.redeem",
  "password_reset.redeem_code",
  "password.sign_in",
  "sign_up.verify",
  ...changesOfAddress,
];

/**
 * Erases the accounts whose time has come, each in a transaction of its own: the user and all that
 * belongs to it, so that its address is free again, and the details of its audit events, whose rows
 * stay. Returns how many. Calls `progress` after each step; it may throw to stop. `newId` names each run
 * in the log.
 */
export async function eraseDueAccounts(
  db: Db,
  newId: () => string,
  progress: () => void = () => {},
): Promise<number> {
  await emptyStrayDetails(db, progress);
  let erased = 0;
  while (await db.transaction((tx) => eraseOne(tx, newId()))) {
    erased += 1;
    progress();
  }
  return erased;
}

/**
 * Empties the details of events that name a due account by its address alone, such as its sign-up, or by one
 * that it had before, up to the change away from it, as somebody else may have that one by now; or that
 * it caused without being their subject. No index finds them, as each event would write to it: this looks
 * through the whole log, in batches, once for all accounts that are due.
 */
async function emptyStrayDetails(db: Db, progress: () => void): Promise<void> {
  const due = await rows<{ id: string }>(db, sql`select id from ${users} where ${isDue}`);
  if (due.length === 0) return;
  const ids = JSON.stringify(due.map(({ id }) => id));
  const isOfDue = sql`id in (select value::uuid from jsonb_array_elements_text(${ids}::jsonb))`;
  const range = await row<{ first: number | null; last: number | null }>(
    db,
    sql`select min(event_id)::float8 as first, max(event_id)::float8 as last from ${auditEventDetails}`,
  );
  const named = await rows<{ email: string; until: number | null }>(
    db,
    sql`select email, null::float8 as until from (${addressesOf(isOfDue)}) present
      union all
      select identifier, (
        select min(c.id)::float8 from ${auditEvents} c where c.subject_id = former.subject_id
          and c.outcome = 'ok' and c.event in ${changesOfAddress} and c.id > former.last) as until
      from (
        select e.subject_id, d.identifier, max(e.id) as last from ${auditEvents} e
          join ${auditEventDetails} d on d.event_id = e.id
        where e.subject_id in (select value::uuid from jsonb_array_elements_text(${ids}::jsonb))
          and e.outcome = 'ok' and e.event in ${eventsOfOwnAddress} and d.identifier is not null
        group by 1, 2) former`,
  );
  const addresses = JSON.stringify(named);
  const { first, last } = range!;
  for (let from = first ?? 1; from <= (last ?? 0); from += bounds.auditSearch) {
    await row(
      db,
      sql`with addresses as materialized (
        select email, until from jsonb_to_recordset(${addresses}::jsonb) as named (email text, until bigint)
      ), stray as (
        select d.event_id, e.subject_id is null or e.caller_id <> e.subject_id as by_account,
          exists (select from addresses a
            where a.email = d.identifier and (a.until is null or e.id <= a.until)) as named,
          e.caller_id in (select id from ${users} where ${isOfDue}) as caused, e.subject_id
        from ${auditEventDetails} d join ${auditEvents} e on e.id = d.event_id
        where d.event_id between ${from}::bigint and ${from + bounds.auditSearch - 1}::bigint
          and (d.identifier is not null or d.ip is not null or d.browser is not null)
      )
      update ${auditEventDetails} d set
        identifier = case when stray.named then null else d.identifier end,
        ip = case when stray.caused or stray.subject_id is null then null else d.ip end,
        browser = case when stray.caused or stray.subject_id is null then null else d.browser end
      from stray where d.event_id = stray.event_id and (stray.named or stray.caused and stray.by_account)`,
    );
    progress();
  }
}

/**
 * Erases one due account. False when there is none, or another server erases it. Locks links and codes before
 * the user's row, as changes of credentials do.
 */
async function eraseOne(tx: Db, requestId: string): Promise<boolean> {
  const due = await row<{ id: string }>(
    tx,
    sql`with due as (
      select id, email from ${users} where ${isDue} order by delete_at limit 1
    ), locked as (
      select v.id from ${verifications} v, due where v.user_id = due.id or v.identifier = due.email
      order by v.purpose <> 'password_reset', v.purpose, v.id for update of v
    ), barrier as (
      select count(*) from locked
    )
    select u.id from ${users} u, due, barrier where u.id = due.id and u.delete_at <= now()
    for update of u skip locked`,
  );
  if (!due) return false;
  const userId = sql`${due.id}::uuid`;
  await row(
    tx,
    sql`with addresses as (
      ${addressesOf(sql`id = ${userId}`)}
    ), secrets as (
      delete from ${verifications}
      where user_id = ${userId} or identifier in (select email from addresses) returning id
    ), letters as (
      delete from ${outbox} where to_address in (select email from addresses)
        or verification_id in (select id from secrets)
    ), attempts as (
      delete from ${oauthAttempts} where session_id in (
        select id from ${sessions} where user_id = ${userId}) or email in (select email from addresses)
    ), details as (
      update ${auditEventDetails} set ip = null, browser = null, identifier = null, reason = null
      where event_id in (select id from ${auditEvents} where subject_id = ${userId})
    )
    delete from ${users} where id = ${userId}`,
  );
  await recordEvent(tx, {
    event: "account.erase",
    outcome: "ok",
    subjectId: due.id,
    requestId,
    ip: null,
    browser: "worker",
  });
  return true;
}
