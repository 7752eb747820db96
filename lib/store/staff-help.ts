import { type SQL, sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row } from "@/db/rows";
import { emailChanges, users, verifications } from "@/db/schema";
import { digest } from "@/lib/core/crypto";
import { isLive, type Purpose } from "./verifications";

/** What staff start for a user who is locked out: access links, and a change of the address (T2). */

/** The issuer of what the command line starts: it has no user. */
export const commandLineId = "00000000-0000-0000-0000-000000000000";

/** A change of the address that has neither taken effect nor ended. */
export const isPending = sql`applied_at is null and undone_at is null`;

const purposesOfEmailChange: readonly Purpose[] = ["staff_email_change", "email_change_stop"];

const ended = (userId: SQL, purposes: readonly Purpose[]): SQL => sql`
  staff_help_voided as (
    update ${verifications} set voided_at = now() where id in (
      select id from ${verifications}
      where user_id = ${userId} and purpose in ${purposes} and ${isLive}
      order by id for update)
    returning purpose, identifier, staff_id
  ), staff_changes_stopped as (
    update ${emailChanges} set undone_at = now() where user_id = ${userId} and ${isPending}
    returning new_email, staff_id
  )`;

/**
 * CTEs that end what staff have started for a user: whatever ends sessions or changes the address ends it,
 * too, so that nothing of it works again when that is taken back. The caller has locked the user's row in an
 * earlier statement, as its use does before it locks the link.
 */
export const staffHelpEnded = (userId: SQL): SQL =>
  ended(userId, ["access_link", ...purposesOfEmailChange]);

/** The same for a change of the address alone. */
export const staffEmailChangeEnded = (userId: SQL): SQL => ended(userId, purposesOfEmailChange);

/**
 * Whether `staffId` is still on the staff, and can sign in; `s` is their user, if there is one. The command
 * line always is.
 */
export const isOnStaff = (staffId: SQL): SQL => sql`(${staffId} = ${commandLineId}::uuid
  or coalesce(s.role <> 'member' and s.disabled_at is null and s.delete_at is null, false))`;

/** Whether the user `u` can be helped: a member who can sign in. */
export const isHelpable = sql`(u.role = 'member' and u.disabled_at is null and u.delete_at is null)`;

/**
 * Locks the user of a link that staff have sent, and whoever sent it, until the transaction ends: a change of
 * either of them at the same moment is over, or will find what the link does. In the order of ids, so that
 * they do not deadlock.
 */
export async function lockPeopleOf(tx: Db, purpose: Purpose, token: string): Promise<void> {
  await row(
    tx,
    sql`select 1 from ${users} where id in (
        select unnest(array[v.user_id, v.staff_id]) from ${verifications} v
        where v.purpose = ${purpose} and v.token_digest = ${digest(purpose, token)})
      order by id for no key update`,
  );
}
