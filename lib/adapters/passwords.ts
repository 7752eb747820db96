import type { Env } from "@/lib/core/env";
import type { Log, Passwords } from "@/lib/runtime/ports";
import { ok, refuse } from "@/lib/core/result";
import { findWeakness } from "./password-strength";
import { argon2Hasher } from "./argon2-hasher";
import { hashingProcess } from "./hashing-process";

export function createPasswords(
  { passwordMinLength, breachLookupUrl }: Env,
  log: Log,
  hasher = argon2Hasher(hashingProcess(log)),
): Passwords {
  const field = "password";
  return {
    ...hasher,
    async checkStrength(password, userInputs) {
      if ([...password].length < passwordMinLength)
        return refuse("password_too_short", { field, minLength: passwordMinLength });
      const weakness = await findWeakness(password, userInputs);
      if (weakness) return refuse(weakness, { field });
      // Last: a password that is refused anyway is not looked up.
      if (breachLookupUrl) {
        const { isBreached } = await import("./breached-passwords");
        if (await isBreached(password, breachLookupUrl, log))
          return refuse("password_breached", { field });
      }
      return ok({});
    },
  };
}
