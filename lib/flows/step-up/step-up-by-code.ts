import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { code } from "@/lib/runtime/fields";
import { stepUpLimit } from "@/lib/runtime/limits";
import { renewSession } from "@/lib/store/sessions";
import { consumeCode, refuseCode } from "@/lib/store/verifications";
import { ok, refuse } from "@/lib/core/result";

/**
 * Step-up by the code from its mail: for the session that asked, which goes on under a new token.
 * Refuses `code_wrong`, `code_tries_spent`, `step_up_tries_spent`.
 */
export const stepUpByCode = defineFlow({
  name: "step_up.code",
  kind: "write",
  requires: "session",
  limits: [
    stepUpLimit,
    {
      limit: "codesPerHour",
      effect: "loud",
      refusal: "code_tries_spent",
      key: (_, { session }) => `step_up ${session?.email}`,
    },
    {
      limit: "codesPerDay",
      effect: "loud",
      refusal: "code_tries_spent",
      key: (_, { session }) => `step_up ${session?.email}`,
    },
  ],
  input: z.strictObject({ code }),

  run: (ctx, { code }) =>
    ctx.write(async (tx) => {
      const { askingDigest, session } = ctx.caller;
      ctx.about({ userId: session.userId });
      const outcome = await consumeCode(tx, {
        purpose: "step_up",
        browserDigest: askingDigest,
        sessionId: session.id,
        identifier: session.email,
        code,
        keys: ctx.env.tokenKey,
      });
      if (!outcome.consumed) return refuseCode(outcome.cause);
      ctx.giveBack(outcome.consumed.receipt);
      return (await renewSession(ctx, tx)) ? ok({}) : refuse("sign_in_required");
    }),
});
