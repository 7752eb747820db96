import { z } from "zod";
import { intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";
import { defineFlow } from "@/lib/runtime/flow";

/**
 * Sends an email to the member of staff who asks, to see that emails arrive. Refuses `resend_too_soon`, and
 * `not_found` on the command line, which has no address.
 */
export const sendTestEmail = defineFlow({
  name: "outbox.send_test",
  kind: "write",
  requires: "staff",
  maxAuthAge: intervals.staffWrite,
  limits: [
    {
      limit: "resends",
      effect: "reject",
      refusal: "resend_too_soon",
      key: (_, { session }) => `test_email ${session?.userId ?? ""}`,
    },
  ],
  audited: {
    subject: "caller",
    refusals: { not_found: [] },
  },
  input: z.strictObject({}),

  run: function sendTestEmail(ctx) {
    return ctx.write(async () => {
      const { session } = ctx.caller;
      if (!session) return refuse("not_found");
      ctx.auditSubject({ userId: session.userId });
      ctx.post({ kind: "test_email", to: session.email, at: ctx.clock.now().toISOString() });
      return ok({ email: session.email });
    });
  },
});
