import { sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row } from "@/db/rows";
import {
  auditEvents,
  emailChanges,
  knownDevices,
  sessions,
  users,
  verifications,
} from "@/db/schema";
import { databaseCauseOf } from "@/lib/core/database-error";
import type { Identifier } from "@/lib/core/identifier";
import { bounds, intervals, lifetimes } from "@/lib/core/policy";
import { staffHelpEnded } from "./staff-help";
import {
  lockAccount,
  type LockedAccount,
  purposesVoidedByPasswordChange,
  voidSecretsOfAccount,
} from "./passwords";
import { canBeUndone, isReserved } from "./reservations";
import { lockForMethods, type Session } from "./sessions";

/** A user's change of the address whose code has not been entered. */
export interface PendingEmailChange {
  readonly email: Identifier;
  /** Seconds until the same email may be requested again. */
  readonly resendIn: number;
  /** All attempts at its code are used. */
  readonly codeSpent: boolean;
}

/** The pending change of a session, in the browser that requested it. Null when there is none. */
export async function findPendingEmailChange(
  db: Db,
  { id, userId }: Pick<Session, "id" | "userId">,
  requestingBrowserDigest: string,
): Promise<PendingEmailChange | null> {
  const found = await row<PendingEmailChange>(
    db,
    sql`select identifier as email, attempts >= ${bounds.codeAttempts} as "codeSpent",
        least(${intervals.resend}, greatest(0, ceil(extract(epoch from
          created_at + make_interval(secs => ${intervals.resend}) - now()))))::int as "resendIn"
      from ${verifications}
      where user_id = ${userId}::uuid and purpose = 'email_change' and session_id = ${id}::uuid
        and requesting_browser_digest = ${requestingBrowserDigest}
        and consumed_at is null and voided_at is null and expires_at > now()
      order by created_at desc limit 1`,
  );
  return found ?? null;
}

/**
 * Locks what a change of the address reads and writes, in the order of all changes of credentials: both
 * addresses, so that of two changes to one address the second sees the first, then the account. `changed`:
 * the address is not the session's any more. `locked`: its sign-in methods are. `signed_out`: the session
 * has ended.
 */
export async function lockForEmailChange(
  tx: Db,
  session: Session,
  newEmail: Identifier,
): Promise<LockedAccount | "changed" | "locked" | "signed_out"> {
  await lockAddresses(tx, [session.email, newEmail]);
  const account = await lockAccount(tx, session.email);
  const state = await lockForMethods(tx, session);
  if (state !== "open") return state;
  return account?.id === session.userId ? account : "changed";
}

/** Locks addresses until the transaction ends, in an order that no two transactions deadlock in. */
export async function lockAddresses(tx: Db, addresses: readonly Identifier[]): Promise<void> {
  await row(
    tx,
    sql`select pg_advisory_xact_lock(key) from (
      select distinct hashtextextended(value, 0) as key
      from jsonb_array_elements_text(${JSON.stringify(addresses)}::jsonb) order by 1) keys`,
  );
}

/**
 * Changes the address of a locked account, voids its pending links and codes (L4), and reserves the old
 * address for `lifetimes.emailUndo`, if it was verified: otherwise it never was this user's, and may
 * belong to somebody else. False when the new address has a user by now, or is reserved for one.
 */
export async function changeEmail(
  tx: Db,
  { id, identifier: oldEmail, verified }: LockedAccount,
  newEmail: Identifier,
): Promise<boolean> {
  const changed = await unlessTaken(tx, (tx) =>
    row(
      tx,
      sql`with voided as (
        ${voidSecretsOfAccount(sql`${oldEmail}`)}
      ), ${staffHelpEnded(sql`${id}::uuid`)}, changed as (
        update ${users} set email = ${newEmail}, email_verified_at = now()
        where id = ${id}::uuid and not ${isReserved(newEmail)} returning id
      )
      insert into ${emailChanges} (user_id, old_email, new_email, effective_at, applied_at, reserved_until)
      select id, ${oldEmail}, ${newEmail}, now(), now(),
        now() + make_interval(secs => ${verified ? lifetimes.emailUndo : 0}) from changed
      returning 1`,
    ),
  );
  return changed !== undefined;
}

/**
/**
 * When the device became known from which the change `undone` was made. All devices count as later where that
 * is not known any more, or where staff have started the change.
 */
const deviceOfChange = sql`coalesce((
  select k.created_at from ${auditEvents} e
    join ${sessions} s on s.id = e.session_id
    join ${knownDevices} k on k.user_id = s.user_id and k.device_digest = s.device_digest
  where e.subject_id = undone.user_id and e.event = 'email_change.verify' and e.outcome = 'ok'
    and e.at = undone.created_at limit 1), '-infinity')`;

/**
 * Undoes the change away from an address, and all changes after it: restores the address, cancels a deletion,
 * ends all sessions, forgets the device of the change and all that became known since that one did, voids all
 * pending links and codes, those that would undo a later change included, and locks the sign-in methods, as
 * whoever made the change may have added one. Locks rows in the same order as a change of credentials. False
 * when the change was undone or is too old.
 */
export async function undoEmailChange(
  tx: Db,
  userId: string,
  oldEmail: Identifier,
): Promise<boolean> {
  const change = sql`select c.user_id, c.created_at, u.email from ${emailChanges} c join ${users} u on u.id = c.user_id
    where c.user_id = ${userId}::uuid and c.old_email = ${oldEmail} and ${canBeUndone}`;
  const secrets = sql`select v.id from ${verifications} v, undone
    where v.consumed_at is null and v.voided_at is null and v.expires_at > now()
      and (v.identifier in (undone.email, ${oldEmail})
          and v.purpose in ${purposesVoidedByPasswordChange}
        or v.user_id = undone.user_id and (v.purpose in ('email_change', 'deletion_undo')
          or v.purpose = 'email_undo' and v.created_at > undone.created_at))
    order by v.purpose <> 'password_reset', v.purpose, v.id for update of v`;
  const locked = await row(
    tx,
    sql`with undone as (${change}), locked as (${secrets}), barrier as (select count(*) from locked)
      select 1 from ${users}, barrier where id = ${userId}::uuid for update of users`,
  );
  if (!locked) return false;
  const restored = await unlessTaken(tx, (tx) =>
    row(
      tx,
      sql`with undone as (${change}), voided as (
        update ${verifications} set voided_at = now() where id in (${secrets})
      ), ${staffHelpEnded(sql`(select user_id from undone)`)}, ended as (
        delete from ${sessions} where user_id in (select user_id from undone)
      ), deleted_devices as (
        delete from ${knownDevices} d using undone
        where d.user_id = undone.user_id and d.created_at >= ${deviceOfChange}
      ), changes as (
        update ${emailChanges} c set undone_at = now() from undone
        where c.user_id = undone.user_id and c.applied_at is not null and c.undone_at is null
          and c.created_at >= undone.created_at
      )
      update ${users} set email = ${oldEmail}, delete_at = null,
        methods_locked_until = now() + make_interval(secs => ${lifetimes.methodsLock})
      where id in (select user_id from undone) returning 1`,
    ),
  );
  return restored !== undefined;
}

const uniqueViolation = "23505";

/**
 * The result of a change of an address; undefined when another user has the address: the unique index
 * decides a race. Within a savepoint, as the transaction goes on.
 */
export async function unlessTaken<T>(
  tx: Db,
  change: (tx: Db) => Promise<T | undefined>,
): Promise<T | undefined> {
  try {
    return await tx.transaction(change);
  } catch (error) {
    if (databaseCauseOf(error).code !== uniqueViolation) throw error;
    return undefined;
  }
}
