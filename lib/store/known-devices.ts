import { and, eq, sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { knownDevices, users } from "@/db/schema";
import type { Identifier } from "@/lib/core/identifier";
import { bounds } from "@/lib/core/policy";

/** Whether this browser has signed in to the account of this address before (R6). */
export async function isKnownDevice(
  db: Db,
  deviceDigest: string,
  identifier: Identifier,
): Promise<boolean> {
  const found = await db
    .select({ known: sql`true` })
    .from(knownDevices)
    .innerJoin(users, eq(users.id, knownDevices.userId))
    .where(and(eq(knownDevices.deviceDigest, deviceDigest), eq(users.email, identifier)));
  return found.length > 0;
}

/** Whether a device is known to a user, as it was before the statement. */
export const isKnownTo = (deviceDigest: string, userId: string) => sql`
  exists (select from ${knownDevices}
    where device_digest = ${deviceDigest} and user_id = ${userId}::uuid)`;

/**
 * CTEs that remember a device for a user. Only the last `bounds.usersPerDevice` users keep the device,
 * because it may be a public computer (R6).
 */
export const deviceRemembered = (deviceDigest: string, userId: string) => sql`
  remembered as (
    insert into ${knownDevices} (device_digest, user_id) values (${deviceDigest}, ${userId}::uuid)
    on conflict (device_digest, user_id) do update set last_used_at = now()
  ), deleted_devices as (
    delete from ${knownDevices} where device_digest = ${deviceDigest} and user_id in (
      select user_id from ${knownDevices}
      where device_digest = ${deviceDigest} and user_id <> ${userId}::uuid
      order by last_used_at desc offset ${bounds.usersPerDevice - 1}
    )
  )`;
