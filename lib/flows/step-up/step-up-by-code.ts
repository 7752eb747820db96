import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { code } from "@/lib/runtime/fields";
import { attemptsAt, stepUpCodeLimits } from "@/lib/runtime/limits";
import { hasNewToken, renewSession, repeatedCause } from "@/lib/flows/shared/complete-sign-in";
import { refuseCode, codeRefusals } from "@/lib/flows/shared/code-refusal";
import { consumeCode } from "@/lib/store/verifications";
import { ok, refuse } from "@/lib/core/result";

/**
 * Steps up by the emailed code, for the session that requested it, which gets a new token. As long as the
 * new token has not arrived, its browser may repeat it for a minute. Refuses `code_invalid`,
 * `too_many_attempts`.
 */
export const stepUpByCode = defineFlow({
  name: "step_up.code",
  kind: "write",
  requires: "session",
  isOwnersOnly: true,
  limits: stepUpCodeLimits,
  audited: {
    subject: "caller",
    ok: [repeatedCause],
    refusals: { ...codeRefusals, sign_in_required: [] },
  },
  input: z.strictObject({ code }),

  run: function stepUpByCode(ctx, { code }) {
    return ctx.write(async (tx) => {
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
      if (!outcome.consumed) return refuseCode("step_up", outcome.cause);
      if (outcome.consumed.repeated) {
        if (await hasNewToken(ctx, tx)) return refuseCode("step_up", "none");
        ctx.auditSubject({ cause: repeatedCause });
      } else ctx.refund(outcome.consumed.limitHits);
      ctx.forgetAttempts(attemptsAt(session.email, "step_up", ctx.caller));
      return (await renewSession(ctx, tx)) ? ok({}) : refuse("sign_in_required");
    });
  },
});
