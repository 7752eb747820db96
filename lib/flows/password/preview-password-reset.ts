import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { token } from "@/lib/runtime/fields";
import { previewLink } from "@/lib/store/verifications";
import { masked } from "@/lib/core/identifier";
import { ok, refuse } from "@/lib/core/result";

/**
 * What the page for a new password shows behind a reset link. Spends nothing (L2). The whole address
 * only where it was typed to ask for the mail: password managers file the new one under it. Refuses
 * `link_invalid`.
 */
export const previewPasswordReset = defineFlow({
  name: "password_reset.preview",
  kind: "read",
  requires: "anyone",
  method: "password",
  limits: [],
  input: z.strictObject({ token }),

  async run(ctx, { token }) {
    const link = await previewLink(ctx.db, "password_reset", token);
    if (link?.state !== "live") return refuse("link_invalid", { cause: link?.state ?? "unknown" });
    const { identifier, browser, askedAt } = link;
    const sameBrowser = link.requestingBrowserDigest === ctx.caller.requestingBrowserDigest;
    const address = sameBrowser ? identifier : masked(identifier);
    return ok({ address, browser, askedAt, sameBrowser });
  },
});
