import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { token, optionalEmail } from "@/lib/runtime/fields";
import { confirmationLimit } from "@/lib/runtime/limits";
import { previewLink, voidLink } from "@/lib/store/verifications";
import { ok, refuse } from "@/lib/core/result";

/**
 * "Not you? Cancel this request": voids a link and its code. Asks for as much as signing in does,
 * so that a scanner which presses buttons voids nothing (L5). Refuses `email_mismatch`, `link_invalid`.
 */
export const cancelMagicLink = defineFlow({
  name: "magic_link.cancel",
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
      const link = await previewLink(tx, "magic_link", token);
      if (link) ctx.auditSubject({ identifier: link.identifier });
      if (await voidLink(tx, "magic_link", token, access)) return ok({});
      if (link?.state === "live") return refuse("email_mismatch", { field: "username" });
      return refuse("link_invalid", { cause: link?.state ?? "unknown" });
    }),
});
