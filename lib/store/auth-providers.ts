import { eq, sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row } from "@/db/rows";
import { authProviders, users } from "@/db/schema";
import type { Env } from "@/lib/core/env";
import type { Session } from "@/lib/runtime/flow";
import type { OAuthProvider } from "@/lib/core/oauth-providers";
import type { ProviderIdentity } from "@/lib/core/oauth-identity";
import { lockSessionUser } from "./sessions";
import { voidVerifications } from "./verifications";

/** One way in on one user. */
export interface AuthProvider {
  readonly provider: string;
  /** The address at the provider; null for our own ways in, or when it vouched for none. */
  readonly address: string | null;
  /** Opens nothing until the person says that it is to stay (O3). */
  readonly needsConfirmation: boolean;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
}

/** A user's ways in, the last used one first. */
export async function listAuthProviders(db: Db, userId: string): Promise<AuthProvider[]> {
  const { provider, address, confirmationRequiredAt, createdAt, lastUsedAt } = authProviders;
  const needsConfirmation = sql<boolean>`${confirmationRequiredAt} is not null`;
  const found = await db
    .select({ provider, address, needsConfirmation, createdAt, lastUsedAt })
    .from(authProviders)
    .where(eq(authProviders.userId, userId));
  return found.sort((a, b) => b.lastUsedAt.getTime() - a.lastUsedAt.getTime());
}

type LinkedMethod = Pick<AuthProvider, "provider" | "needsConfirmation">;

const methodOf = ({ provider }: LinkedMethod) => (provider === "email" ? "password" : provider);

/** Whether it opens the account here and now. */
export const isUsable = (linkedMethod: LinkedMethod, methods: readonly string[]) =>
  methods.includes(methodOf(linkedMethod)) && !linkedMethod.needsConfirmation;

/**
 * Whether it is the only one that does (A4). The e-mail link, which needs no row, always opens it where
 * there is such a thing.
 */
export const isLastMethod = (
  linkedMethods: readonly LinkedMethod[],
  provider: string,
  { methods }: Methods,
) =>
  !methods.includes("magic_link") &&
  linkedMethods.some(
    (linkedMethod) => linkedMethod.provider === provider && isUsable(linkedMethod, methods),
  ) &&
  !linkedMethods.some(
    (linkedMethod) => linkedMethod.provider !== provider && isUsable(linkedMethod, methods),
  );

type Methods = Pick<Env, "methods">;

/**
 * Until the transaction ends, whoever comes with the same identity waits here; so of fifty first
 * sign-ins at once one makes the user, and the others find it. A statement of its own: the next one
 * sees what those before left.
 */
export async function lockIdentity(tx: Db, { provider, subject }: ProviderIdentity): Promise<void> {
  await row(
    tx,
    sql`select pg_advisory_xact_lock(hashtextextended(${`${provider} ${subject}`}, 1))`,
  );
}

/** Whom an identity opens. */
export interface Owner {
  readonly userId: string;
  readonly disabled: boolean;
  readonly needsConfirmation: boolean;
}

/** Whose way in this identity is; null for nobody's. */
export async function findOwner(
  db: Db,
  { provider, subject }: ProviderIdentity,
): Promise<Owner | null> {
  const found = await row<Owner>(
    db,
    sql`select user_id as "userId", disabled_at is not null as disabled, confirmation_required_at is not null as "needsConfirmation"
      from ${authProviders} join ${users} on id = user_id
      where provider = ${provider} and subject = ${subject}`,
  );
  return found ?? null;
}

/** Marks the way in as used (A1). False when it is gone, questioned, or its user switched off meanwhile. */
export async function markIdentityUsed(
  tx: Db,
  { provider, subject }: ProviderIdentity,
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
 * Makes the user of an identity, with its way in. The address counts as verified only where the
 * provider runs the mailbox; then whatever others began for it is dead, as after any proof (O3, A5).
 * Null when somebody has the address by now: the insert itself tells.
 */
export async function createUserFromIdentity(
  tx: Db,
  { provider, subject, email, emailAssurance }: ProviderIdentity,
): Promise<{ id: string } | null> {
  const isVerified = emailAssurance === "authoritative";
  const made = await row<{ id: string }>(
    tx,
    sql`with voided as (
      ${isVerified ? voidVerifications(sql`${email}`, ["sign_up"]) : sql`select 1`}
    ), barrier as (
      select count(*) from voided
    ), inserted as (
      insert into ${users} (email, email_verified_at)
      select ${email}, case when ${isVerified} then now() end from barrier
      on conflict (email) do nothing returning id
    ), provider_row as (
      insert into ${authProviders} (user_id, provider, subject, address)
      select id, ${provider}, ${subject}, ${email} from inserted
    )
    select id from inserted`,
  );
  return made ?? null;
}

/**
 * Adds an identity to a user's ways in; one that was "needsConfirmation" stays from now on. `taken`: it opens
 * somebody else's account. `occupied`: another one of this provider is there (I2). `signed_out`
 * since the session was read. `other_account`: nobody set out to connect it, and it is not of this
 * account's address; at a shared machine it may be somebody else's. The caller has taken the identity.
 */
export async function linkIdentity(
  tx: Db,
  session: Session,
  identity: ProviderIdentity,
  { explicit }: { explicit: boolean },
): Promise<"connected" | "taken" | "occupied" | "signed_out" | "other_account"> {
  const { userId } = session;
  const { provider, subject, email } = identity;
  if (!(await lockSessionUser(tx, session))) return "signed_out";
  const owner = await findOwner(tx, identity);
  if (owner && owner.userId !== userId) return "taken";
  if (!owner && !explicit && email !== session.email) return "other_account";
  const connected = await row(
    tx,
    sql`insert into ${authProviders} (user_id, provider, subject, address)
      values (${userId}::uuid, ${provider}, ${subject}, ${email})
      on conflict (user_id, provider) do update set confirmation_required_at = null
        where auth_providers.subject = excluded.subject
      returning 1`,
  );
  return connected ? "connected" : "occupied";
}

/** Says that a questioned way in is one's own, so that it opens the account again. `none`: no such one. */
export async function confirmIdentity(
  tx: Db,
  session: Session,
  provider: OAuthProvider,
): Promise<"kept" | "none" | "signed_out"> {
  if (!(await lockSessionUser(tx, session))) return "signed_out";
  const confirmed = await row(
    tx,
    sql`update ${authProviders} set confirmation_required_at = null
      where user_id = ${session.userId}::uuid and provider = ${provider} and confirmation_required_at is not null
      returning 1`,
  );
  return confirmed ? "kept" : "none";
}

/**
 * Takes a provider from a user's ways in, unless it is the last usable one (A4). The user's row is
 * taken first: of two parallel removals one is refused. One that is questioned opens nothing, so it
 * can always go.
 */
export async function unlinkProvider(
  tx: Db,
  session: Session,
  provider: OAuthProvider,
  env: Methods,
): Promise<"disconnected" | "none" | "last" | "signed_out"> {
  const { userId } = session;
  if (!(await lockSessionUser(tx, session))) return "signed_out";
  const linkedMethods = await listAuthProviders(tx, userId);
  if (isLastMethod(linkedMethods, provider, env)) return "last";
  const gone = await row(
    tx,
    sql`delete from ${authProviders}
      where user_id = ${userId}::uuid and provider = ${provider} returning 1`,
  );
  return gone ? "disconnected" : "none";
}
