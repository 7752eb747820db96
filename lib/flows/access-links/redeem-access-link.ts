import { z } from "zod";
import { ok, refuse } from "@/lib/core/result";
import { openAccess } from "@/lib/flows/shared/complete-sign-in";
import { linkAccess, refuseLink, linkRefusals } from "@/lib/flows/shared/link";
import { optionalEmail, token } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { confirmationLimit } from "@/lib/runtime/limits";
import { lockAccess } from "@/lib/store/access-links";
import { consumeLink, previewLink } from "@/lib/store/verifications";

/**
 * Opens the account of a user who is locked out, by the link that staff have sent (T2). The whole address has
 * to be typed. The session is marked, lasts an hour, and changes nothing about how the user signs in. Refuses
 * `email_mismatch`, and `link_invalid` with the cause in the audit log: also where whoever sent it is not on
 * the staff any more, or where the user cannot sign in or is on the staff by now; nothing is consumed then.
 */
export const redeemAccessLink = defineFlow({
  name: "access_link.redeem",
  kind: "write",
  requires: "anyone",
  // It is none of the sign-in methods.
  signsInBy: () => null,
  limits: [confirmationLimit],
  audited: {
    subject: "owner",
    refusals: {
      email_mismatch: [],
      link_invalid: [...linkRefusals.link_invalid, "not_from_staff", "not_eligible"],
    },
  },
  input: z.strictObject({ token, email: optionalEmail }),

  run: function redeemAccessLink(ctx, { token, email }) {
    return ctx.write(async (tx) => {
      const link = linkAccess(ctx, email);
      const access = await lockAccess(tx, token);
      if (access) {
        const { userId, staffId, isFromStaff, mayBeOpened } = access;
        ctx.auditSubject({ userId, staffId });
        if (!isFromStaff) return refuse("link_invalid", { cause: "not_from_staff" });
        if (!mayBeOpened) return refuse("link_invalid", { cause: "not_eligible" });
      }
      const consumed = await consumeLink(tx, "access_link", token, link);
      if (!consumed) {
        const preview = await previewLink(tx, "access_link", token, link);
        if (preview) ctx.auditSubject({ identifier: preview.identifier });
        return refuseLink(preview);
      }
      ctx.auditSubject({ identifier: consumed.identifier });
      if (!access || consumed.repeated) return refuse("link_invalid", { cause: "used" });
      openAccess(ctx, { ...access, startedBy: consumed.id });
      return ok({ next: "" });
    });
  },
});
