import { sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row } from "@/db/rows";
import { emailChanges, users, verifications } from "@/db/schema";
import { digest } from "@/lib/core/crypto";
import type { Identifier } from "@/lib/core/identifier";
import { lifetimes } from "@/lib/core/policy";
import { lockAddresses, unlessTaken } from "./email-changes";
import { lockAccount, voidSecretsOfAccount } from "./passwords";
import { isReserved, reservationOf } from "./reservations";
import {
  isHelpable,
  isOnStaff,
  isPending,
  lockPeopleOf,
  staffEmailChangeEnded,
} from "./staff-help";
import { deleteAllSessions } from "./user-administration";
import { isLive, lockPendingEmailChange, voidPendingEmailChange } from "./verifications";

/**
 * Changes of an address that staff start for who has lost the mailbox (T2, decision 50): requested until the
 * code from the new address is entered, then scheduled until the notice to the old one is over.
 */

/** What of a user's pending change was ended. */
export interface EndedEmailChange {
  readonly newEmail: Identifier;
  /** Who has started it. */
  readonly staffId: string;
}

/**
 * Locks a user's pending changes of the address, their own and that of staff, and the user's row, in the
 * order of all changes of credentials.
 */
export async function lockPendingEmailChanges(tx: Db, userId: string): Promise<void> {
  await row(
    tx,
    sql`with locked as (${lockPendingEmailChange(userId)}), barrier as (select count(*) from locked)
      select 1 from ${users}, barrier where ${users.id} = ${userId}::uuid for no key update of users`,
  );
}

/** Ends what `lockPendingEmailChanges` has locked: of several requests the last one counts. */
export async function endPendingEmailChanges(tx: Db, userId: string): Promise<void> {
  await voidPendingEmailChange(tx, userId);
  await endStaffEmailChange(tx, userId);
}

/** Ends the change of a locked user's address that staff have started. Null when there is none. */
export async function endStaffEmailChange(
  tx: Db,
  userId: string,
): Promise<EndedEmailChange | null> {
  const change = await row<EndedEmailChange>(
    tx,
    sql`with ${staffEmailChangeEnded(sql`${userId}::uuid`)}
      select new_email as "newEmail", staff_id as "staffId" from staff_changes_stopped
      union all
      select identifier, staff_id from staff_help_voided where purpose = 'staff_email_change' limit 1`,
  );
  return change ?? null;
}

/** A change that waits for the code from the new address. */
export interface RequestedEmailChange extends EndedEmailChange {
  readonly userId: string;
  readonly oldEmail: Identifier;
  /** The user can sign in, is no member of staff by now, and has verified the current address. */
  readonly mayBeChanged: boolean;
  /** Whoever started it is still on the staff, and can sign in. */
  readonly isFromStaff: boolean;
  /** The new address has a user by now, or is reserved for one. */
  readonly isTaken: boolean;
}

/** Locks the user of a change by its token, and whoever has started it. Null for an unknown token. */
export async function lockRequestedEmailChange(
  tx: Db,
  token: string,
): Promise<RequestedEmailChange | null> {
  await lockPeopleOf(tx, "staff_email_change", token);
  const change = await row<RequestedEmailChange>(
    tx,
    sql`select v.user_id as "userId", v.staff_id as "staffId", v.identifier as "newEmail",
        u.email as "oldEmail", ${isHelpable} and u.email_verified_at is not null as "mayBeChanged",
        ${isOnStaff(sql`v.staff_id`)} as "isFromStaff",
        exists (select from ${users} other where other.email = v.identifier)
          or exists (${reservationOf(sql`v.identifier`)}) as "isTaken"
      from ${verifications} v
        join ${users} u on u.id = v.user_id
        left join ${users} s on s.id = v.staff_id
      where v.purpose = 'staff_email_change'
        and v.token_digest = ${digest("staff_email_change", token)}`,
  );
  return change ?? null;
}

/** Schedules the change of a locked user's address, after `lifetimes.emailChangeNotice`. */
export async function scheduleEmailChange(
  tx: Db,
  { userId, oldEmail, newEmail, staffId }: RequestedEmailChange,
): Promise<void> {
  const due = sql`now() + make_interval(secs => ${lifetimes.emailChangeNotice})`;
  await row(
    tx,
    sql`insert into ${emailChanges} (user_id, old_email, new_email, staff_id, effective_at, reserved_until)
      values (${userId}::uuid, ${oldEmail}, ${newEmail}, ${staffId}::uuid, ${due}, ${due})`,
  );
}

/** Locks the row of a session's user, before a change of theirs is ended. */
export async function lockUser(tx: Db, userId: string): Promise<void> {
  await row(tx, sql`select 1 from ${users} where id = ${userId}::uuid for no key update`);
}

