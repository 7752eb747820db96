import { type SQL, sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row } from "@/db/rows";
import { auditEvents, knownDevices, sessions, users, verifications } from "@/db/schema";
import { signInEvents } from "@/lib/core/activity";
import { digest } from "@/lib/core/crypto";
import type { Identifier } from "@/lib/core/identifier";
import type { NewDeviceLetter } from "@/lib/core/letters";
import { intervals, lifetimes } from "@/lib/core/policy";
import { staffHelpEnded } from "./staff-help";
import { isKnownTo } from "./known-devices";
import { areMethodsLocked, lockForMethods, type Session, type SessionRow } from "./sessions";
import { isLive, type Purpose, reportPurpose } from "./verifications";

/**
 * CTEs that let the owner report the session that `sessionInserted` starts in the same statement, if it is
 * the first one of a device (R6). One that takes the place of another session is no new sign-in: the report
 * of that one is about it from now on, as a response that was lost has brought the browser no device cookie.
 * One that an access link has started is none of these: nobody was told of it.
 */
export function signInReportable(session: SessionRow, report: NewDeviceLetter): SQL {
  const { userId, ip, browser, browserDigest, deviceDigest } = session;
  const tokenDigest = digest(reportPurpose, report.token);
  // No code is right: the hash is of the token's digest, which no six digits equal.
  return sql`moved_reports as (
    update ${verifications} set session_id = inserted.id, device_digest = ${deviceDigest}
    from inserted where user_id = ${userId}::uuid and purpose = ${reportPurpose}
      and session_id in (select id from rotated)
  ), reportable as (
    insert into ${verifications} (purpose, identifier, token_digest, code_hash,
      requesting_browser_digest, browser, is_decoy, from_known_device, session_id, user_id,
      device_digest, ip, remember, next, limit_hits, expires_at, code_expires_at)
    select ${reportPurpose}, ${report.to}, ${tokenDigest}, ${tokenDigest}, ${browserDigest}, ${browser}, false,
      false, inserted.id, ${userId}::uuid, ${deviceDigest}, ${ip}::text, false, '', '[]'::jsonb,
      now() + make_interval(secs => ${lifetimes.signInReport}), now()
    from inserted
    where not ${isKnownTo(deviceDigest, userId)}
      and not exists (select from rotated where user_id = ${userId}::uuid and staff_id is null)
    returning id
  )`;
}

/** A sign-in from a new device, as the page of its report shows it. */
export interface ReportPreview {
  readonly userId: string;
  readonly identifier: Identifier;
  readonly state: "live" | "used" | "voided" | "expired";
  /** This browser has reported it just now, and may not have received the response. */
  readonly isRepeatable: boolean;
  readonly browser: string;
  readonly ip: string | null;
  readonly signedInAt: Date;
}

/** Reads a report and changes nothing. Null for a token that does not exist or was purged. */
export async function previewReport(
  db: Db,
  token: string,
  requestingBrowserDigest: string,
): Promise<ReportPreview | null> {
  const found = await row<Omit<ReportPreview, "signedInAt"> & { signedInAt: number }>(
    db,
    sql`select user_id as "userId", identifier, browser, ip,
        extract(epoch from created_at)::float as "signedInAt",
        case when consumed_at is not null then 'used' when voided_at is not null then 'voided'
          when expires_at <= now() then 'expired' else 'live' end as state,
        coalesce(consumed_by_digest = ${requestingBrowserDigest}
          and consumed_at > now() - make_interval(secs => ${intervals.repeat}), false) as "isRepeatable"
      from ${verifications}
      where purpose = ${reportPurpose} and token_digest = ${digest(reportPurpose, token)}`,
  );
  return found ? { ...found, signedInAt: new Date(found.signedInAt * 1000) } : null;
}

/** The lock of a user's sign-in methods after a report. */
export interface MethodsLock {
  /** Null while they are not locked. */
  readonly until: Date | null;
  /** This device was known before the report, so that its user may lift the lock after a step-up. */
  readonly canUnlock: boolean;
}

/** What became known since belongs to nobody in particular. */
const isKnownFromBefore = (deviceDigest: string) => sql`exists (
  select from ${knownDevices} d where d.user_id = u.id and d.device_digest = ${deviceDigest}
    and d.created_at < u.methods_locked_until - make_interval(secs => ${lifetimes.methodsLock}))`;

/** Reads the lock of a user's sign-in methods, for a device. */
export async function readMethodsLock(
  db: Db,
  userId: string,
  deviceDigest: string,
): Promise<MethodsLock> {
  const found = await row<{ until: number; canUnlock: boolean }>(
    db,
    sql`select extract(epoch from methods_locked_until)::float as until,
        ${isKnownFromBefore(deviceDigest)} as "canUnlock"
      from ${users} u where id = ${userId}::uuid and ${areMethodsLocked}`,
  );
  return found
    ? { until: new Date(found.until * 1000), canUnlock: found.canUnlock }
    : { until: null, canUnlock: false };
}

/**
 * Lifts the lock of a session's user, from a device that was known before the report and still is. `open`:
 * there is none.
 */
