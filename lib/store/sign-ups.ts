import { and, desc, eq, isNotNull, sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row } from "@/db/rows";
import { verifications } from "@/db/schema";
import type { Identifier } from "@/lib/core/identifier";

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
