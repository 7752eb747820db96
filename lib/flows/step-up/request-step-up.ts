import { z } from "zod";
import { mailSecret } from "@/lib/flows/shared/mail-secret";
import { defineFlow } from "@/lib/runtime/flow";
import { next } from "@/lib/runtime/fields";
import { ok } from "@/lib/core/result";

/**
 * Sends a link and a code to confirm the user's identity; they work for this session and in this browser
 * alone. `next` is where the link leads, and so what the step-up is for. Refuses `resend_too_soon`,
 * `too_many_requests`.
 */
export const requestStepUp = defineFlow({
  name: "step_up.request",
  kind: "write",
  requires: "session",
  isOwnersOnly: true,
  limits: [
    {
      limit: "resends",
      effect: "reject",
      refusal: "resend_too_soon",
      refundable: true,
      key: (_, { session }) => `step_up ${session?.id}`,
    },
    {
      limit: "emailRequestsPerIp",
      effect: "reject",
      refundable: true,
      key: (_, { network }) => network,
    },
  ],
  audited: {
    subject: "caller",
    refusals: {},
  },
  input: z.strictObject({ next }),

  run: function requestStepUp(ctx, { next }) {
    const { session } = ctx.caller;
    const { id: sessionId, userId, email } = session;
    ctx.auditSubject({ userId });
    return ctx.write(async (tx) => {
      await mailSecret(ctx, tx, {
        purpose: "step_up",
        to: email,
        sessionId,
        next,
        lifetime: ctx.env.lifetimes.stepUpLink,
        withheld: null,
        letter: (secret) => ({ kind: "step_up", ...secret }),
      });
      return ok({ email });
    });
  },
});
