import { eq } from "drizzle-orm";
import type { Db } from "@/db/client";
import { users } from "@/db/schema";

/** What a user says about themselves. */
export interface Profile {
  readonly email: string;
  /** Null where they did not say. */
  readonly name: string | null;
  /** Null for that of the browser. */
  readonly timeZone: string | null;
}

export async function selectProfile(db: Db, userId: string): Promise<Profile | null> {
  const { email, name, timeZone } = users;
  const [found] = await db
    .select({ email, name, timeZone })
    .from(users)
    .where(eq(users.id, userId));
  return found ?? null;
}

export async function writeProfile(
  tx: Db,
  userId: string,
  profile: Pick<Profile, "name" | "timeZone">,
): Promise<void> {
  await tx.update(users).set(profile).where(eq(users.id, userId));
}
