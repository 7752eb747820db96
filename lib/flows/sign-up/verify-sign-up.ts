import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { code, email } from "@/lib/runtime/fields";
import { codeLimits } from "@/lib/runtime/limits";
import { acceptSignUp } from "./steps";
import { consumeCode, refuseCode } from "@/lib/store/verifications";

/**
 * Proves the mailbox of a sign-up by the code from its mail, in the browser that signed up; that
 * makes the user, with the password of this attempt and no other (P1, P2). Refuses `code_invalid`
 * (also for expired and unknown), `code_too_many_attempts`, and after the proof `already_signed_up` and
 * `sign_up_closed`.
 */
export const verifySignUp = defineFlow({
  name: "sign_up.verify",
  kind: "write",
  requires: "anyone",
  method: "password",
  identifierOf: ({ email }) => email,
  limits: codeLimits("sign_up"),
  input: z.strictObject({ email, code }),

  run: (ctx, { email, code }) =>
    ctx.write(async (tx) => {
      const outcome = await consumeCode(tx, {
        purpose: "sign_up",
        requestingBrowserDigest: ctx.caller.requestingBrowserDigest,
        identifier: email,
        code,
        keys: ctx.env.tokenKey,
      });
      return outcome.consumed ? acceptSignUp(ctx, tx, outcome.consumed) : refuseCode(outcome.cause);
    }),
});
