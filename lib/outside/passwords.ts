import type { Env } from "@/lib/env";
import type { Passwords } from "@/lib/flow";
import { ok, refuse } from "@/lib/result";
import { argon2Hasher } from "./hasher";

/** Passwords as flows use them: hashed and compared behind a queue, and weighed before they are taken. */
export function openPasswords({ passwordLeast }: Env): Passwords {
  return {
    ...argon2Hasher(),
    weigh(password) {
      const tooShort = [...password].length < passwordLeast;
      return Promise.resolve(
        tooShort
          ? refuse("password_too_short", { field: "password", least: passwordLeast })
          : ok({}),
      );
    },
  };
}
