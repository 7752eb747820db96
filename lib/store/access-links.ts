import { type SQL, sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row, rows } from "@/db/rows";
import { outbox, users, verifications } from "@/db/schema";
import { digest } from "@/lib/core/crypto";
import type { Identifier } from "@/lib/core/identifier";
import { isHelpable, isOnStaff, lockPeopleOf } from "./staff-help";

const isOpen = sql`v.purpose = 'access_link' and v.consumed_at is null and v.voided_at is null
  and v.expires_at > now()`;

/** The ids of a user's access links that can still be used, or of one of them; locks their rows. */
const lockedOpenLinks = (userId: SQL, id: string | null = null) => sql`
  select v.id from ${verifications} v where v.user_id = ${userId} and ${isOpen}
    ${id === null ? sql`` : sql`and v.id = ${id}::uuid`}
  order by v.id for update`;

/** An access link that can still be used. */
export interface OpenAccessLink {
  readonly id: string;
  /** The address of the staff member who sent it; null for the command line, or after they were erased. */
  readonly sentBy: Identifier | null;
  readonly sentAt: Date;
  readonly expiresAt: Date;
  /** The state of its email. */
  readonly delivery: "queued" | "sent" | "dead";
}

/** The access links of a user that can still be used, the newest first. */
export async function selectOpenAccessLinks(db: Db, userId: string): Promise<OpenAccessLink[]> {
  const found = await rows<
    Pick<OpenAccessLink, "id" | "sentBy" | "delivery"> & { sentAt: number; expiresAt: number }
  >(
    db,
    sql`select v.id, s.email as "sentBy", extract(epoch from v.created_at)::float as "sentAt",
        extract(epoch from v.expires_at)::float as "expiresAt", o.state as delivery
      from ${verifications} v
        join ${outbox} o on o.to_address = v.identifier and o.verification_id = v.id
        left join ${users} s on s.id = v.staff_id
      where v.user_id = ${userId}::uuid and ${isOpen} order by v.created_at desc`,
  );
  const dateOf = (epoch: number) => new Date(epoch * 1000);
  return found.map((link) => ({
    ...link,
    sentAt: dateOf(link.sentAt),
    expiresAt: dateOf(link.expiresAt),
  }));
}

/** Voids the access links of a user that can still be used, or one of them. Returns how many. */
export async function voidAccessLinks(
  tx: Db,
  userId: string,
  id: string | null = null,
): Promise<number> {
  const voided = await rows(
    tx,
    sql`update ${verifications} set voided_at = now()
      where id in (${lockedOpenLinks(sql`${userId}::uuid`, id)}) returning 1`,
  );
  return voided.length;
}

/** What an access link may open now. */
export interface Access {
  readonly userId: string;
  readonly staffId: string;
  /** The user can sign in, is no member of staff by now, and has the address that the link was sent to. */
  readonly mayBeOpened: boolean;
  /** Whoever sent it is still on the staff, and can sign in. */
  readonly isFromStaff: boolean;
}

/** Locks the user of an access link, and whoever sent it, and reads whether it may open the account. */
export async function lockAccess(tx: Db, token: string): Promise<Access | null> {
  await lockPeopleOf(tx, "access_link", token);
  const access = await row<Access>(
    tx,
    sql`select v.user_id as "userId", v.staff_id as "staffId",
        ${isHelpable} and u.email = v.identifier as "mayBeOpened",
        ${isOnStaff(sql`v.staff_id`)} as "isFromStaff"
      from ${verifications} v
        join ${users} u on u.id = v.user_id
        left join ${users} s on s.id = v.staff_id
      where v.purpose = 'access_link' and v.token_digest = ${digest("access_link", token)}`,
  );
  return access ?? null;
}
