import { z } from "zod";
import { intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";
import { passwordMethod } from "@/lib/methods/password";
import { rowId } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { findPendingSignUp } from "@/lib/store/sign-ups";
import { insertVerification } from "@/lib/store/verifications";

/**
 * Sends another code for a pending sign-up, with the password and for the browser of its owner: staff cannot
 * use the code, and learn nothing of it (T1). Refuses `not_found` when it is over, `sign_up_closed`, and
 * `resend_too_soon`.
 */
export const resendPendingSignUp = defineFlow({
  name: "pending_sign_up.resend",
  kind: "write",
  requires: "staff",
  maxAuthAge: intervals.staffWrite,
  method: passwordMethod.id,
  limits: [
    {
      limit: "resends",
      effect: "reject",
      refusal: "resend_too_soon",
      key: ({ id }) => `pending_sign_up ${id}`,
    },
  ],
  audited: {
    subject: "nobody",
    refusals: { sign_up_closed: [], not_found: [] },
  },
  input: z.strictObject({ id: rowId }),

  run: async function resendPendingSignUp(ctx, { id }) {
    const { env, random, clock } = ctx;
    if (env.signUp === "closed") return refuse("sign_up_closed");
    return ctx.write(async (tx) => {
      const attempt = await findPendingSignUp(tx, id);
      if (!attempt) return refuse("not_found");
      const { email, requestingBrowserDigest, browser, passwordHash, remember, next } = attempt;
      ctx.auditSubject({ identifier: email });
      const code = random.code();
      const verificationId = await insertVerification(tx, {
        ...{ requestingBrowserDigest, browser, passwordHash, remember, next },
        purpose: "sign_up",
        identifier: email,
        token: random.token(),
        code,
        codeKey: env.tokenKey[0],
        fromKnownDevice: false,
        limitHits: [],
        linkLifetime: env.lifetimes.signUpAttempt,
        codeLifetime: env.lifetimes.emailCode,
        isDecoy: false,
        sessionId: null,
      });
      const askedAt = clock.now().toISOString();
      ctx.post({ kind: "sign_up_code", to: email, verificationId, code, browser, askedAt });
      return ok({ email });
    });
  },
});
