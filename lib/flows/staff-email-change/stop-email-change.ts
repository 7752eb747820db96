import { z } from "zod";
import { ok, refuse } from "@/lib/core/result";
import { defineFlow } from "@/lib/runtime/flow";
import { endStaffEmailChange, lockUser } from "@/lib/store/staff-email-changes";
import { stoppedLetter } from "./steps";

/**
 * Stops a change of the address that staff have started, by its owner who is signed in (T2). It asks for no
 * step-up, as it only keeps what there is. Refuses `not_found` when none is pending.
 */
export const stopEmailChange = defineFlow({
  name: "staff_email_change.stop",
  kind: "write",
  requires: "session",
  isOwnersOnly: true,
  limits: [],
  audited: {
    subject: "caller",
    refusals: { not_found: [] },
  },
  input: z.strictObject({}),

  run: function stopEmailChange(ctx) {
    const { userId } = ctx.caller.session;
    ctx.auditSubject({ userId });
    return ctx.write(async (tx) => {
      await lockUser(tx, userId);
      const stopped = await endStaffEmailChange(tx, userId);
      if (!stopped) return refuse("not_found");
      ctx.auditSubject({ staffId: stopped.staffId, identifier: stopped.newEmail });
      ctx.post(stoppedLetter(ctx, stopped));
      return ok({});
    });
  },
});
