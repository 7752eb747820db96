import { eq, sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row } from "@/db/rows";
import { authProviders, users } from "@/db/schema";
import type { Env } from "@/lib/core/env";
import type { Identifier } from "@/lib/core/identifier";
import type { OAuthIdentity } from "@/lib/core/oauth-identity";
import type { MethodId } from "@/lib/core/method-id";
import { usableMethods } from "@/lib/methods";
import { isReserved } from "./reservations";
import { lockForMethods, type Session } from "./sessions";
import { voidVerifications } from "./verifications";

/** A sign-in method that a user has used or linked. */
export interface AuthProvider {
  readonly provider: string;
  /** The verified address at an OAuth provider, if it has one; null for our own methods. */
  readonly address: string | null;
  /** It signs nobody in until the owner confirms it (O3). */
  readonly needsConfirmation: boolean;
  readonly createdAt: Date;
  /** Null for one that was set or linked and has not signed anybody in yet. */
  readonly lastUsedAt: Date | null;
}

/**
 * The `last_used_at` of a method that was set or linked, and never used. A time before `created_at`,
 * not null: the release before reads the column as a time (X7).
 */
export const neverUsed = sql`'epoch'::timestamptz`;

/** A user's methods, the last used one first, and those that were never used last. */
export async function selectAuthProviders(db: Db, userId: string): Promise<AuthProvider[]> {
  const { provider, address, confirmationRequiredAt, createdAt, lastUsedAt } = authProviders;
  const needsConfirmation = sql<boolean>`${confirmationRequiredAt} is not null`;
  const found = await db
    .select({ provider, address, needsConfirmation, createdAt, lastUsedAt })
    .from(authProviders)
    .where(eq(authProviders.userId, userId));
  return found
    .sort(
      (a, b) =>
        b.lastUsedAt.getTime() - a.lastUsedAt.getTime() ||
        a.createdAt.getTime() - b.createdAt.getTime(),
    )
    .map((one) => ({ ...one, lastUsedAt: one.lastUsedAt < one.createdAt ? null : one.lastUsedAt }));
}

/**
 * Whether it is the user's only usable method (A4). Where the emailed link is enabled, which needs no
 * row (`needsRow`), there is always another.
 */
export function isLastMethod(
  linked: readonly Pick<AuthProvider, "provider" | "needsConfirmation">[],
  provider: string,
  env: Pick<Env, "methods">,
): boolean {
  const [only, ...others] = usableMethods(linked, env.methods);
  return others.length === 0 && only?.needsRow === true && only.storedName === provider;
}

/**
 * Takes an advisory lock on an identity until the transaction ends: of fifty parallel first sign-ins
 * one creates the user and the others find it. A statement of its own, so that the next one sees what
 * was committed meanwhile.
 */
export async function lockIdentity(tx: Db, { provider, subject }: OAuthIdentity): Promise<void> {
  await row(
    tx,
    sql`select pg_advisory_xact_lock(hashtextextended(${`${provider} ${subject}`}, 1))`,
  );
}

/** The user that an identity signs in. */
export interface Owner {
  readonly userId: string;
  readonly email: Identifier;
  readonly disabled: boolean;
  readonly needsConfirmation: boolean;
}

/** The owner of an identity; null when it is not linked to a user. */
export async function findOwner(
  db: Db,
  { provider, subject }: OAuthIdentity,
): Promise<Owner | null> {
  const found = await row<Owner>(
    db,
    sql`select user_id as "userId", email, disabled_at is not null as disabled,
        confirmation_required_at is not null as "needsConfirmation"
      from ${authProviders} join ${users} on id = user_id
      where provider = ${provider} and subject = ${subject}`,
  );
  return found ?? null;
}

/**
 * Records a use (A1). False when the identity was unlinked or needs confirmation, or its user was disabled,
 * meanwhile.
 */
export async function markIdentityUsed(
  tx: Db,
  { provider, subject }: OAuthIdentity,
): Promise<boolean> {
  const used = await row(
    tx,
    sql`with enabled_user as (
      select id from ${users} where disabled_at is null and id in (
        select user_id from ${authProviders} where provider = ${provider} and subject = ${subject}
      ) for no key update
    )
    update ${authProviders} set last_used_at = greatest(last_used_at, now())
    where provider = ${provider} and subject = ${subject} and confirmation_required_at is null
      and user_id in (select id from enabled_user)
    returning 1`,
  );
  return used !== undefined;
}

