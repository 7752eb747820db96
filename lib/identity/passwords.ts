import { sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row } from "@/db/rows";
import { authProviders, deviceMarks, sessions, users, verifications } from "@/db/schema";
import type { Ctx } from "@/lib/flow";
import type { Identifier } from "@/lib/identifier";
import { voidVerifications } from "./verifications";

/** What a typed password is compared with. */
export interface Credentials {
  /** Null when nobody has the address. */
  readonly userId: string | null;
  readonly disabled: boolean;
  readonly passwordHash: string | null;
  /** Of the sign-up that this browser has begun for the address, if any. */
  readonly attemptHash: string | null;
}

/** Who has this address, with what password; in one statement, whether there is anybody or not (P5). */
export async function findCredentials(
  db: Db,
  identifier: Identifier,
  browserDigest: string,
): Promise<Credentials> {
  const found = await row<Credentials>(
    db,
    sql`select u.id as "userId", u.disabled_at is not null as disabled, u.password_hash as "passwordHash", (
        select v.password_hash from ${verifications} v
        where v.purpose = 'sign_up' and v.identifier = ${identifier} and v.browser_digest = ${browserDigest}
          and v.consumed_at is null and v.voided_at is null and v.expires_at > now()
        order by v.created_at desc limit 1
      ) as "attemptHash"
      from (select 1) one left join ${users} u on u.email = ${identifier}`,
  );
  return found!;
}

/** The hash of somebody who is signed in; null when they have no password. */
export async function findPasswordHash(db: Db, userId: string): Promise<string | null> {
  const found = await row<{ hash: string | null }>(
    db,
    sql`select password_hash as hash from ${users} where id = ${userId}::uuid`,
  );
  return found?.hash ?? null;
}

/**
 * Somebody signed in with the password of this hash: the way in is marked as used (A1), and the hash
 * replaced where today's parameters are others. False when it was changed, or the user disabled,
 * since it was compared.
 */
export async function usePassword(
  tx: Db,
  userId: string,
  hash: string,
  rehashed: string | null,
): Promise<boolean> {
  const kept = sql`id = ${userId}::uuid and password_hash = ${hash} and disabled_at is null`;
  const used = await row(
    tx,
    sql`with proven as (
      ${
        rehashed
          ? sql`update ${users} set password_hash = ${rehashed} where ${kept} returning id`
          : sql`select id from ${users} where ${kept} for no key update`
      }
    )
    insert into ${authProviders} (user_id, provider) select id, 'email' from proven
    on conflict (user_id, provider) do update set backfilled = false,
      last_used_at = greatest(auth_providers.last_used_at, now())
    returning 1`,
  );
  return used !== undefined;
}

/** What `choosePassword` came to. */
export interface ChosenPassword {
  readonly id: string;
  readonly disabled: boolean;
  /** There was none before. */
  readonly first: boolean;
}

/**
 * Gives the user of an address a password. With it go all their sessions but the caller's own, the
 * devices these were on, and every link and code on its way (P7, R6, L4), these first, as whoever
 * presses one takes them in that order. The mailbox counts as proven when `mailboxProven`. Null
 * when nobody has the address; a disabled user's stays as it is (S5).
 */
export async function choosePassword(
  { caller }: Ctx,
  tx: Db,
  identifier: Identifier,
  { hash, mailboxProven }: { hash: string; mailboxProven: boolean },
): Promise<ChosenPassword | null> {
  const own = caller.session?.email === identifier ? caller.session.id : null;
  const chosen = await row<ChosenPassword>(
    tx,
    sql`with voided as (
      ${voidVerifications(sql`${identifier}`, ["magic_link", "password_reset", "step_up", "sign_up"])}
    ), settled as (
      select count(*) from voided
    ), found as (
      select id, disabled_at is not null as disabled, password_hash is null as first
      from ${users}, settled where email = ${identifier} for update of users
    ), changed as (
      update ${users} u set password_hash = ${hash},
        email_verified_at = case when ${mailboxProven} then coalesce(u.email_verified_at, now()) else u.email_verified_at end
      from found where u.id = found.id and not found.disabled returning u.id
    ), ended as (
      delete from ${sessions} where user_id in (select id from changed) and id is distinct from ${own}::uuid
    ), forgotten as (
      delete from ${deviceMarks}
      where user_id in (select id from changed) and device_digest <> ${caller.deviceDigest}
    ), way_in as (
      insert into ${authProviders} (user_id, provider) select id, 'email' from changed
      on conflict (user_id, provider) do update set backfilled = false,
        last_used_at = greatest(auth_providers.last_used_at, now())
    )
    select id, disabled, first from found`,
  );
  return chosen ?? null;
}

/**
 * Takes the password away, unless it is the last usable way in (A4). The user's row is locked
 * first: what is read afterwards is what the one before left, so of two parallel removals one is
 * refused. `none`: there was no password.
 */
export async function removePassword(
  tx: Db,
  userId: string,
  { linkIsUsable }: { linkIsUsable: boolean },
): Promise<"removed" | "none" | "last"> {
  const kept = await row<{ has: boolean }>(
    tx,
    sql`select password_hash is not null as has from ${users} where id = ${userId}::uuid for update`,
  );
  if (!kept?.has) return "none";
  if (!linkIsUsable) return "last";
  await row(
    tx,
    sql`with gone as (
      delete from ${authProviders} where user_id = ${userId}::uuid and provider = 'email'
    )
    update ${users} set password_hash = null where id = ${userId}::uuid`,
  );
  return "removed";
}
