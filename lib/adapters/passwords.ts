import type { Env } from "@/lib/core/env";
import type { Log, Passwords } from "@/lib/runtime/flow";
import { ok, refuse } from "@/lib/core/result";
import { guessable } from "./password-strength";
import { argon2Hasher } from "./argon2-hasher";

/** Passwords as flows use them: hashed and compared behind a queue, and weighed before they are taken. */
export function openPasswords(
  { passwordLeast, breachLookupUrl }: Env,
  log: Log,
  hasher = argon2Hasher(),
): Passwords {
  const field = "password";
  return {
    ...hasher,
    async weigh(password, ownWords) {
      if ([...password].length < passwordLeast)
        return refuse("password_too_short", { field, least: passwordLeast });
      const how = await guessable(password, ownWords);
      if (how) return refuse(how, { field });
      // Last, so that nobody outside hears of what was refused anyway.
      if (breachLookupUrl) {
        const { isBreached } = await import("./breached-passwords");
        if (await isBreached(password, breachLookupUrl, log))
          return refuse("password_breached", { field });
      }
      return ok({});
    },
  };
}
