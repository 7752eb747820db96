import { z } from "zod";
import { takeBackAudited, takeBackByLink } from "@/lib/flows/shared/take-back";
import { optionalEmail, token } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { confirmationLimit } from "@/lib/runtime/limits";
import { cancelDeletion } from "@/lib/store/deletions";

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
  audited: takeBackAudited,
  input: z.strictObject({ token, email: optionalEmail }),

  run: function restoreByLink(ctx, { token, email }) {
    return ctx.write((tx) =>
      takeBackByLink(
        ctx,
        tx,
        "deletion_undo",
        { token, email },
        async (userId) => (await cancelDeletion(tx, userId)) !== null,
      ),
    );
  },
});
