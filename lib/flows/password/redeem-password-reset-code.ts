import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { again, code, email, password, typedAlike } from "@/lib/runtime/fields";
import { codeLimits } from "@/lib/runtime/limits";
import { acceptNewPassword } from "./steps";
import { consumeCode, refuseCode } from "@/lib/store/verifications";

/**
 * Sets a new password by the code from the mail, in the browser that asked for it. The password is
 * weighed first, so that one which is not taken costs the code no try. Refuses what speaks against
 * it, `busy`, `code_wrong`, `code_tries_spent`, and after the proof `account_disabled`.
 */
export const redeemPasswordResetCode = defineFlow({
  name: "password_reset.redeem_code",
  kind: "write",
  requires: "anyone",
  method: "password",
  concerns: ({ email }) => email,
  limits: codeLimits("password_reset"),
  input: z.strictObject({ email, code, password, again }).superRefine(typedAlike),

  async run(ctx, { email, code, password }) {
    const weighed = await ctx.passwords.weigh(password, [email, ctx.env.appName]);
    if (!weighed.ok) return weighed;
    const hashed = await ctx.passwords.hash(password);
    if (!hashed.ok) return hashed;
    return ctx.write(async (tx) => {
      const outcome = await consumeCode(tx, {
        purpose: "password_reset",
        browserDigest: ctx.caller.askingDigest,
        identifier: email,
        code,
        keys: ctx.env.tokenKey,
      });
      return outcome.consumed
        ? acceptNewPassword(ctx, tx, outcome.consumed, hashed.value)
        : refuseCode(outcome.cause);
    });
  },
});
