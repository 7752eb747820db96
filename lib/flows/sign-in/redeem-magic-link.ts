import { z } from "zod";
import { linkAccess, refuseLink, linkRefusals } from "@/lib/flows/shared/link";
import { defineFlow } from "@/lib/runtime/flow";
import { token, optionalEmail } from "@/lib/runtime/fields";
import { confirmationLimit } from "@/lib/runtime/limits";
import {
  completeEmailSignIn,
  repeatEmailSignIn,
  emailSignInRefusals,
  emailSignInCauses,
} from "@/lib/flows/shared/complete-email-sign-in";
import { consumeLink, previewLink } from "@/lib/store/verifications";
import { refuse } from "@/lib/core/result";
import { magicLinkMethod } from "@/lib/methods/magic-link";

/**
 * Signs in by the emailed link, after the user confirmed on its page. In a browser that did not request it
 * the whole address has to be typed; without it nothing is consumed (L5). The browser that signed in may
 * repeat it for a minute, in case the response was lost. Refuses `link_invalid` with the
 * cause in the audit log, `email_mismatch`, and after the verification `sign_up_closed` or
 * `account_disabled`.
 */
export const redeemMagicLink = defineFlow({
  name: "magic_link.redeem",
  kind: "write",
  requires: "anyone",
  method: magicLinkMethod.id,
  signsInBy: magicLinkMethod.id,
  limits: [confirmationLimit],
  audited: {
    subject: "owner",
    ok: emailSignInCauses,
    refusals: { ...linkRefusals, ...emailSignInRefusals },
  },
  input: z.strictObject({ token, email: optionalEmail }),

  run: function redeemMagicLink(ctx, { token, email }) {
    return ctx.write(async (tx) => {
      const access = linkAccess(ctx, email);
      const consumed = await consumeLink(tx, "magic_link", token, access);
      if (!consumed) {
        const link = await previewLink(tx, "magic_link", token, access);
        if (link) ctx.auditSubject({ identifier: link.identifier });
        return refuseLink(link);
      }
      ctx.auditSubject({ identifier: consumed.identifier });
      return consumed.repeated
        ? repeatEmailSignIn(ctx, tx, consumed, refuse("link_invalid", { cause: "used" }))
        : completeEmailSignIn(ctx, tx, consumed);
    });
  },
});
