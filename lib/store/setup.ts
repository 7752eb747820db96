import { sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row } from "@/db/rows";
import { users, verifications } from "@/db/schema";
import { digest } from "@/lib/core/crypto";
import type { Duration } from "@/lib/core/duration";
import { recordEvent } from "./audit-log";

/** The link that makes its first user an admin, while there is none (T1). It belongs to no address. */

const isLive = sql`purpose = 'setup' and consumed_at is null and voided_at is null and expires_at > now()`;
const hasNoAdmin = sql`not exists (
  select from ${users} where role = 'admin' and disabled_at is null)`;

/**
 * Stores the digest of a new link's token, and voids earlier ones. False, and nothing is stored, where there
 * is an admin. `requestId` identifies it in the audit log.
 */
export function issueSetupToken(
  db: Db,
  { token, lifetime, requestId }: { token: string; lifetime: Duration; requestId: string },
): Promise<boolean> {
  return db.transaction(async (tx) => {
    const issued = await row(
      tx,
      sql`with voided as (
        update ${verifications} set voided_at = now() where id in (
          select id from ${verifications} where ${isLive} and ${hasNoAdmin} order by id for update
        )
      )
      insert into ${verifications} (purpose, identifier, token_digest, code_hash,
        requesting_browser_digest, browser, is_decoy, from_known_device, remember, next, limit_hits,
        expires_at, code_expires_at)
      select 'setup', '', ${digest("setup", token)}, '', '', '', false, false, false, '', '[]'::jsonb,
        now() + make_interval(secs => ${lifetime}), now()
      where ${hasNoAdmin} returning 1`,
    );
    if (!issued) return false;
    await recordEvent(tx, {
      event: "setup.issue",
      outcome: "ok",
      requestId,
      ip: null,
      browser: "server start",
    });
    return true;
  });
}

/** Whether a link would make its user an admin. */
export async function isSetupTokenLive(db: Db, token: string): Promise<boolean> {
  const found = await row(
    db,
    sql`select 1 from ${verifications}
      where token_digest = ${digest("setup", token)} and ${isLive} and ${hasNoAdmin}`,
  );
  return found !== undefined;
}

/**
 * Consumes a link and makes the user an admin, in one statement: of two users with a link each, one becomes
 * an admin. False where the link does not work, or the user has not verified the address.
 */
export async function redeemSetupToken(tx: Db, token: string, userId: string): Promise<boolean> {
  const tokenDigest = digest("setup", token);
  const redeemed = await row<{ made: boolean }>(
    tx,
    sql`with locked as (
      select id, token_digest from ${verifications} where ${isLive} order by id for update
    ), made as (
      update ${users} set role = 'admin'
      where id = ${userId}::uuid and disabled_at is null and email_verified_at is not null
        and exists (select from locked where token_digest = ${tokenDigest}) and ${hasNoAdmin}
      returning id
    ), ended as (
      update ${verifications} set
        consumed_at = case when token_digest = ${tokenDigest} then now() end,
        voided_at = case when token_digest <> ${tokenDigest} then now() end
      where id in (select id from locked) and exists (select from made)
    )
    select exists (select from made) as made`,
  );
  return redeemed!.made;
}
