import type { Db } from "./client";
import { authProviders, users } from "./schema";

/** "correct horse battery staple" */
const passwordHash =
  "$argon2id$v=19$m=19456,t=2,p=1$SyqrtIPuh/SLabJcZpzCpg$xAxGNngMaxsVQJpMjAgXYPAhrl5lb83g9+UgyzJ12Gw";

/** Test users: one with a link, one with a password, one disabled. */
const people = [
  { email: "ada@example.com", passwordHash: null, disabledAt: null },
  { email: "leo@example.com", passwordHash, disabledAt: null },
  { email: "eve@example.com", passwordHash: null, disabledAt: new Date(0) },
];

/** Inserts the missing test users and returns the addresses of all. */
export function seed(db: Db): Promise<string[]> {
  return db.transaction(async (tx) => {
    const made = await tx
      .insert(users)
      .values(people)
      .onConflictDoNothing()
      .returning({ userId: users.id, passwordHash: users.passwordHash });
    if (made.length > 0)
      await tx.insert(authProviders).values(
        made.map(({ userId, passwordHash }) => ({
          userId,
          provider: passwordHash ? "email" : "magic_link",
        })),
      );
    return people.map(({ email }) => email);
  });
}
