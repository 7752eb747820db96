import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { code, email } from "@/lib/runtime/fields";
import { codeLimits } from "@/lib/runtime/limits";
import {
  completeEmailSignIn,
  repeatEmailSignIn,
  emailSignInRefusals,
  emailSignInCauses,
} from "@/lib/flows/shared/complete-email-sign-in";
import { refuseCode, codeRefusals } from "@/lib/flows/shared/code-refusal";
import { consumeCode } from "@/lib/store/verifications";
import { magicLinkMethod } from "@/lib/methods/magic-link";

/**
 * Signs in by the emailed code, in the browser that requested it. Attempts are limited per address, whether
 * or not it has a user (R3). Refuses `code_invalid` (also for expired and unknown ones),
 * `too_many_attempts`, and after the verification `sign_up_closed` or `account_disabled`.
 */
export const redeemEmailCode = defineFlow({
  name: "email_code.redeem",
  kind: "write",
  requires: "anyone",
  method: magicLinkMethod.id,
  signsInBy: magicLinkMethod.id,
  identifierOf: ({ email }) => email,
  limits: codeLimits("magic_link"),
  audited: {
    subject: "owner",
    ok: emailSignInCauses,
    refusals: { ...codeRefusals, ...emailSignInRefusals },
  },
  input: z.strictObject({ email, code }),

  run: function redeemEmailCode(ctx, { email, code }) {
    return ctx.write(async (tx) => {
      const outcome = await consumeCode(tx, {
        purpose: "magic_link",
        requestingBrowserDigest: ctx.caller.requestingBrowserDigest,
        identifier: email,
        code,
        keys: ctx.env.tokenKey,
      });
      const { consumed } = outcome;
      if (!consumed) return refuseCode("magic_link", outcome.cause);
      return consumed.repeated
        ? repeatEmailSignIn(ctx, tx, consumed, refuseCode("magic_link", "none"))
        : completeEmailSignIn(ctx, tx, consumed);
    });
  },
});
