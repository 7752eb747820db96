import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { confirmPassword, code, email, password, passwordsMatch } from "@/lib/runtime/fields";
import { codeLimits } from "@/lib/runtime/limits";
import { completePasswordReset } from "./steps";
import { consumeCode, refuseCode } from "@/lib/store/verifications";

/**
 * Sets a new password by the code from the mail, in the browser that asked for it. The password is
 * weighed first, so that one which is not taken costs the code no try. Refuses what speaks against
 * it, `overloaded`, `code_invalid`, `code_too_many_attempts`, and after the proof `account_disabled`.
 */
export const redeemPasswordResetCode = defineFlow({
  name: "password_reset.redeem_code",
  kind: "write",
  requires: "anyone",
  method: "password",
  identifierOf: ({ email }) => email,
  limits: codeLimits("password_reset"),
  input: z.strictObject({ email, code, password, confirmPassword }).superRefine(passwordsMatch),

  async run(ctx, { email, code, password }) {
    const strength = await ctx.passwords.checkStrength(password, [email, ctx.env.appName]);
    if (!strength.ok) return strength;
    const hashed = await ctx.passwords.hash(password);
    if (!hashed.ok) return hashed;
    return ctx.write(async (tx) => {
      const outcome = await consumeCode(tx, {
        purpose: "password_reset",
        requestingBrowserDigest: ctx.caller.requestingBrowserDigest,
        identifier: email,
        code,
        keys: ctx.env.tokenKey,
      });
      return outcome.consumed
        ? completePasswordReset(ctx, tx, outcome.consumed, hashed.value)
        : refuseCode(outcome.cause);
    });
  },
});
