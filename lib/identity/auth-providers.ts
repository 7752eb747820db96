import { eq } from "drizzle-orm";
import type { Db } from "@/db/client";
import { authProviders } from "@/db/schema";

/** One way in on one user. */
export interface AuthProvider {
  readonly provider: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
}

/** A user's ways in, the last used one first. */
export async function listAuthProviders(db: Db, userId: string): Promise<AuthProvider[]> {
  const { provider, createdAt, lastUsedAt } = authProviders;
  const found = await db
    .select({ provider, createdAt, lastUsedAt })
    .from(authProviders)
    .where(eq(authProviders.userId, userId));
  return found.sort((a, b) => b.lastUsedAt.getTime() - a.lastUsedAt.getTime());
}
