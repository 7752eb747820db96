import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { email } from "@/lib/runtime/fields";
import { mailLimits } from "@/lib/runtime/limits";
import { findAttempt } from "@/lib/store/sign-ups";
import { mailSignUpCode } from "./steps";
import { refuse } from "@/lib/core/result";
import { passwordMethod } from "@/lib/methods/password";

/**
 * Sends another code for the sign-up that this browser has started. Unknown, pending and verified addresses
 * get the same response; without an attempt nothing is sent (P4). Refuses `sign_up_closed`.
 */
export const resendSignUpCode = defineFlow({
  name: "sign_up.resend",
  kind: "write",
  requires: "anyone",
  method: passwordMethod.id,
  identifierOf: ({ email }) => email,
  limits: mailLimits("sign_up"),
  audited: {
    subject: "owner",
    refusals: { sign_up_closed: [] },
  },
  input: z.strictObject({ email }),

  run: async function resendSignUpCode(ctx, { email }) {
    if (ctx.env.signUp === "closed") return refuse("sign_up_closed");
    return ctx.write(async (tx) => {
      const attempt = await findAttempt(tx, email, ctx.caller.requestingBrowserDigest);
      return mailSignUpCode(ctx, tx, email, attempt);
    });
  },
});
