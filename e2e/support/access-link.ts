import { randomBytes } from "node:crypto";
import { digest } from "@/lib/core/crypto";
import { commandLineId } from "@/lib/store/staff-help";
import type { Db } from "./db";

/** An access link to a user, as if sent on the command line. */
export async function insertAccessLink({ sql }: Db, userId: string) {
  const token = randomBytes(32).toString("base64url");
  const [link] = await sql<{ id: string; email: string }[]>`
    with link as (
      insert into verifications (purpose, identifier, token_digest, code_hash,
        requesting_browser_digest, browser, is_decoy, from_known_device, remember, next, limit_hits,
        expires_at, code_expires_at, user_id, staff_id)
      select 'access_link', email, ${digest("access_link", token)}, '', '', '', false, false, false, '',
        '[]'::jsonb, now() + interval '15 minutes', now(), id, ${commandLineId}
      from users where id = ${userId}
      returning id, identifier
    ), letter as (
      insert into outbox (kind, to_address, state, verification_id, done_at)
      select 'access_link', identifier, 'sent', id, now() from link
    )
    select id, identifier as email from link`;
  return { ...link!, userId, token };
}
