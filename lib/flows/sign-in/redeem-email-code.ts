import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { code, email } from "@/lib/runtime/fields";
import { codeLimits } from "@/lib/runtime/limits";
import { completeEmailSignIn } from "@/lib/flows/shared/complete-email-sign-in";
import { consumeCode, refuseCode } from "@/lib/store/verifications";

/**
 * Signs in by the code from the mail, in the browser that asked for it. The budgets are those of
 * the address, whether it has an account or not (R3); naming another address gains nothing, as the
 * code is looked for under the named one. Refuses `code_invalid` (also for expired and unknown),
 * `code_too_many_attempts`, and after the proof `sign_up_closed` or `account_disabled`.
 */
export const redeemEmailCode = defineFlow({
  name: "email_code.redeem",
  kind: "write",
  requires: "anyone",
  method: "magic_link",
  identifierOf: ({ email }) => email,
  limits: codeLimits("magic_link"),
  input: z.strictObject({ email, code }),

  run: (ctx, { email, code }) =>
    ctx.write(async (tx) => {
      const outcome = await consumeCode(tx, {
        purpose: "magic_link",
        requestingBrowserDigest: ctx.caller.requestingBrowserDigest,
        identifier: email,
        code,
        keys: ctx.env.tokenKey,
      });
      return outcome.consumed
        ? completeEmailSignIn(ctx, tx, outcome.consumed)
        : refuseCode(outcome.cause);
    }),
});
