import { randomBytes } from "node:crypto";
import { digest } from "@/lib/core/crypto";
import type { Db } from "./db";

/**
 * Lets a user have changed the address just now, in the browser with this cookie. Returns the token of the
 * link that undoes it.
 */
export async function insertEmailUndo(
  { sql }: Db,
  email: string,
  { oldEmail, mailRequest = "" }: { oldEmail: string; mailRequest?: string | undefined },
): Promise<{ token: string; path: string }> {
  const token = randomBytes(32).toString("base64url");
  await sql`insert into email_changes (user_id, old_email, new_email, effective_at, applied_at, reserved_until)
    select id, ${oldEmail}, email, now(), now(), now() + interval '72 hours'
    from users where email = ${email}`;
  await sql`insert into verifications (purpose, identifier, token_digest, code_hash, requesting_browser_digest,
      browser, is_decoy, from_known_device, user_id, remember, next, limit_hits, expires_at, code_expires_at)
    select 'email_undo', ${oldEmail}, ${digest("email_undo", token)}, '', ${digest("requesting_browser", mailRequest)},
      'firefox/linux', false, false, id, false, '', '[]', now() + interval '72 hours', now()
    from users where email = ${email}`;
  return { token, path: `/l/undo/${token}` };
}
