import { z } from "zod";
import { weakPasswordRefusals } from "@/lib/flows/shared/weak-password";
import { repeatedCause } from "@/lib/flows/shared/complete-sign-in";
import { defineFlow } from "@/lib/runtime/flow";
import { confirmPassword, code, email, password, passwordsMatch } from "@/lib/runtime/fields";
import { codeLimits } from "@/lib/runtime/limits";
import { comparePassword, completePasswordReset, repeatPasswordReset } from "./steps";
import { refuseCode, codeRefusals } from "@/lib/flows/shared/code-refusal";
import { consumeCode, findPendingRequest } from "@/lib/store/verifications";
import { ok } from "@/lib/core/result";
import { passwordMethod } from "@/lib/methods/password";

/**
 * Sets a new password by the emailed code, in the browser that requested it. The password is checked
 * first, so that a weak one does not use up an attempt at the code. Refuses weak passwords,
 * `overloaded`, `code_invalid`, `too_many_attempts`, and after the verification `account_disabled`.
 */
export const redeemPasswordResetCode = defineFlow({
  name: "password_reset.redeem_code",
  kind: "write",
  requires: "anyone",
  method: passwordMethod.id,
  signsInBy: passwordMethod.id,
  identifierOf: ({ email }) => email,
  limits: codeLimits("password_reset"),
  audited: {
    subject: "owner",
    ok: [repeatedCause],
    refusals: {
      overloaded: [],
      ...codeRefusals,
      link_invalid: ["no_account"],
      ...weakPasswordRefusals,
      account_disabled: [],
    },
  },
  input: z.strictObject({ email, code, password, confirmPassword }).superRefine(passwordsMatch),

  run: async function redeemPasswordResetCode(ctx, { email, code, password }) {
    const strength = await ctx.passwords.checkStrength(password, [email, ctx.env.appName]);
    if (!strength.ok) return strength;
    const hashed = await ctx.passwords.hash(password);
    if (!hashed.ok) return hashed;
    const pending = await findPendingRequest(ctx.db, "password_reset", ctx.caller);
    const compared =
      pending?.isRepeatable && pending.identifier === email
        ? await comparePassword(ctx, ctx.db, email, password)
        : ok(null);
    if (!compared.ok) return compared;
    const typed = { password, comparison: compared.value };
    return ctx.write(async (tx) => {
      const outcome = await consumeCode(tx, {
        purpose: "password_reset",
        requestingBrowserDigest: ctx.caller.requestingBrowserDigest,
        identifier: email,
        code,
        keys: ctx.env.tokenKey,
      });
      const { consumed } = outcome;
      if (!consumed) return refuseCode("password_reset", outcome.cause);
      return consumed.repeated
        ? repeatPasswordReset(ctx, tx, consumed, typed, refuseCode("password_reset", "none"))
        : completePasswordReset(ctx, tx, consumed, hashed.value);
    });
  },
});
