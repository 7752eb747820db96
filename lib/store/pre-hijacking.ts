import { sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row } from "@/db/rows";
import { authProviders, knownDevices, sessions, users } from "@/db/schema";
import { oauthProviderIds } from "@/lib/core/oauth-providers";

/**
 * Revokes what may have been set up by an attacker before the owner of the email address verified it:
 * an OAuth provider can create an account for an address that it has not verified. Deletes the
 * password, all sessions and all known devices; OAuth identities open nothing until the owner
 * confirms them (O3, A5). Returns whether any has to be confirmed. The caller has locked the user's
 * row.
 */
export async function revokeUnverifiedCredentials(tx: Db, userId: string): Promise<boolean> {
  const revoked = await row<{ needsConfirmation: boolean }>(
    tx,
    sql`with ended as (
      delete from ${sessions} where user_id = ${userId}::uuid
    ), deleted_devices as (
      delete from ${knownDevices} where user_id = ${userId}::uuid
    ), provider_row as (
      delete from ${authProviders} where user_id = ${userId}::uuid and provider = 'email'
    ), suspended as (
      update ${authProviders} set confirmation_required_at = now()
      where user_id = ${userId}::uuid and provider in ${oauthProviderIds} returning 1
    ), password as (
      update ${users} set password_hash = null where id = ${userId}::uuid
    )
    select exists (select from suspended) as "needsConfirmation"`,
  );
  return revoked!.needsConfirmation;
}
