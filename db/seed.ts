import type { Db } from "./client";
import { authProviders, users } from "./schema";

/** People to try things with: one who comes by link, one who is switched off. */
const people = [
  { email: "ada@example.com", disabledAt: null },
  { email: "leo@example.com", disabledAt: null },
  { email: "eve@example.com", disabledAt: new Date(0) },
];

/** Adds the named people where they are missing, and returns their addresses. */
export function seed(db: Db): Promise<string[]> {
  return db.transaction(async (tx) => {
    const made = await tx
      .insert(users)
      .values(people)
      .onConflictDoNothing()
      .returning({ userId: users.id });
    if (made.length > 0)
      await tx
        .insert(authProviders)
        .values(made.map(({ userId }) => ({ userId, provider: "magic_link" })));
    return people.map(({ email }) => email);
  });
}
