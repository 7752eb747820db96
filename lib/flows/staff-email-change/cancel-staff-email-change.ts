import { z } from "zod";
import { intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";
import { rowId } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { endStaffEmailChange, lockUser } from "@/lib/store/staff-email-changes";
import { stoppedLetter } from "./steps";

/**
 * Cancels a change of a user's address before it takes effect, whoever of the staff has started it (T2).
 * Refuses `not_found` when none is pending.
 */
export const cancelStaffEmailChange = defineFlow({
  name: "staff_email_change.cancel",
  kind: "write",
  requires: "staff",
  maxAuthAge: intervals.staffWrite,
  limits: [],
  audited: {
    subject: "user",
    refusals: { not_found: [] },
  },
  input: z.strictObject({ id: rowId }),

  run: function cancelStaffEmailChange(ctx, { id }) {
    return ctx.write(async (tx) => {
      ctx.auditSubject({ userId: id });
      await lockUser(tx, id);
      const stopped = await endStaffEmailChange(tx, id);
      if (!stopped) return refuse("not_found");
      ctx.auditSubject({ staffId: stopped.staffId, identifier: stopped.newEmail });
      ctx.post(stoppedLetter(ctx, stopped));
      return ok({ id });
    });
  },
});
