import { z } from "zod";
import { linkAccess, refuseLink, linkRefusals } from "@/lib/flows/shared/link";
import { defineFlow } from "@/lib/runtime/flow";
import { token, optionalEmail } from "@/lib/runtime/fields";
import { confirmationLimit } from "@/lib/runtime/limits";
import { previewLink, voidLink } from "@/lib/store/verifications";
import { ok } from "@/lib/core/result";
import { magicLinkMethod } from "@/lib/methods/magic-link";

/**
 * Cancels a link and its code ("Not you?"). Requires what signing in requires, so that a mail scanner that
 * submits forms cancels nothing (L5). Refuses `email_mismatch`, `link_invalid`.
 */
export const cancelMagicLink = defineFlow({
  name: "magic_link.cancel",
  kind: "write",
  requires: "anyone",
  method: magicLinkMethod.id,
  limits: [confirmationLimit],
  audited: {
    subject: "owner",
    refusals: { ...linkRefusals },
  },
  input: z.strictObject({ token, email: optionalEmail }),

  run: function cancelMagicLink(ctx, { token, email }) {
    return ctx.write(async (tx) => {
      const access = linkAccess(ctx, email);
      const link = await previewLink(tx, "magic_link", token, access);
      if (link) ctx.auditSubject({ identifier: link.identifier });
      return (await voidLink(tx, "magic_link", token, access)) ? ok({}) : refuseLink(link);
    });
  },
});
