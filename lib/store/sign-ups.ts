import { and, desc, eq, isNotNull, sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row, rows } from "@/db/rows";
import { outbox, users, verifications } from "@/db/schema";
import type { Duration } from "@/lib/core/duration";
import type { Identifier } from "@/lib/core/identifier";
import { isOnPage } from "./verifications";

/**
 * A sign-up whose email address is not verified yet: an attempt of one browser, with the password it
 * chose. It is a verification and no user (P1).
 */
export interface SignUpAttempt {
  readonly passwordHash: string | null;
  readonly remember: boolean;
  readonly next: string;
}

/** The newest live attempt of this browser for the address; null when there is none. */
export async function findAttempt(
  tx: Db,
  identifier: Identifier,
  requestingBrowserDigest: string,
): Promise<SignUpAttempt | null> {
  const { passwordHash, remember, next, createdAt } = verifications;
  const [found] = await tx
    .select({ passwordHash, remember, next })
    .from(verifications)
    .where(
      and(
        eq(verifications.identifier, identifier),
        eq(verifications.requestingBrowserDigest, requestingBrowserDigest),
        eq(verifications.purpose, "sign_up"),
        // A request for another code without an attempt stores a row without a password (P4).
        isNotNull(passwordHash),
        sql`consumed_at is null and voided_at is null and expires_at > now()`,
      ),
    )
    .orderBy(desc(createdAt))
    .limit(1);
  return found ?? null;
}

/** Voids this browser's attempts for the address, as it has chosen another password. */
export async function voidAttempts(
  tx: Db,
  identifier: Identifier,
  requestingBrowserDigest: string,
): Promise<void> {
  await row(
    tx,
    sql`update ${verifications} set voided_at = now() where id in (
      select id from ${verifications}
      where identifier = ${identifier} and requesting_browser_digest = ${requestingBrowserDigest}
        and purpose = 'sign_up' and consumed_at is null and voided_at is null
      order by id for update
    ) returning 1`,
  );
}

/** A pending sign-up as staff see it. */
export interface PendingSignUp {
  readonly id: string;
  readonly email: Identifier;
  readonly browser: string;
  /** Codes that were entered and wrong. */
  readonly attempts: number;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  /** The state of its email. */
  readonly letter: "queued" | "sent" | "dead" | null;
}

/** Attempts that can still create an account: no decoys of addresses that have one. */
const isPending = sql`purpose = 'sign_up' and not is_decoy and password_hash is not null
  and consumed_at is null and voided_at is null and expires_at > now()`;

/**
 * At most `most` pending sign-ups, which are so for this lifetime at most, after the one with the id `after`:
 * those that expire last first.
 */
export async function selectPendingSignUps(
  db: Db,
  { lifetime, after, most }: { lifetime: Duration; after: string | null; most: number },
): Promise<PendingSignUp[]> {
  const found = await rows<Record<"createdAt" | "expiresAt", number> & PendingSignUp>(
    db,
    sql`select v.id, v.identifier as email, v.browser, v.attempts,
        extract(epoch from v.created_at)::float as "createdAt",
        extract(epoch from v.expires_at)::float as "expiresAt",
        (select o.state from ${outbox} o
          where o.to_address = v.identifier and o.verification_id = v.id) as letter
      from ${verifications} v where ${isPending} and ${isOnPage(lifetime, after)}
      order by v.expires_at desc, v.id desc limit ${most}`,
  );
  return found.map((one) => ({
    ...one,
    createdAt: new Date(one.createdAt * 1000),
    expiresAt: new Date(one.expiresAt * 1000),
  }));
}

/** A pending sign-up with what another code for it needs. */
export interface AttemptOfBrowser extends SignUpAttempt {
  readonly email: Identifier;
  readonly requestingBrowserDigest: string;
  readonly browser: string;
}

/** A pending sign-up by its id; null when it is over, or its address has an account by now. */
export async function findPendingSignUp(tx: Db, id: string): Promise<AttemptOfBrowser | null> {
  const found = await row<AttemptOfBrowser>(
    tx,
    sql`select identifier as email, requesting_browser_digest as "requestingBrowserDigest", browser,
        password_hash as "passwordHash", remember, next
      from ${verifications} where id = ${id}::uuid and ${isPending}
        and not exists (select from ${users} u where u.email = identifier)
      for update`,
  );
  return found ?? null;
}
