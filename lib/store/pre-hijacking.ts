import { sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row } from "@/db/rows";
import { authProviders, knownDevices, sessions, users } from "@/db/schema";
import { methods } from "@/lib/methods";
import type { Method } from "@/lib/methods/method";

/**
 * Revokes what may have been set up by an attacker before the owner of the email address verified it:
 * an OAuth provider can create an account for an address that it has not verified. Deletes all sessions
 * and known devices, and the password; of the sign-in methods, each says by `atFirstVerification`
 * whether it is deleted or signs nobody in until the owner confirms it (O3, A5). Returns whether any has
 * to be confirmed. The caller has locked the user's row.
 */
export async function revokeUnverifiedCredentials(tx: Db, userId: string): Promise<boolean> {
  const revoked = await row<{ needsConfirmation: boolean }>(
    tx,
    sql`with ended as (
      delete from ${sessions} where user_id = ${userId}::uuid
    ), deleted_devices as (
      delete from ${knownDevices} where user_id = ${userId}::uuid
    ), provider_row as (
      delete from ${authProviders} where user_id = ${userId}::uuid and provider in ${storedNames("revoked")}
    ), to_confirm as (
      update ${authProviders} set confirmation_required_at = now()
      where user_id = ${userId}::uuid and provider in ${storedNames("needs_confirmation")} returning 1
    ), password as (
      update ${users} set password_hash = null where id = ${userId}::uuid
    )
    select exists (select from to_confirm) as "needsConfirmation"`,
  );
  return revoked!.needsConfirmation;
}

const storedNames = (fate: Method["atFirstVerification"]) =>
  methods()
    .filter(({ atFirstVerification }) => atFirstVerification === fate)
    .map(({ storedName }) => storedName);
