import type { Env } from "@/lib/env";
import type { Passwords } from "@/lib/flow";
import { ok, refuse } from "@/lib/result";
import { guessable } from "./guessing";
import { argon2Hasher } from "./hasher";

/** Passwords as flows use them: hashed and compared behind a queue, and weighed before they are taken. */
export function openPasswords({ passwordLeast }: Env): Passwords {
  const field = "password";
  return {
    ...argon2Hasher(),
    async weigh(password, ownWords) {
      if ([...password].length < passwordLeast)
        return refuse("password_too_short", { field, least: passwordLeast });
      const how = await guessable(password, ownWords);
      return how ? refuse(how, { field }) : ok({});
    },
  };
}