export async function liftMethodsLock(
  tx: Db,
  session: Pick<Session, "id" | "userId">,
  deviceDigest: string,
): Promise<"lifted" | "open" | "unknown_device" | "signed_out"> {
  const access = await lockForMethods(tx, session);
  if (access !== "locked") return access;
  const lifted = await row(
    tx,
    sql`update ${users} u set methods_locked_until = null
      where id = ${session.userId}::uuid and ${isKnownFromBefore(deviceDigest)} returning 1`,
  );
  return lifted ? "lifted" : "unknown_device";
}

/**
 * What a report voids at the account's address, beside a pending change of it. Reports of other sign-ins
 * stay: each is about another device.
 */
const voidedPurposes = [
  "magic_link",
  "password_reset",
  "step_up",
  "sign_up",
] as const satisfies Purpose[];

/**
 * Locks what a report voids, in the order of all changes of credentials: a pending change of the address,
 * too, before the user's row. The address may be another one than the report was sent to. `account` selects
 * the id and the email of the user.
 */
const lockReported = (account: SQL) => sql`
  select v.id from ${verifications} v, (${account}) account
  where (v.identifier = account.email and v.purpose in ${voidedPurposes}
      or v.user_id = account.id and v.purpose = 'email_change')
    and v.consumed_at is null and v.voided_at is null and v.expires_at > now()
  order by v.purpose <> 'password_reset', v.purpose, v.id for update of v`;

/**
 * Ends the session of a report and all others of its device, forgets that device and all that became known
 * since, as they may belong to the same stranger, voids the account's links and codes, and locks its sign-in
 * methods. `report` selects user_id, session_id, device_digest and the time of the sign-in. Returns no row
 * without a report, and whether a session was ended, and that with `ownId`.
 */
const endedAndLocked = (report: SQL, ownId: string | null = null) => sql`
  with report as (
    ${report}
  ), voided as (
    update ${verifications} set voided_at = now() where id in (${lockReported(sql`
      select u.id, u.email from ${users} u, report where u.id = report.user_id`)})
  ), ${staffHelpEnded(sql`(select user_id from report)`)}, ended as (
    delete from ${sessions} s using report
    where s.user_id = report.user_id
      and (s.id = report.session_id or s.device_digest = report.device_digest)
    returning s.id, s.device_digest
  ), forgotten as (
    delete from ${knownDevices} d using report
    where d.user_id = report.user_id and (d.created_at >= report.created_at
      or d.device_digest = report.device_digest or d.device_digest in (select device_digest from ended))
  )
  update ${users} set methods_locked_until = now() + make_interval(secs => ${lifetimes.methodsLock})
  from report where ${users.id} = report.user_id
  returning exists (select from ended) as "hasEnded",
    exists (select from ended where ended.id = ${ownId}::uuid) as "endedOwn"`;

/**
 * Consumes a report for whoever typed the whole address that it was sent to, as no browser has requested it.
 * It has its effect in the same statement (I3). False when the report is not live, or is for another address.
 * Locks links and codes before the user, as redemption does, and the report after it, as a sign-in does whose
 * session takes the place of the reported one.
 */
export async function consumeReport(
  tx: Db,
  token: string,
  typedEmail: Identifier,
  requestingBrowserDigest: string,
): Promise<boolean> {
  const isReport = sql`purpose = ${reportPurpose} and token_digest = ${digest(reportPurpose, token)}
    and identifier = ${typedEmail} and ${isLive}`;
  await row(
    tx,
    sql`with locked as (
      ${lockReported(sql`select u.id, u.email from ${users} u
        where u.id = (select user_id from ${verifications} where ${isReport})`)}
    ), barrier as (
      select count(*) from locked
    )
    select 1 from ${users}, barrier
    where id = (select user_id from ${verifications} where ${isReport}) for update of ${users}`,
  );
  const report = sql`update ${verifications} set consumed_at = now(), consumed_with = 'link',
      consumed_by_digest = ${requestingBrowserDigest}
    where ${isReport} returning user_id, session_id, device_digest, created_at`;
  const locked = await row(tx, endedAndLocked(report));
  return locked !== undefined;
}

/**
 * Reports a sign-in of the session's user by its event in the audit log, which has the time of the session
 * and of the device that it started, if they are still there. `unknown`: it is no recent sign-in of theirs.
 */
export async function reportEvent(
  tx: Db,
  session: Pick<Session, "id" | "userId">,
  eventId: number,
): Promise<{ readonly hasEnded: boolean; readonly endedOwn: boolean } | "unknown" | "signed_out"> {
  const { id, userId } = session;
  await row(tx, lockReported(sql`select id, email from ${users} where id = ${userId}::uuid`));
  if ((await lockForMethods(tx, session)) === "signed_out") return "signed_out";
  const ofUser = sql`user_id = e.subject_id and created_at = e.at`;
  const report = sql`select e.subject_id as user_id, e.at as created_at,
      (select s.id from ${sessions} s where ${ofUser} limit 1) as session_id,
      (select d.device_digest from ${knownDevices} d where ${ofUser} limit 1) as device_digest
    from ${auditEvents} e
    where e.id = ${eventId}::bigint and e.subject_id = ${userId}::uuid and e.outcome = 'ok'
      and e.event in ${signInEvents}
      and e.at > now() - make_interval(secs => ${lifetimes.signInReport})`;
  const locked = await row<{ hasEnded: boolean; endedOwn: boolean }>(
    tx,
    endedAndLocked(report, id),
  );
  return locked ?? "unknown";
}
