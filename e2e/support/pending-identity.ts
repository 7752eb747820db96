import { randomBytes } from "node:crypto";
import { digest } from "@/lib/core/crypto";
import type { Client } from "./client";
import type { Db } from "./db";

/** Gives this browser a pending identity, as after an OAuth callback that needs a decision. */
export async function insertPendingIdentity(
  { sql }: Db,
  client: Client,
  email: string,
): Promise<void> {
  const token = randomBytes(32).toString("base64url");
  client.jar.set("latchkey-pending_identity", token);
  await sql`insert into oauth_attempts
    (token_digest, provider, remember, next, expires_at, returned_at, subject, email, is_authoritative)
    values (${digest("pending_identity", token)}, 'google', false, '', now() + interval '10 minutes',
      now(), ${email}, ${email}, false)`;
}
