import { z } from "zod";
import { linkAccess, refuseLink, linkRefusals } from "@/lib/flows/shared/link";
import { repeatedCause } from "@/lib/flows/shared/complete-sign-in";
import { optionalEmail, token } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { confirmationLimit } from "@/lib/runtime/limits";
import { cancelDeletion } from "@/lib/store/deletions";
import { consumeLink, previewLink } from "@/lib/store/verifications";
import { ok, refuse } from "@/lib/core/result";

/**
 * Takes the deletion of an account back by the emailed link. In a browser that did not ask for the deletion
 * the whole address has to be typed (L5). It signs nobody in. Its browser may repeat it for a minute.
 * Refuses `link_invalid`, `email_mismatch`, and after the verification `undo_too_late`.
 */
export const restoreByLink = defineFlow({
  name: "account.restore_by_link",
  kind: "write",
  requires: "anyone",
  limits: [confirmationLimit],
  audited: {
    subject: "owner",
    ok: [repeatedCause],
    refusals: { ...linkRefusals, undo_too_late: [] },
  },
  input: z.strictObject({ token, email: optionalEmail }),

  run: function restoreByLink(ctx, { token, email }) {
    return ctx.write(async (tx) => {
      const access = linkAccess(ctx, email);
      const consumed = await consumeLink(tx, "deletion_undo", token, access);
      if (!consumed) {
        const link = await previewLink(tx, "deletion_undo", token, access);
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
      return (await cancelDeletion(tx, userId)) ? ok({}) : refuse("undo_too_late");
    });
  },
});
