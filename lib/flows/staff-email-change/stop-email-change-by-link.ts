import { z } from "zod";
import { takeBackAudited, takeBackByLink } from "@/lib/flows/shared/take-back";
import { optionalEmail, token } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { confirmationLimit } from "@/lib/runtime/limits";
import { endStaffEmailChange } from "@/lib/store/staff-email-changes";
import { lockPeopleOf } from "@/lib/store/staff-help";
import { stoppedLetter } from "./steps";

/**
 * Stops a change of the address that staff have started, by the link that the old address got (T2). The whole
 * address has to be typed, in every browser. It signs nobody in. Its browser may repeat it for a minute.
 * Refuses `link_invalid`, `email_mismatch`, and after the verification `undo_too_late`.
 */
export const stopEmailChangeByLink = defineFlow({
  name: "staff_email_change.stop_by_link",
  kind: "write",
  requires: "anyone",
  limits: [confirmationLimit],
  audited: takeBackAudited,
  input: z.strictObject({ token, email: optionalEmail }),

  run: function stopEmailChangeByLink(ctx, { token, email }) {
    return ctx.write(async (tx) => {
      await lockPeopleOf(tx, "email_change_stop", token);
      return takeBackByLink(ctx, tx, "email_change_stop", { token, email }, async (userId) => {
        const stopped = await endStaffEmailChange(tx, userId);
        if (!stopped) return false;
        ctx.auditSubject({ staffId: stopped.staffId });
        ctx.post(stoppedLetter(ctx, stopped));
        return true;
      });
    });
  },
});
