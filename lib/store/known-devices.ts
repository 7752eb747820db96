import { and, eq, sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { deviceMarks, users } from "@/db/schema";
import type { Identifier } from "@/lib/core/identifier";
import { bounds } from "@/lib/core/policy";

/** Whether this browser has signed in to the account of this address before (R6). */
export async function isMarkedDevice(
  db: Db,
  deviceDigest: string,
  identifier: Identifier,
): Promise<boolean> {
  const found = await db
    .select({ marked: sql`true` })
    .from(deviceMarks)
    .innerJoin(users, eq(users.id, deviceMarks.userId))
    .where(and(eq(deviceMarks.deviceDigest, deviceDigest), eq(users.email, identifier)));
  return found.length > 0;
}

/**
 * Marks a device for a user, as parts of a larger statement. Of the others known to this browser
 * only the latest stay, so that a shared machine does not collect people (R6).
 */
export const deviceMarked = (deviceDigest: string, userId: string) => sql`
  marked as (
    insert into ${deviceMarks} (device_digest, user_id) values (${deviceDigest}, ${userId}::uuid)
    on conflict (device_digest, user_id) do update set last_used_at = now()
  ), forgotten as (
    delete from ${deviceMarks} where device_digest = ${deviceDigest} and user_id in (
      select user_id from ${deviceMarks}
      where device_digest = ${deviceDigest} and user_id <> ${userId}::uuid
      order by last_used_at desc offset ${bounds.usersPerDevice - 1}
    )
  )`;
