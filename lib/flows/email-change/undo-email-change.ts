import { z } from "zod";
import { takeBackAudited, takeBackByLink } from "@/lib/flows/shared/take-back";
import { defineFlow } from "@/lib/runtime/flow";
import { optionalEmail, token } from "@/lib/runtime/fields";
import { confirmationLimit } from "@/lib/runtime/limits";
import { undoEmailChange as undo } from "@/lib/store/email-changes";

/**
 * Restores the address that a user had before a change, by the link that was sent there, cancels a deletion,
 * and ends all sessions of the account: whoever changed it may be in one of them. In a browser that did not
 * make the change the whole old address has to be typed (L5). It signs nobody in. Its browser may repeat it
 * for a minute. Refuses `link_invalid`, `email_mismatch`, and after the verification `undo_too_late`.
 */
export const undoEmailChange = defineFlow({
  name: "email_change.undo",
  kind: "write",
  requires: "anyone",
  limits: [confirmationLimit],
  audited: takeBackAudited,
  input: z.strictObject({ token, email: optionalEmail }),

  run: function undoEmailChange(ctx, { token, email }) {
    return ctx.write((tx) =>
      takeBackByLink(ctx, tx, "email_undo", { token, email }, async (userId, identifier) => {
        const undone = await undo(tx, userId, identifier);
        if (undone && ctx.caller.session?.userId === userId) ctx.setCookies({ session: "ended" });
        return undone;
      }),
    );
  },
});
