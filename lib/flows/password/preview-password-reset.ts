import { z } from "zod";
import { linkAccess } from "@/lib/flows/shared/link";
import { defineFlow } from "@/lib/runtime/flow";
import { token } from "@/lib/runtime/fields";
import { previewLink } from "@/lib/store/verifications";
import { masked } from "@/lib/core/identifier";
import { ok, refuse } from "@/lib/core/result";
import { passwordMethod } from "@/lib/methods/password";

/**
 * What the page of a reset link shows. Consumes nothing (L2). Shows the whole address only in the browser
 * that requested the email, where password managers store the new password under it. Refuses
 * `link_invalid`.
 */
export const previewPasswordReset = defineFlow({
  name: "password_reset.preview",
  kind: "read",
  requires: "anyone",
  method: passwordMethod.id,
  limits: [],
  input: z.strictObject({ token }),

  run: async function previewPasswordReset(ctx, { token }) {
    const link = await previewLink(ctx.db, "password_reset", token, linkAccess(ctx));
    if (!link || (link.state !== "live" && (!link.isRepeatable || link.hasItsSession)))
      return refuse("link_invalid", { cause: link?.state ?? "unknown" });
    const { identifier, browser, askedAt, sameBrowser } = link;
    const address = sameBrowser ? identifier : masked(identifier);
    return ok({ address, browser, askedAt, sameBrowser });
  },
});
