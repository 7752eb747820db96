import type { Env } from "@/lib/core/env";
import type { Log, Passwords } from "@/lib/runtime/ports";
import { ok, refuse } from "@/lib/core/result";
import { findWeakness } from "./password-strength";
import { argon2Hasher } from "./argon2-hasher";

/** Passwords as flows use them: hashed and compared behind a queue, and weighed before they are taken. */
export function createPasswords(
  { passwordMinLength, breachLookupUrl }: Env,
  log: Log,
  hasher = argon2Hasher(),
): Passwords {
  const field = "password";
  return {
    ...hasher,
    async checkStrength(password, userInputs) {
      if ([...password].length < passwordMinLength)
        return refuse("password_too_short", { field, minLength: passwordMinLength });
      const how = await findWeakness(password, userInputs);
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
