import { and, eq, sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row } from "@/db/rows";
import { oauthAttempts } from "@/db/schema";
import type { Identifier } from "@/lib/core/identifier";
import type { OAuthProvider } from "@/lib/core/oauth-providers";
import { lifetimes } from "@/lib/core/policy";
import { digest } from "@/lib/core/crypto";
import type { ProviderIdentity } from "@/lib/core/oauth-identity";

const lifetime = sql`make_interval(secs => ${lifetimes.oauthAttempt})`;

export interface NewOAuthAttempt {
  readonly provider: OAuthProvider;
  readonly token: string;
  /** The session that sets out to connect the provider; null for signing in. */
  readonly sessionId: string | null;
  readonly remember: boolean;
  readonly next: string;
}

/** Begins a trip to a provider, for the browser that is given the token. */
export async function insertOAuthAttempt(
  tx: Db,
  { token, ...started }: NewOAuthAttempt,
): Promise<void> {
  await tx.insert(oauthAttempts).values({
    ...started,
    tokenDigest: digest("oauth_attempt", token),
    expiresAt: sql`now() + ${lifetime}`,
  });
}

/** A trip that came back. */
export interface OAuthAttempt {
  readonly id: string;
  readonly sessionId: string | null;
  readonly remember: boolean;
  readonly next: string;
}

const openAttempt = (provider: OAuthProvider, token: string) =>
  and(
    eq(oauthAttempts.tokenDigest, digest("oauth_attempt", token)),
    eq(oauthAttempts.provider, provider),
    sql`returned_at is null and expires_at > now()`,
  );

/** Whether this browser is on a trip to the provider. Changes nothing. */
export async function isOAuthAttemptOpen(
  db: Db,
  provider: OAuthProvider,
  token: string,
): Promise<boolean> {
  const found = await db
    .select({ id: oauthAttempts.id })
    .from(oauthAttempts)
    .where(openAttempt(provider, token));
  return found.length > 0;
}

/**
 * The trip this browser began, back from its provider: once, and in time. Null for any other. Decided
 * by the one statement.
 */
export async function consumeOAuthAttempt(
  tx: Db,
  provider: OAuthProvider,
  token: string,
): Promise<OAuthAttempt | null> {
  const { id, sessionId, remember, next } = oauthAttempts;
  const [taken] = await tx
    .update(oauthAttempts)
    .set({ returnedAt: sql`now()` })
    .where(openAttempt(provider, token))
    .returning({ id, sessionId, remember, next });
  return taken ?? null;
}

/**
 * Keeps who came back until they go on, for as long again (O4), under a new token: whoever knew that of
 * the trip knows nothing of what it brought.
 */
export async function storePendingIdentity(
  tx: Db,
  id: string,
  token: string,
  { subject, email, emailAssurance }: ProviderIdentity,
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

/** An identity that was proven in this browser, and waits for its owner to go on. */
export interface PendingIdentity extends OAuthAttempt {
  readonly identity: ProviderIdentity;
}

interface PendingRow extends OAuthAttempt {
  provider: OAuthProvider;
  subject: string;
  email: Identifier | null;
  isAuthoritative: boolean;
}

const pendingBy = (token: string) => sql`
  select id, session_id as "sessionId", keep, next, provider, subject, email,
    is_authoritative as "isAuthoritative"
  from ${oauthAttempts} where token_digest = ${digest("pending_identity", token)}
    and subject is not null and consumed_at is null and expires_at > now()`;

/** What waits in this browser; null for nothing. Changes nothing. */
export async function findPendingIdentity(db: Db, token: string): Promise<PendingIdentity | null> {
  return asPendingIdentity(await row<PendingRow>(db, pendingBy(token)));
}

/** The same, taken until the transaction ends: who comes second finds what the first has left. */
export async function lockPendingIdentity(tx: Db, token: string): Promise<PendingIdentity | null> {
  return asPendingIdentity(await row<PendingRow>(tx, sql`${pendingBy(token)} for update`));
}

function asPendingIdentity(found: PendingRow | undefined): PendingIdentity | null {
  if (!found) return null;
  const { provider, subject, email, isAuthoritative, ...oauthAttempt } = found;
  const emailAssurance = !email ? "missing" : isAuthoritative ? "authoritative" : "verified";
  return { ...oauthAttempt, identity: { provider, subject, email, emailAssurance } };
}

/** It was used; nobody can again. */
export async function consumePendingIdentity(tx: Db, id: string): Promise<void> {
  await tx
    .update(oauthAttempts)
    .set({ consumedAt: sql`now()` })
    .where(eq(oauthAttempts.id, id));
}
