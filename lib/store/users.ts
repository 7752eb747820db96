import { sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row } from "@/db/rows";
import { authProviders, users } from "@/db/schema";
import type { Identifier } from "@/lib/core/identifier";
import { magicLinkMethod } from "@/lib/methods/magic-link";
import { passwordMethod } from "@/lib/methods/password";
import { isReserved, reservationOf } from "./reservations";
import { voidVerifications } from "./verifications";

/**
 * The user of an address, if there is one. Takes an advisory lock on the address until the
 * transaction ends, whether or not it has a user, so that parallel requests for one address see each
 * other's work (L4).
 */
export async function lockAddressAndFindUser(
  tx: Db,
  identifier: Identifier,
): Promise<{ id: string } | null> {
  const { userId } = await lockAddress(tx, identifier);
  return userId ? { id: userId } : null;
}

/** Who has an address. */
export interface AddressUse {
  readonly userId: string | null;
  /** The user who had it until a change that can be undone: nobody can sign up with it (decision 50). */
  readonly reservedBy: string | null;
}

/** The same, with the user for whom an address is reserved. */
export async function lockAddress(tx: Db, identifier: Identifier): Promise<AddressUse> {
  const found = await row<AddressUse>(
    tx,
    sql`select u.id as "userId", (${reservationOf(identifier)}) as "reservedBy"
        from (select pg_advisory_xact_lock(hashtextextended(${identifier}, 0))) locked
        left join ${users} u on u.email = ${identifier}`,
  );
  return found!;
}

/** The user of an address, without a lock. */
export async function findUserId(db: Db, identifier: Identifier): Promise<string | null> {
  const found = await row<{ id: string }>(
    db,
    sql`select id from ${users} where email = ${identifier}`,
  );
  return found?.id ?? null;
}

export interface VerifiedUser {
  readonly id: string;
  readonly disabled: boolean;
  readonly created: boolean;
  /** The user existed before, and this is the first verification of its email address. */
  readonly firstVerification: boolean;
}

/**
 * Marks an email address as verified and the magic link as used, in one upsert that is safe under
 * parallel first sign-ins (I1, I2, A1). Creates the user where `mayCreate`; null when there is none
 * and none may be created. Leaves a disabled user unchanged (S5). Voids pending sign-ups (A5) before
 * it locks the user's row: the same lock order as code redemption, so that the two cannot deadlock.
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
      select id, ${magicLinkMethod.storedName} from verified where not disabled
      on conflict (user_id, provider) do update set last_used_at = greatest(auth_providers.last_used_at, now())
    )
    select id, disabled, created, not created and fresh as "firstVerification" from verified`,
  );
  return verified?.created && (await dropReserved(tx, verified.id, identifier))
    ? null
    : (verified ?? null);
}

/**
 * Deletes a user that was created for a reserved address, and returns whether it did. The insert has waited
 * for a change of that address in a parallel transaction, and did not see its reservation.
 */
async function dropReserved(tx: Db, id: string, identifier: Identifier): Promise<boolean> {
  const dropped = await row(
    tx,
    sql`delete from ${users} where id = ${id}::uuid and ${isReserved(identifier)} returning 1`,
  );
  return dropped !== undefined;
}

// A disabled user stays unverified, so that the first verification is the one after it is enabled (A5).
const verifiedAt = sql`case when users.disabled_at is null
  then coalesce(users.email_verified_at, now()) else users.email_verified_at end`;

// now() is the start of the transaction, which no other transaction shares.
const fresh = sql`${users.emailVerifiedAt} is not distinct from now() as fresh`;

const insertOrVerify = (identifier: Identifier) => sql`
  insert into ${users} (email, email_verified_at)
  select ${identifier}, now() from barrier where not ${isReserved(identifier)}
  on conflict (email) do update set email_verified_at = ${verifiedAt}
  returning id, disabled_at is not null as disabled, xmax = 0 as created, ${fresh}`;

const verify = (identifier: Identifier) => sql`
  update ${users} set email_verified_at = ${verifiedAt}
  from barrier where email = ${identifier}
  returning id, disabled_at is not null as disabled, false as created, ${fresh}`;

/**
 * Creates the user of a completed sign-up with its password, verified and with the password as a
 * sign-in method (P2). Null when the address has a user by now, or is reserved for one: the insert itself
 * decides a race.
 */
export async function createUserWithPassword(
  tx: Db,
  identifier: Identifier,
  passwordHash: string | null,
): Promise<{ id: string } | null> {
  const created = await row<{ id: string }>(
    tx,
    sql`with inserted as (
      insert into ${users} (email, email_verified_at, password_hash)
      select ${identifier}, now(), ${passwordHash} where not ${isReserved(identifier)}
      on conflict (email) do nothing returning id
    ), provider_row as (
      insert into ${authProviders} (user_id, provider) select id, ${passwordMethod.storedName} from inserted
    )
    select id from inserted`,
  );
  return created && !(await dropReserved(tx, created.id, identifier)) ? created : null;
}
