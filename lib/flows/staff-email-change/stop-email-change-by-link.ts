import { z } from "zod";
import { ok, refuse } from "@/lib/core/result";
import { repeatedCause } from "@/lib/flows/shared/complete-sign-in";
import { linkAccess, linkRefusals, refuseLink } from "@/lib/flows/shared/link";
import { optionalEmail, token } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { confirmationLimit } from "@/lib/runtime/limits";
import { endStaffEmailChange, lockUserOfStop } from "@/lib/store/staff-email-changes";
import { consumeLink, previewLink } from "@/lib/store/verifications";
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
  audited: {
    subject: "owner",
    ok: [repeatedCause],
    refusals: { ...linkRefusals, undo_too_late: [] },
  },
  input: z.strictObject({ token, email: optionalEmail }),

  run: function stopEmailChangeByLink(ctx, { token, email }) {
    return ctx.write(async (tx) => {
      await lockUserOfStop(tx, token);
      const access = linkAccess(ctx, email);
      const consumed = await consumeLink(tx, "email_change_stop", token, access);
      if (!consumed) {
        const link = await previewLink(tx, "email_change_stop", token, access);
        if (link) ctx.auditSubject({ identifier: link.identifier });
        return refuseLink(link);
      }
      ctx.auditSubject({ identifier: consumed.identifier });
      if (consumed.repeated) {
        ctx.auditSubject({ cause: repeatedCause });
        return ok({});
      }
      const userId = consumed.userId!;
      ctx.auditSubject({ userId });
      const stopped = await endStaffEmailChange(tx, userId);
      if (!stopped) return refuse("undo_too_late");
      ctx.auditSubject({ staffId: stopped.staffId });
      ctx.post(stoppedLetter(ctx, stopped));
      return ok({});
    });
  },
});