/**
 * Creates the user of an identity and links it. The address counts as verified only where the provider
 * is authoritative for it; then pending sign-ups are voided, as after any verification (O3, A5). Null
 * when the address has a user by now, or is reserved for one: the insert itself decides a race. The caller
 * has locked the address, so that a reservation is seen.
 */
export async function createUserFromIdentity(
  tx: Db,
  { provider, subject, email, emailAssurance }: OAuthIdentity,
): Promise<{ id: string } | null> {
  const isVerified = emailAssurance === "authoritative";
  const created = await row<{ id: string }>(
    tx,
    sql`with voided as (
      ${isVerified ? voidVerifications(sql`${email}`, ["sign_up"]) : sql`select 1`}
    ), barrier as (
      select count(*) from voided
    ), inserted as (
      insert into ${users} (email, email_verified_at)
      select ${email}, case when ${isVerified} then now() end from barrier
      where not ${isReserved(email)}
      on conflict (email) do nothing returning id
    ), provider_row as (
      insert into ${authProviders} (user_id, provider, subject, address)
      select id, ${provider}, ${subject}, ${email} from inserted
    )
    select id from inserted`,
  );
  return created ?? null;
}

/**
 * Links an identity to the session's user, and confirms it if it needed that. `taken`: it belongs to
 * another user. `occupied`: another identity of this provider is linked (I2). `signed_out`: the session
 * has ended. `other_account`: the user did not ask to link it, and its address is not theirs; on a
 * shared computer it may be someone else's. `locked`: a sign-in was reported. The caller has locked the
 * identity.
 */
export async function linkIdentity(
  tx: Db,
  session: Session,
  identity: OAuthIdentity,
  { userAskedToLink }: { userAskedToLink: boolean },
): Promise<"linked" | "taken" | "occupied" | "signed_out" | "locked" | "other_account"> {
  const { userId } = session;
  const { provider, subject, email } = identity;
  const access = await lockForMethods(tx, session);
  if (access !== "open") return access;
  const owner = await findOwner(tx, identity);
  if (owner && owner.userId !== userId) return "taken";
  if (!owner && !userAskedToLink && email !== session.email) return "other_account";
  const linked = await row(
    tx,
    sql`insert into ${authProviders} (user_id, provider, subject, address, last_used_at)
      values (${userId}::uuid, ${provider}, ${subject}, ${email}, ${neverUsed})
      on conflict (user_id, provider) do update set confirmation_required_at = null
        where auth_providers.subject = excluded.subject
      returning 1`,
  );
  return linked ? "linked" : "occupied";
}

/** Confirms an identity, so that it signs its user in again. `none`: nothing to confirm. */
export async function confirmIdentity(
  tx: Db,
  session: Session,
  provider: MethodId,
): Promise<"confirmed" | "none" | "signed_out" | "locked"> {
  const access = await lockForMethods(tx, session);
  if (access !== "open") return access;
  const confirmed = await row(
    tx,
    sql`update ${authProviders} set confirmation_required_at = null
      where user_id = ${session.userId}::uuid and provider = ${provider}
        and confirmation_required_at is not null
      returning 1`,
  );
  return confirmed ? "confirmed" : "none";
}

/**
 * Unlinks a provider, unless it is the last usable method (A4). Locks the user's row first: of two
 * parallel removals one is refused. An identity that needs confirmation signs nobody in, so it can
 * always be unlinked.
 */
export async function deleteAuthProvider(
  tx: Db,
  session: Session,
  provider: MethodId,
  env: Pick<Env, "methods">,
): Promise<"unlinked" | "none" | "last" | "signed_out" | "locked"> {
  const { userId } = session;
  const access = await lockForMethods(tx, session);
  if (access !== "open") return access;
  if (isLastMethod(await selectAuthProviders(tx, userId), provider, env)) return "last";
  const deleted = await row(
    tx,
    sql`delete from ${authProviders}
      where user_id = ${userId}::uuid and provider = ${provider} returning 1`,
  );
  return deleted ? "unlinked" : "none";
}
