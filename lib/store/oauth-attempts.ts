import { and, eq, sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row } from "@/db/rows";
import { handshakes } from "@/db/schema";
import type { Identifier } from "@/lib/core/identifier";
import type { OAuthProvider } from "@/lib/core/oauth-providers";
import { lifetimes } from "@/lib/core/policy";
import { digest } from "@/lib/core/crypto";
import type { ProviderIdentity } from "@/lib/core/oauth-identity";

const lifetime = sql`make_interval(secs => ${lifetimes.handshake})`;

export interface NewHandshake {
  readonly provider: OAuthProvider;
  readonly token: string;
  /** The session that sets out to connect the provider; null for signing in. */
  readonly sessionId: string | null;
  readonly keep: boolean;
  readonly next: string;
}

/** Begins a trip to a provider, for the browser that is given the token. */
export async function beginHandshake(tx: Db, { token, ...begun }: NewHandshake): Promise<void> {
  await tx.insert(handshakes).values({
    ...begun,
    tokenDigest: digest("handshake", token),
    expiresAt: sql`now() + ${lifetime}`,
  });
}

/** A trip that came back. */
export interface Handshake {
  readonly id: string;
  readonly sessionId: string | null;
  readonly keep: boolean;
  readonly next: string;
}

const underWay = (provider: OAuthProvider, token: string) =>
  and(
    eq(handshakes.tokenDigest, digest("handshake", token)),
    eq(handshakes.provider, provider),
    sql`returned_at is null and expires_at > now()`,
  );

/** Whether this browser is on a trip to the provider. Changes nothing. */
export async function isUnderWay(db: Db, provider: OAuthProvider, token: string): Promise<boolean> {
  const found = await db
    .select({ id: handshakes.id })
    .from(handshakes)
    .where(underWay(provider, token));
  return found.length > 0;
}

/**
 * The trip this browser began, back from its provider: once, and in time. Null for any other. Decided
 * by the one statement.
 */
export async function takeReturn(
  tx: Db,
  provider: OAuthProvider,
  token: string,
): Promise<Handshake | null> {
  const { id, sessionId, keep, next } = handshakes;
  const [taken] = await tx
    .update(handshakes)
    .set({ returnedAt: sql`now()` })
    .where(underWay(provider, token))
    .returning({ id, sessionId, keep, next });
  return taken ?? null;
}

/**
 * Keeps who came back until they go on, for as long again (O4), under a new token: whoever knew that of
 * the trip knows nothing of what it brought.
 */
export async function parkIdentity(
  tx: Db,
  id: string,
  token: string,
  { subject, email, vouching }: ProviderIdentity,
): Promise<void> {
  await tx
    .update(handshakes)
    .set({
      tokenDigest: digest("parked", token),
      subject,
      email,
      provesMailbox: vouching === "mailbox",
      expiresAt: sql`now() + ${lifetime}`,
    })
    .where(eq(handshakes.id, id));
}

/** An identity that was proven in this browser, and waits for its owner to go on. */
export interface ParkedIdentity extends Handshake {
  readonly identity: ProviderIdentity;
}

interface Parked extends Handshake {
  provider: OAuthProvider;
  subject: string;
  email: Identifier | null;
  provesMailbox: boolean;
}

const parkedBy = (token: string) => sql`
  select id, session_id as "sessionId", keep, next, provider, subject, email,
    proves_mailbox as "provesMailbox"
  from ${handshakes} where token_digest = ${digest("parked", token)}
    and subject is not null and consumed_at is null and expires_at > now()`;

/** What waits in this browser; null for nothing. Changes nothing. */
export async function findParked(db: Db, token: string): Promise<ParkedIdentity | null> {
  return asParked(await row<Parked>(db, parkedBy(token)));
}

/** The same, taken until the transaction ends: who comes second finds what the first has left. */
export async function takeParked(tx: Db, token: string): Promise<ParkedIdentity | null> {
  return asParked(await row<Parked>(tx, sql`${parkedBy(token)} for update`));
}

function asParked(found: Parked | undefined): ParkedIdentity | null {
  if (!found) return null;
  const { provider, subject, email, provesMailbox, ...handshake } = found;
  const vouching = !email ? "missing" : provesMailbox ? "mailbox" : "verified";
  return { ...handshake, identity: { provider, subject, email, vouching } };
}

/** It was used; nobody can again. */
export async function consumeParked(tx: Db, id: string): Promise<void> {
  await tx
    .update(handshakes)
    .set({ consumedAt: sql`now()` })
    .where(eq(handshakes.id, id));
}
