import { and, eq, sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row } from "@/db/rows";
import { oauthAttempts } from "@/db/schema";
import { digest } from "@/lib/core/crypto";
import type { Identifier } from "@/lib/core/identifier";
import type { OAuthIdentity } from "@/lib/core/oauth-identity";
import type { MethodId } from "@/lib/core/method-id";
import { intervals, lifetimes } from "@/lib/core/policy";

const lifetime = sql`make_interval(secs => ${lifetimes.oauthAttempt})`;

export interface NewOAuthAttempt {
  readonly provider: MethodId;
  readonly token: string;
  /** The session that links the provider; null for signing in. */
  readonly sessionId: string | null;
  readonly remember: boolean;
  readonly next: string;
}

/** Inserts an attempt that only the browser with the token can complete. */
export async function insertOAuthAttempt(
  tx: Db,
  { token, ...attempt }: NewOAuthAttempt,
): Promise<void> {
  await tx.insert(oauthAttempts).values({
    ...attempt,
    tokenDigest: digest("oauth_attempt", token),
    expiresAt: sql`now() + ${lifetime}`,
  });
}

/** An attempt whose user came back from the provider. */
export interface OAuthAttempt {
  readonly id: string;
  readonly sessionId: string | null;
  readonly remember: boolean;
  readonly next: string;
}

const isOpen = (provider: MethodId, token: string) =>
  and(
    eq(oauthAttempts.tokenDigest, digest("oauth_attempt", token)),
    eq(oauthAttempts.provider, provider),
    sql`returned_at is null and expires_at > now()`,
  );

/** Whether this browser has an open attempt with the provider. Changes nothing. */
export async function isOAuthAttemptOpen(
  db: Db,
  provider: MethodId,
  token: string,
): Promise<boolean> {
  const found = await db
    .select({ id: oauthAttempts.id })
    .from(oauthAttempts)
    .where(isOpen(provider, token));
  return found.length > 0;
}

/** Consumes an attempt in one statement, once and before it expires. Null for any other token. */
export async function consumeOAuthAttempt(
  tx: Db,
  provider: MethodId,
  token: string,
): Promise<OAuthAttempt | null> {
  const { id, sessionId, remember, next } = oauthAttempts;
  const [consumed] = await tx
    .update(oauthAttempts)
    .set({ returnedAt: sql`now()` })
    .where(isOpen(provider, token))
    .returning({ id, sessionId, remember, next });
  return consumed ?? null;
}

/**
 * Where an attempt that ended within `intervals.repeat` was going. Null while it is open, and when it ended
 * longer ago. Changes nothing.
 */
export async function findEndedAttempt(
  db: Db,
  provider: MethodId,
  token: string,
): Promise<Pick<OAuthAttempt, "next"> | null> {
  const { next } = oauthAttempts;
  const [ended] = await db
    .select({ next })
    .from(oauthAttempts)
    .where(
      and(
        eq(oauthAttempts.tokenDigest, digest("oauth_attempt", token)),
        eq(oauthAttempts.provider, provider),
        endedJustNow,
      ),
    );
  return ended ?? null;
}

const endedJustNow = sql`returned_at > now() - make_interval(secs => ${intervals.repeat})`;

/**
 * Stores the identity of a returned attempt until its user decides, for as long again (O4), under a new
 * token. A stolen token of the attempt opens what it brought back for `intervals.repeat` at most, when it
 * repeats the callback, as it could have completed the attempt.
 */
export async function storePendingIdentity(
  tx: Db,
  id: string,
  token: string,
  { subject, email, emailAssurance }: OAuthIdentity,
): Promise<void> {
  await tx
    .update(oauthAttempts)
    .set({
      tokenDigest: digest("pending_identity", token),
      subject,
      email,
      isAuthoritative: emailAssurance === "authoritative",
      expiresAt: sql`now() + ${lifetime}`,
    })
    .where(eq(oauthAttempts.id, id));
}

/** A verified identity that waits for this browser's user to decide. */
export interface PendingIdentity extends OAuthAttempt {
  readonly identity: OAuthIdentity;
}

interface PendingRow extends OAuthAttempt {
  provider: MethodId;
  subject: string;
  email: Identifier | null;
  isAuthoritative: boolean;
}

const selectIdentity = (token: string) => sql`
  select id, session_id as "sessionId", remember, next, provider, subject, email,
    is_authoritative as "isAuthoritative"
  from ${oauthAttempts} where token_digest = ${digest("pending_identity", token)}
    and subject is not null`;

const selectPending = (token: string) =>
  sql`${selectIdentity(token)} and consumed_at is null and expires_at > now()`;

/** The pending identity of a token; null when there is none. Changes nothing. */
export async function findPendingIdentity(db: Db, token: string): Promise<PendingIdentity | null> {
  return asPendingIdentity(await row<PendingRow>(db, selectPending(token)));
}

/** The same, when the attempt ended within `intervals.repeat`. */
export async function findNewPendingIdentity(
  db: Db,
  token: string,
): Promise<PendingIdentity | null> {
  return asPendingIdentity(
    await row<PendingRow>(db, sql`${selectPending(token)} and ${endedJustNow}`),
  );
}

/** An identity that was pending until its user decided, within `intervals.repeat`. Changes nothing. */
export async function findDecidedIdentity(db: Db, token: string): Promise<PendingIdentity | null> {
  const justNow = sql`consumed_at > now() - make_interval(secs => ${intervals.repeat})`;
  return asPendingIdentity(await row<PendingRow>(db, sql`${selectIdentity(token)} and ${justNow}`));
}

/** A pending identity, locked until the transaction ends: a second request waits for the first. */
export async function lockPendingIdentity(tx: Db, token: string): Promise<PendingIdentity | null> {
  return asPendingIdentity(await row<PendingRow>(tx, sql`${selectPending(token)} for update`));
}

function asPendingIdentity(found: PendingRow | undefined): PendingIdentity | null {
  if (!found) return null;
  const { provider, subject, email, isAuthoritative, ...attempt } = found;
  const emailAssurance = !email ? "missing" : isAuthoritative ? "authoritative" : "verified";
  return { ...attempt, identity: { provider, subject, email, emailAssurance } };
}

/** Marks a pending identity as used. */
export async function consumePendingIdentity(tx: Db, id: string): Promise<void> {
  await tx
    .update(oauthAttempts)
    .set({ consumedAt: sql`now()` })
    .where(eq(oauthAttempts.id, id));
}
