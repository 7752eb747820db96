import { sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row, rows } from "@/db/rows";
import { users, verifications } from "@/db/schema";
import type { Duration } from "@/lib/core/duration";
import type { Identifier } from "@/lib/core/identifier";
import { isOnPage } from "./verifications";

/**
 * Invitations: addresses that may get an account where sign-up is closed (T1). An invitation is a
 * verification without a secret: its email only says so, and the address is verified by a sign-in email as
 * always.
 */

const isOpen = sql`purpose = 'invitation' and consumed_at is null and voided_at is null and expires_at > now()`;

/** Whether an address may get an account although sign-up is closed. */
export async function isInvited(db: Db, email: Identifier): Promise<boolean> {
  const found = await row(
    db,
    sql`select 1 from ${verifications} where identifier = ${email} and ${isOpen}`,
  );
  return found !== undefined;
}

/** Invites an address, and voids earlier invitations of it. Returns the invitation's id. */
export async function insertInvitation(
  tx: Db,
  { email, staffId, lifetime }: { email: Identifier; staffId: string | null; lifetime: Duration },
): Promise<string> {
  const inserted = await row<{ id: string }>(
    tx,
    sql`with voided as (
      update ${verifications} set voided_at = now() where identifier = ${email} and ${isOpen}
    )
    insert into ${verifications} (purpose, identifier, staff_id, token_digest, code_hash,
      requesting_browser_digest, browser, is_decoy, from_known_device, remember, next, limit_hits,
      expires_at, code_expires_at)
    values ('invitation', ${email}, ${staffId}::uuid, 'invitation ' || gen_random_uuid(), '', '', '', false,
      false, false, '', '[]'::jsonb, now() + make_interval(secs => ${lifetime}), now())
    returning id`,
  );
  return inserted!.id;
}

/** Voids an open invitation, and returns its address. Null when there is none with this id. */
export async function voidInvitation(tx: Db, id: string): Promise<Identifier | null> {
  const voided = await row<{ email: Identifier }>(
    tx,
    sql`update ${verifications} set voided_at = now() where id = ${id}::uuid and ${isOpen}
      returning identifier as email`,
  );
  return voided?.email ?? null;
}

/** Voids the invitations of an address, which has an account now. */
export async function voidInvitationsOf(tx: Db, email: Identifier): Promise<void> {
  await row(
    tx,
    sql`update ${verifications} set voided_at = now() where identifier = ${email} and ${isOpen}`,
  );
}

/** An open invitation as staff see it. */
export interface Invitation {
  readonly id: string;
  readonly email: Identifier;
  readonly expiresAt: Date;
  /** The address of who invited; null for the command line. */
  readonly by: string | null;
}

/**
 * At most `most` open invitations, which are so for this lifetime at most, after the one with the id `after`:
 * those that expire last first.
 */
export async function selectInvitations(
  db: Db,
  { lifetime, after, most }: { lifetime: Duration; after: string | null; most: number },
): Promise<Invitation[]> {
  const found = await rows<Omit<Invitation, "expiresAt"> & { expiresAt: number }>(
    db,
    sql`select v.id, v.identifier as email, extract(epoch from v.expires_at)::float as "expiresAt",
        staff.email as by
      from ${verifications} v left join ${users} staff on staff.id = v.staff_id
      where ${isOpen} and not exists (select from ${users} u where u.email = v.identifier)
        and ${isOnPage(lifetime, after)}
      order by v.expires_at desc, v.id desc limit ${most}`,
  );
  return found.map((one) => ({ ...one, expiresAt: new Date(one.expiresAt * 1000) }));
}
