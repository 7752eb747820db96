import { sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row } from "@/db/rows";
import { authProviders, deviceMarks, sessions, users } from "@/db/schema";
import type { Caller } from "@/lib/runtime/flow";
import type { Identifier } from "@/lib/core/identifier";
import { oauthProviderIds } from "@/lib/core/oauth-providers";
import { isMarkedDevice } from "./known-devices";

/**
 * The mailbox of an account was proven for the first time. In a browser the account does not know, what
 * is there may be somebody else's, who came by a provider that took their word for the address: the
 * password goes, all sessions and known devices too, and what providers open waits for the owner to
 * say that it is theirs (O3, A5). Returns whether something waits so. For who has taken the user's row.
 */
export async function dropPlanted(
  tx: Db,
  { id, identifier }: { id: string; identifier: Identifier },
  { deviceDigest }: Caller,
): Promise<true | false> {
  if (await isMarkedDevice(tx, deviceDigest, identifier)) return false;
  const left = await row<{ questioned: boolean }>(
    tx,
    sql`with ended as (
      delete from ${sessions} where user_id = ${id}::uuid
    ), forgotten as (
      delete from ${deviceMarks} where user_id = ${id}::uuid
    ), way_in as (
      delete from ${authProviders} where user_id = ${id}::uuid and provider = 'email'
    ), questioned as (
      update ${authProviders} set questioned_at = now()
      where user_id = ${id}::uuid and provider in ${oauthProviderIds} returning 1
    ), password as (
      update ${users} set password_hash = null where id = ${id}::uuid
    )
    select exists (select from questioned) as questioned`,
  );
  return left!.questioned;
}
