import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { token, optionalEmail } from "@/lib/runtime/fields";
import { confirmationLimit } from "@/lib/runtime/limits";
import { completeEmailSignIn } from "@/lib/flows/shared/complete-email-sign-in";
import { consumeLink, previewLink } from "@/lib/store/verifications";
import { refuse } from "@/lib/core/result";

/**
 * Signs in by a pressed link. In a browser that did not ask for it the whole address has to be
 * typed; without it nothing is spent (L5). Refuses `link_invalid` with the cause in the audit log,
 * `email_mismatch`, and after the proof `sign_up_closed` or `account_disabled`.
 */
export const redeemMagicLink = defineFlow({
  name: "magic_link.redeem",
  kind: "write",
  requires: "anyone",
  method: "magic_link",
  limits: [confirmationLimit],
  input: z.strictObject({ token, username: optionalEmail }),

  run: (ctx, { token, username }) =>
    ctx.write(async (tx) => {
      const access = {
        requestingBrowserDigest: ctx.caller.requestingBrowserDigest,
        typedEmail: username,
      };
      const consumed = await consumeLink(tx, "magic_link", token, access);
      if (!consumed) {
        const link = await previewLink(tx, "magic_link", token);
        if (link) ctx.auditSubject({ identifier: link.identifier });
        if (link?.state === "live") return refuse("email_mismatch", { field: "username" });
        return refuse("link_invalid", { cause: link?.state ?? "unknown" });
      }
      ctx.auditSubject({ identifier: consumed.identifier });
      return completeEmailSignIn(ctx, tx, consumed);
    }),
});
