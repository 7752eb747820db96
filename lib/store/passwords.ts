import { type SQL, sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row } from "@/db/rows";
import { authProviders, knownDevices, sessions, users, verifications } from "@/db/schema";
import type { Env } from "@/lib/core/env";
import type { Identifier } from "@/lib/core/identifier";
import { passwordMethod } from "@/lib/methods/password";
import { staffHelpEnded } from "./staff-help";
import { isLastMethod, neverUsed, selectAuthProviders } from "./auth-providers";
import { areMethodsLocked, lockForMethods, type Session } from "./sessions";
import { lockSecretsOfAccount, type Purpose } from "./verifications";

/** What a typed password is compared with. */
export interface Credentials {
  /** Null when the address has no user. */
  readonly userId: string | null;
  readonly disabled: boolean;
  readonly passwordHash: string | null;
  /** The password of the sign-up that this browser has started for the address. */
  readonly attemptHash: string | null;
}

/** Reads the credentials of an address, with one statement for known and unknown addresses (P5). */
export async function findCredentials(
  db: Db,
  identifier: Identifier,
  requestingBrowserDigest: string,
): Promise<Credentials> {
  const found = await row<Credentials>(
    db,
    sql`select u.id as "userId", u.disabled_at is not null as disabled, u.password_hash as "passwordHash", (
        select v.password_hash from ${verifications} v
        where v.purpose = 'sign_up' and v.identifier = ${identifier}
          and v.requesting_browser_digest = ${requestingBrowserDigest}
          and v.consumed_at is null and v.voided_at is null and v.expires_at > now()
        order by v.created_at desc limit 1
      ) as "attemptHash"
      from (select 1) one left join ${users} u on u.email = ${identifier}`,
  );
  return found!;
}

/** A user's password hash; null without a password. */
export async function findPasswordHash(db: Db, userId: string): Promise<string | null> {
  const found = await row<{ hash: string | null }>(
    db,
    sql`select password_hash as hash from ${users} where id = ${userId}::uuid`,
  );
  return found?.hash ?? null;
}

/**
 * Records a sign-in by password (A1), and replaces the hash where `rehashed` is given. False when the
 * password was changed or the user disabled since the comparison.
 */
export async function recordPasswordSignIn(
  tx: Db,
  userId: string,
  hash: string,
  rehashed: string | null,
): Promise<boolean> {
  const unchanged = sql`id = ${userId}::uuid and password_hash = ${hash} and disabled_at is null`;
  const used = await row(
    tx,
    sql`with verified as (
      ${
        rehashed
          ? sql`update ${users} set password_hash = ${rehashed} where ${unchanged} returning id`
          : sql`select id from ${users} where ${unchanged} for no key update`
      }
    )
    insert into ${authProviders} (user_id, provider) select id, ${passwordMethod.storedName} from verified
    on conflict (user_id, provider) do update set backfilled = false,
      last_used_at = greatest(auth_providers.last_used_at, now())
    returning 1`,
  );
  return used !== undefined;
}

/** A user whose row and secrets this transaction has locked. */
export interface LockedAccount {
  readonly id: string;
  readonly identifier: Identifier;
  readonly disabled: boolean;
  readonly verified: boolean;
  readonly hasPassword: boolean;
  /** A sign-in was reported, so its sessions change no sign-in method. */
  readonly methodsLocked: boolean;
}

/**
 * Locks an address's links and codes and then its user's row, in the same order as redemption does.
 * A later statement of the transaction sees everything that was committed before, such as a session
 * just started with the old password. Changes nothing. Null when the address has no user.
 */
export async function lockAccount(tx: Db, identifier: Identifier): Promise<LockedAccount | null> {
  const locked = await row<LockedAccount>(
    tx,
    sql`with locked as (
      ${lockSecretsOfAccount(sql`${identifier}`, purposesVoidedByPasswordChange)}
    ), barrier as (
      select count(*) from locked
    )
    select u.id, u.email as identifier, u.disabled_at is not null as disabled,
      u.email_verified_at is not null as verified,
      u.password_hash is not null as "hasPassword", ${areMethodsLocked} as "methodsLocked"
    from ${users} u, barrier where u.email = ${identifier} for update of u`,
  );
  return locked ?? null;
}

/** Voids what `lockAccount` has locked; a part of a larger statement. */
export const voidSecretsOfAccount = (identifier: SQL) => sql`
  update ${verifications} set voided_at = now()
  where id in (${lockSecretsOfAccount(identifier, purposesVoidedByPasswordChange)}) returning 1`;

/** The pending links and codes of an address that a change of its credentials voids. */
export const purposesVoidedByPasswordChange: readonly Purpose[] = [
  "magic_link",
  "password_reset",
  "step_up",
  "sign_up",
];

/**
 * Sets the password of a locked account, and revokes what the old one opened: all sessions but
 * `exceptSession`, all known devices but this one, all pending links and codes (P7, R6, L4), and a pending
 * change of the address.
 * `emailVerified` marks the address as verified; `signsIn` marks the password as used.
 */
export async function setPasswordAndRevoke(
  tx: Db,
  { id, identifier }: LockedAccount,
  change: {
    readonly hash: string;
    readonly emailVerified: boolean;
    readonly signsIn: boolean;
    readonly exceptSession: string | null;
    readonly deviceDigest: string;
  },
): Promise<void> {
  await row(
    tx,
    sql`with voided as (
      ${voidSecretsOfAccount(sql`${identifier}`)}
    ), ${staffHelpEnded(sql`${id}::uuid`)}, ended as (
      delete from ${sessions}
      where user_id = ${id}::uuid and id is distinct from ${change.exceptSession}::uuid
    ), deleted_devices as (
      delete from ${knownDevices}
      where user_id = ${id}::uuid and device_digest <> ${change.deviceDigest}
    ), provider_row as (
      insert into ${authProviders} (user_id, provider, last_used_at)
      values (${id}::uuid, ${passwordMethod.storedName}, ${change.signsIn ? sql`now()` : neverUsed})
      on conflict (user_id, provider) do update set backfilled = false,
        last_used_at = greatest(auth_providers.last_used_at, excluded.last_used_at)
    )
    update ${users} set password_hash = ${change.hash},
      email_verified_at = case when ${change.emailVerified} then coalesce(email_verified_at, now()) else email_verified_at end
    where id = ${id}::uuid`,
  );
}

/**
 * Deletes the password, unless it is the last usable sign-in method (A4). Locks the user's row first,
 * so that of two parallel removals one is refused. `none`: there is no password.
 */
export async function deletePassword(
  tx: Db,
  session: Pick<Session, "id" | "userId">,
  env: Pick<Env, "methods">,
): Promise<"removed" | "none" | "last" | "signed_out" | "locked"> {
  const { userId } = session;
  const access = await lockForMethods(tx, session);
  if (access !== "open") return access;
  if (!(await findPasswordHash(tx, userId))) return "none";
  if (isLastMethod(await selectAuthProviders(tx, userId), passwordMethod.storedName, env))
    return "last";
  await row(
    tx,
    sql`with deleted as (
      delete from ${authProviders} where user_id = ${userId}::uuid and provider = ${passwordMethod.storedName}
    )
    update ${users} set password_hash = null where id = ${userId}::uuid`,
  );
  return "removed";
}
