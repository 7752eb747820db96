import { randomBytes } from "node:crypto";
import { digest } from "@/lib/core/crypto";
import type { Db } from "./db";

/** The path of a link for the first admin, as a server prints it. */
export async function insertSetupLink({ sql }: Db): Promise<string> {
  const token = randomBytes(32).toString("base64url");
  await sql`insert into verifications (purpose, identifier, token_digest, code_hash,
      requesting_browser_digest, browser, is_decoy, from_known_device, remember, next, limit_hits,
      expires_at, code_expires_at)
    values ('setup', '', ${digest("setup", token)}, '', '', '', false, false, false, '', '[]'::jsonb,
      now() + interval '1 day', now())`;
  return `/l/setup/${token}`;
}
