import { sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row } from "@/db/rows";
import { authProviders, knownDevices, sessions, users, verifications } from "@/db/schema";
import type { Ctx, Session } from "@/lib/runtime/flow";
import type { Env } from "@/lib/core/env";
import type { Identifier } from "@/lib/core/identifier";
import { isLastMethod, listAuthProviders } from "./auth-providers";
import { lockSessionUser } from "./sessions";
import { lockVerifications, voidVerifications } from "./verifications";

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
  requestingBrowserDigest: string,
): Promise<Credentials> {
  const found = await row<Credentials>(
    db,
    sql`select u.id as "userId", u.disabled_at is not null as disabled, u.password_hash as "passwordHash", (
        select v.password_hash from ${verifications} v
        where v.purpose = 'sign_up' and v.identifier = ${identifier} and v.requesting_browser_digest = ${requestingBrowserDigest}
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
 * Somebody signed in with the password of this hash: the way in is remembered as used (A1), and the hash
 * replaced where today's parameters are others. False when it was changed, or the user disabled,
 * since it was compared.
 */
export async function recordPasswordSignIn(
  tx: Db,
  userId: string,
  hash: string,
  rehashed: string | null,
): Promise<boolean> {
  const current = sql`id = ${userId}::uuid and password_hash = ${hash} and disabled_at is null`;
  const used = await row(
    tx,
    sql`with verified as (
      ${
        rehashed
          ? sql`update ${users} set password_hash = ${rehashed} where ${current} returning id`
          : sql`select id from ${users} where ${current} for no key update`
      }
    )
    insert into ${authProviders} (user_id, provider) select id, 'email' from verified
    on conflict (user_id, provider) do update set backfilled = false,
      last_used_at = greatest(auth_providers.last_used_at, now())
    returning 1`,
  );
  return used !== undefined;
}

/** Somebody's account, taken by this transaction alone. */
export interface LockedAccount {
  readonly id: string;
  readonly identifier: Identifier;
  readonly disabled: boolean;
  readonly verified: boolean;
  readonly hasPassword: boolean;
}

/**
 * Takes the account of an address, so that a new password meets nobody half-way: first its links and
 * codes, then the user's row, as whoever spends one does. Whoever comes later waits; and what the
 * next statement reads has all that those before left, a session just begun by the old password
 * included. Changes nothing. Null when nobody has the address.
 */
export async function lockAccount(tx: Db, identifier: Identifier): Promise<LockedAccount | null> {
  const taken = await row<LockedAccount>(
    tx,
    sql`with locked as (
      ${lockVerifications(sql`${identifier}`, purposesVoidedByPasswordChange)}
    ), barrier as (
      select count(*) from locked
    )
    select u.id, u.email as identifier, u.disabled_at is not null as disabled,
      u.email_verified_at is not null as verified,
      u.password_hash is not null as "hasPassword"
    from ${users} u, barrier where u.email = ${identifier} for update of u`,
  );
  return taken ?? null;
}

const purposesVoidedByPasswordChange = [
  "magic_link",
  "password_reset",
  "step_up",
  "sign_up",
] as const;

/**
 * Gives a taken account a password. With it go all its sessions but the caller's own, the devices
 * these were on, and every link and code on its way (P7, R6, L4). The mailbox counts as proven when
 * `mailboxProven`.
 */
export async function setPasswordAndRevoke(
  { caller }: Ctx,
  tx: Db,
  { id, identifier }: LockedAccount,
  { hash, emailVerified }: { hash: string; emailVerified: boolean },
): Promise<void> {
  const own = caller.session?.userId === id ? caller.session.id : null;
  await row(
    tx,
    sql`with voided as (
      ${voidVerifications(sql`${identifier}`, purposesVoidedByPasswordChange)}
    ), ended as (
      delete from ${sessions} where user_id = ${id}::uuid and id is distinct from ${own}::uuid
    ), deleted_devices as (
      delete from ${knownDevices}
      where user_id = ${id}::uuid and device_digest <> ${caller.deviceDigest}
    ), provider_row as (
      insert into ${authProviders} (user_id, provider) values (${id}::uuid, 'email')
      on conflict (user_id, provider) do update set backfilled = false,
        last_used_at = greatest(auth_providers.last_used_at, now())
    )
    update ${users} set password_hash = ${hash},
      email_verified_at = case when ${emailVerified} then coalesce(email_verified_at, now()) else email_verified_at end
    where id = ${id}::uuid`,
  );
}

/**
 * Takes the password away, unless it is the last usable way in (A4). The user's row is taken first: what
 * is read afterwards is what the one before left, so of two parallel removals one is refused. `none`:
 * there was no password.
 */
export async function removePassword(
  tx: Db,
  session: Session,
  env: Pick<Env, "methods">,
): Promise<"removed" | "none" | "last" | "signed_out"> {
  const { userId } = session;
  if (!(await lockSessionUser(tx, session))) return "signed_out";
  if (!(await findPasswordHash(tx, userId))) return "none";
  if (isLastMethod(await listAuthProviders(tx, userId), "email", env)) return "last";
  await row(
    tx,
    sql`with gone as (
      delete from ${authProviders} where user_id = ${userId}::uuid and provider = 'email'
    )
    update ${users} set password_hash = null where id = ${userId}::uuid`,
  );
  return "removed";
}