/** A pending change as its user and staff see it. */
export interface StaffEmailChange {
  readonly state: "requested" | "scheduled";
  readonly newEmail: Identifier;
  /** The address of who started it; null for the command line, or after they were erased. */
  readonly startedBy: Identifier | null;
  /** When the code ends, or when the change takes effect. */
  readonly at: Date;
}

/** The link that stops the change `c`, while it works. */
const stopLink = sql`select expires_at from ${verifications} v
  where v.user_id = c.user_id and v.purpose = 'email_change_stop' and ${isLive}`;

/** The change of a user's address that staff have started, if one is pending. */
export async function findStaffEmailChange(
  db: Db,
  userId: string,
): Promise<StaffEmailChange | null> {
  const found = await row<Omit<StaffEmailChange, "at"> & { at: number }>(
    db,
    sql`select p.state, p.new_email as "newEmail", s.email as "startedBy",
        extract(epoch from p.at)::float8 as at
      from (
        select 'scheduled' as state, c.new_email, c.staff_id,
          greatest(c.effective_at, (select max(expires_at) from (${stopLink}) stop)) as at
        from ${emailChanges} c where c.user_id = ${userId}::uuid and ${isPending}
        union all
        select 'requested', identifier, staff_id, expires_at from ${verifications}
        where user_id = ${userId}::uuid and purpose = 'staff_email_change' and ${isLive}
      ) p left join ${users} s on s.id = p.staff_id limit 1`,
  );
  return found ? { ...found, at: new Date(found.at * 1000) } : null;
}

/** The end of a change that was due. */
export interface DueEmailChange extends EndedEmailChange {
  readonly userId: string;
  readonly oldEmail: Identifier;
  /** The browser that entered the code; "" where that is not known any more. */
  readonly browser: string;
  /**
   * `in_use`: the new address has a user by now, or is reserved for one. `not_from_staff`: whoever started it
   * has left the staff. `not_eligible`: the user cannot be helped any more. `ended_before`: it was stopped, or
   * another server was faster.
   */
  readonly end: "applied" | "in_use" | "not_from_staff" | "not_eligible" | "ended_before";
}

/**
 * Whether the change `c` is due: its time has come, and the link that stops it works no more. That may be
 * later, as the lifetime of the link begins with the first attempt to send it (L1).
 */
const isDue = sql`${isPending} and effective_at <= now() and not exists (${stopLink})`;

/**
 * Applies a change that is due, or ends it where it is not possible any more: one statement decides, under
 * the locks of all changes of an address. Sessions end and devices are forgotten, since strangers may have
 * them. Null when none is due.
 */
export async function endDueEmailChange(tx: Db): Promise<DueEmailChange | null> {
  const due = await row<Omit<DueEmailChange, "end"> & { id: string }>(
    tx,
    sql`select c.id, c.user_id as "userId", c.old_email as "oldEmail", c.new_email as "newEmail",
        c.staff_id as "staffId", coalesce((select v.browser from ${verifications} v
          where v.user_id = c.user_id and v.purpose = 'email_change_stop'
          order by v.created_at desc limit 1), '') as browser
      from ${emailChanges} c where ${isDue} order by c.effective_at limit 1`,
  );
  if (!due) return null;
  const { id, ...change } = due;
  const { userId, oldEmail, newEmail } = change;
  await lockAddresses(tx, [oldEmail, newEmail]);
  await lockAccount(tx, oldEmail);
  const applied = await unlessTaken(tx, (tx) =>
    row(
      tx,
      sql`with changed as (
        update ${users} u set email = ${newEmail}, email_verified_at = now()
        from ${emailChanges} c left join ${users} s on s.id = c.staff_id
        where c.id = ${id}::uuid and ${isDue} and u.id = c.user_id and u.email = c.old_email
          and ${isHelpable} and u.email_verified_at is not null and ${isOnStaff(sql`c.staff_id`)}
          and not ${isReserved(newEmail)}
        returning u.id
      )
      update ${emailChanges} c set applied_at = now(),
        reserved_until = now() + make_interval(secs => ${lifetimes.emailUndo})
      where c.id = ${id}::uuid and exists (select from changed) returning 1`,
    ),
  );
  if (applied) {
    await row(tx, voidSecretsOfAccount(sql`${oldEmail}`));
    await voidPendingEmailChange(tx, userId);
    await deleteAllSessions(tx, userId);
    return { ...change, end: "applied" };
  }
  const failed = await row<Pick<DueEmailChange, "end">>(
    tx,
    sql`with failed as (
      update ${emailChanges} c set undone_at = now() where c.id = ${id}::uuid and ${isDue}
      returning user_id, staff_id, new_email
    )
    select case when not ${isOnStaff(sql`f.staff_id`)} then 'not_from_staff'
        when exists (select from ${users} other where other.email = f.new_email)
          or ${isReserved(newEmail)} then 'in_use'
        else 'not_eligible' end as "end"
      from failed f left join ${users} s on s.id = f.staff_id`,
  );
  return { ...change, end: failed?.end ?? "ended_before" };
}
