import { sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row } from "@/db/rows";
import { sessions, users, verifications } from "@/db/schema";
import type { Identifier } from "@/lib/core/identifier";
import { lifetimes } from "@/lib/core/policy";
import { staffHelpEnded } from "./staff-help";
import { lockSessionUser, type Session } from "./sessions";
import { lockPendingEmailChange } from "./verifications";

/**
 * Schedules the deletion of a session's account, and ends all its sessions. The last admin stays: who
 * is one is decided while the rows of all admins are locked, in the order of their ids, so that of two
 * deletions at once one is refused. Returns when the account will be erased.
 */
export async function scheduleDeletion(
  tx: Db,
  session: Session,
): Promise<Date | "last_admin" | "signed_out"> {
  const { userId } = session;
  await row(
    tx,
    sql`with locked as (${lockPendingEmailChange(userId)}), barrier as (select count(*) from locked)
    select 1 from ${users}, barrier
    where id = ${userId}::uuid
      or (role = 'admin' and exists (select from ${users} me where me.id = ${userId}::uuid and me.role = 'admin'))
    order by id for update of users`,
  );
  if (!(await lockSessionUser(tx, session))) return "signed_out";
  const scheduled = await row<{ at: number }>(
    tx,
    sql`with scheduled as (
      update ${users} u set delete_at = now() + make_interval(secs => ${lifetimes.deletion})
      where id = ${userId}::uuid and delete_at is null and (role <> 'admin' or exists (
        select from ${users} other where other.role = 'admin' and other.id <> u.id
          and other.disabled_at is null and other.delete_at is null))
      returning id, delete_at
    ), ended as (
      delete from ${sessions} where user_id in (select id from scheduled)
    ), ${staffHelpEnded(sql`(select id from scheduled)`)}, voided as (
      update ${verifications} set voided_at = now()
      where id in (${lockPendingEmailChange(userId)}) and exists (select from scheduled)
    )
    select extract(epoch from delete_at)::float8 as at from scheduled`,
  );
  return scheduled ? new Date(scheduled.at * 1000) : "last_admin";
}

/**
 * Takes back the deletion of an account, and voids the links that would do so. Null when it is not
 * scheduled any more.
 */
export async function cancelDeletion(
  tx: Db,
  userId: string,
): Promise<{ email: Identifier } | null> {
  const links = sql`select id from ${verifications}
    where user_id = ${userId}::uuid and purpose = 'deletion_undo'
      and consumed_at is null and voided_at is null order by id for update`;
  await row(
    tx,
    sql`with locked as (${links}), barrier as (select count(*) from locked)
      select 1 from ${users}, barrier where id = ${userId}::uuid for update of users`,
  );
  const restored = await row<{ email: Identifier }>(
    tx,
    sql`with voided as (
      update ${verifications} set voided_at = now() where id in (${links})
    )
    update ${users} set delete_at = null where id = ${userId}::uuid and delete_at is not null
    returning email`,
  );
  return restored ?? null;
}
