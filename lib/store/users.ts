import { sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row } from "@/db/rows";
import { authProviders, users } from "@/db/schema";
import type { Identifier } from "@/lib/core/identifier";
import { voidVerifications } from "./verifications";

/**
 * Who has this address, if anybody. Until the transaction ends, others who ask for the same address
 * wait here, whether or not it has an account; so what follows sees all they did (L4).
 */
export async function lockAddressAndFindUser(
  tx: Db,
  identifier: Identifier,
): Promise<{ id: string } | null> {
  const found = await row<{ id: string | null }>(
    tx,
    sql`select u.id from (select pg_advisory_xact_lock(hashtextextended(${identifier}, 0))) locked
        left join ${users} u on u.email = ${identifier}`,
  );
  return found?.id ? { id: found.id } : null;
}

export interface VerifiedUser {
  readonly id: string;
  readonly disabled: boolean;
  readonly created: boolean;
  /** It had been there before, and nobody had proven the mailbox. */
  readonly firstVerification: boolean;
}

/**
 * Somebody proved that this mailbox is theirs by mail: marks it verified and the way in as used, in
 * one upsert that is safe under parallel first uses (I1, I2, A1). Makes the user where
 * `mayCreate`; null when there is none and none may be made. A disabled user's way in stays
 * untouched (S5). Whatever others began for this address with a password of their own is dead first
 * (A5), before the user's row is taken: so does the one who types such a code, and neither waits
 * for the other for ever.
 */
export async function markEmailVerified(
  tx: Db,
  identifier: Identifier,
  { mayCreate }: { mayCreate: boolean },
): Promise<VerifiedUser | null> {
  const verified = await row<VerifiedUser>(
    tx,
    sql`with voided as (
      ${voidVerifications(sql`${identifier}`, ["sign_up"])}
    ), barrier as (
      select count(*) from voided
    ), verified as (
      ${mayCreate ? insertOrVerify(identifier) : verify(identifier)}
    ), used as (
      insert into ${authProviders} (user_id, provider)
      select id, 'magic_link' from verified where not disabled
      on conflict (user_id, provider) do update set last_used_at = greatest(auth_providers.last_used_at, now())
    )
    select id, disabled, created, not created and fresh as "firstVerification" from verified`,
  );
  return verified ?? null;
}

// Whoever is switched off proves nothing yet: their first proof is the one after that (A5).
const verifiedNow = sql`case when users.disabled_at is null
  then coalesce(users.email_verified_at, now()) else users.email_verified_at end`;

// Of this transaction: it has one moment, and no other has the same.
const fresh = sql`${users.emailVerifiedAt} is not distinct from now() as fresh`;

const insertOrVerify = (identifier: Identifier) => sql`
  insert into ${users} (email, email_verified_at) select ${identifier}, now() from barrier
  on conflict (email) do update set email_verified_at = ${verifiedNow}
  returning id, disabled_at is not null as disabled, xmax = 0 as created, ${fresh}`;

const verify = (identifier: Identifier) => sql`
  update ${users} set email_verified_at = ${verifiedNow}
  from barrier where email = ${identifier}
  returning id, disabled_at is not null as disabled, false as created, ${fresh}`;
