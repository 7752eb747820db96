import { z } from "zod";
import { linkAccess, refuseLink, linkRefusals } from "@/lib/flows/shared/link";
import { repeatedCause } from "@/lib/flows/shared/complete-sign-in";
import { defineFlow } from "@/lib/runtime/flow";
import { optionalEmail, token } from "@/lib/runtime/fields";
import { confirmationLimit } from "@/lib/runtime/limits";
import { undoEmailChange as undo } from "@/lib/store/email-changes";
import { consumeLink, previewLink } from "@/lib/store/verifications";
import { ok, refuse } from "@/lib/core/result";

/**
 * Restores the address that a user had before a change, by the link that was sent there, cancels a deletion, and
 * ends all sessions of the account: whoever changed it may be in one of them. In a browser that did not make the
 * change the whole old address has to be typed (L5). It signs nobody in. Its browser may repeat it for a
 * minute. Refuses `link_invalid`, `email_mismatch`, and after the verification `undo_too_late`.
 */
export const undoEmailChange = defineFlow({
  name: "email_change.undo",
  kind: "write",
  requires: "anyone",
  limits: [confirmationLimit],
  audited: {
    subject: "owner",
    ok: [repeatedCause],
    refusals: { ...linkRefusals, undo_too_late: [] },
  },
  input: z.strictObject({ token, email: optionalEmail }),

  run: function undoEmailChange(ctx, { token, email }) {
    return ctx.write(async (tx) => {
      const access = linkAccess(ctx, email);
      const consumed = await consumeLink(tx, "email_undo", token, access);
      if (!consumed) {
        const link = await previewLink(tx, "email_undo", token, access);
        if (link) ctx.auditSubject({ identifier: link.identifier });
        return refuseLink(link);
      }
      const { identifier } = consumed;
      ctx.auditSubject({ identifier });
      if (consumed.repeated) {
        ctx.auditSubject({ cause: repeatedCause });
        return ok({ email: identifier });
      }
      const userId = consumed.userId!;
      ctx.auditSubject({ userId });
      if (!(await undo(tx, userId, identifier))) return refuse("undo_too_late");
      if (ctx.caller.session?.userId === userId) ctx.setCookies({ session: "ended" });
      return ok({ email: identifier });
    });
  },
});
