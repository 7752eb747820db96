import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { code } from "@/lib/runtime/fields";
import { stepUpLimit } from "@/lib/runtime/limits";
import { renewSession } from "@/lib/store/sessions";
import { consumeCode, refuseCode } from "@/lib/store/verifications";
import { ok, refuse } from "@/lib/core/result";

/**
 * Step-up by the code from its mail: for the session that asked, which goes on under a new token.
 * Refuses `code_invalid`, `code_too_many_attempts`, `step_up_too_many_attempts`.
 */
export const stepUpByCode = defineFlow({
  name: "step_up.code",
  kind: "write",
  requires: "session",
  limits: [
    stepUpLimit,
    {
      limit: "codesPerHour",
      effect: "reject",
      refusal: "code_too_many_attempts",
      key: (_, { session }) => `step_up ${session?.email}`,
    },
    {
      limit: "codesPerDay",
      effect: "reject",
      refusal: "code_too_many_attempts",
      key: (_, { session }) => `step_up ${session?.email}`,
    },
  ],
  input: z.strictObject({ code }),

  run: (ctx, { code }) =>
    ctx.write(async (tx) => {
      const { requestingBrowserDigest, session } = ctx.caller;
      ctx.auditSubject({ userId: session.userId });
      const outcome = await consumeCode(tx, {
        purpose: "step_up",
        requestingBrowserDigest,
        sessionId: session.id,
        identifier: session.email,
        code,
        keys: ctx.env.tokenKey,
      });
      if (!outcome.consumed) return refuseCode(outcome.cause);
      ctx.refund(outcome.consumed.receipt);
      return (await renewSession(ctx, tx)) ? ok({}) : refuse("sign_in_required");
    }),
});
