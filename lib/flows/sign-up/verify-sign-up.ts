import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { code, email } from "@/lib/runtime/fields";
import { codeLimits } from "@/lib/runtime/limits";
import { completeSignUp } from "./steps";
import { repeatEmailSignIn, emailSignInCauses } from "@/lib/flows/shared/complete-email-sign-in";
import { refuseCode, codeRefusals } from "@/lib/flows/shared/code-refusal";
import { consumeCode } from "@/lib/store/verifications";
import { passwordMethod } from "@/lib/methods/password";

/**
 * Verifies the address of a sign-up by its code, in the browser that signed up, and creates the user with
 * the password of this attempt and no other (P1, P2). Refuses `code_invalid` (also for expired and unknown
 * ones), `too_many_attempts`, and after the verification `already_signed_up` and `sign_up_closed`.
 */
export const verifySignUp = defineFlow({
  name: "sign_up.verify",
  kind: "write",
  requires: "anyone",
  method: passwordMethod.id,
  signsInBy: passwordMethod.id,
  identifierOf: ({ email }) => email,
  limits: codeLimits("sign_up"),
  audited: {
    subject: "owner",
    ok: emailSignInCauses,
    refusals: { ...codeRefusals, already_signed_up: [], sign_up_closed: [] },
  },
  input: z.strictObject({ email, code }),

  run: function verifySignUp(ctx, { email, code }) {
    return ctx.write(async (tx) => {
      const outcome = await consumeCode(tx, {
        purpose: "sign_up",
        requestingBrowserDigest: ctx.caller.requestingBrowserDigest,
        identifier: email,
        code,
        keys: ctx.env.tokenKey,
      });
      const { consumed } = outcome;
      if (!consumed) return refuseCode("sign_up", outcome.cause);
      return consumed.repeated
        ? repeatEmailSignIn(ctx, tx, consumed, refuseCode("sign_up", "none"))
        : completeSignUp(ctx, tx, consumed);
    });
  },
});
