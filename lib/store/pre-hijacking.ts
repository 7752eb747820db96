import { sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row } from "@/db/rows";
import { authProviders, knownDevices, sessions, users } from "@/db/schema";
import type { Caller } from "@/lib/runtime/flow";
import type { Identifier } from "@/lib/core/identifier";
import { oauthProviderIds } from "@/lib/core/oauth-providers";
import { isKnownDevice } from "./known-devices";

/**
 * The mailbox of an account was proven for the first time. In a browser the account does not know, what
 * is there may be somebody else's, who came by a provider that took their word for the address: the
 * password goes, all sessions and known devices too, and what providers open waits for the owner to
 * say that it is theirs (O3, A5). Returns whether something waits so. For who has taken the user's row.
 */
export async function revokeUnverifiedCredentials(
  tx: Db,
  { id, identifier }: { id: string; identifier: Identifier },
  { deviceDigest }: Caller,
): Promise<true | false> {
  if (await isKnownDevice(tx, deviceDigest, identifier)) return false;
  const left = await row<{ needsConfirmation: boolean }>(
    tx,
    sql`with ended as (
      delete from ${sessions} where user_id = ${id}::uuid
    ), deleted_devices as (
      delete from ${knownDevices} where user_id = ${id}::uuid
    ), provider_row as (
      delete from ${authProviders} where user_id = ${id}::uuid and provider = 'email'
    ), suspended as (
      update ${authProviders} set confirmation_required_at = now()
      where user_id = ${id}::uuid and provider in ${oauthProviderIds} returning 1
    ), password as (
      update ${users} set password_hash = null where id = ${id}::uuid
    )
    select exists (select from suspended) as "needsConfirmation"`,
  );
  return left!.needsConfirmation;
}
