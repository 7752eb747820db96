import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { token } from "@/lib/runtime/fields";
import { previewLink } from "@/lib/store/verifications";
import { masked } from "@/lib/core/identifier";
import { ok, refuse } from "@/lib/core/result";

/**
 * What the page behind a link shows before anybody pressed anything. Spends nothing (L2). Refuses
 * `link_invalid`, with the cause for nobody but us. A person already signed in as the link's user is
 * let through, whatever became of the link (L3).
 */
export const previewMagicLink = defineFlow({
  name: "magic_link.preview",
  kind: "read",
  requires: "anyone",
  limits: [],
  input: z.strictObject({ token }),

  async run(ctx, { token }) {
    const { session, requestingBrowserDigest } = ctx.caller;
    const link = await previewLink(ctx.db, "magic_link", token);
    if (!link) return refuse("link_invalid", { cause: "unknown" });
    const alreadyIn = session?.email === link.identifier;
    if (link.state !== "live" && !alreadyIn) return refuse("link_invalid", { cause: link.state });
    return ok({
      alreadyIn,
      next: link.next,
      address: masked(link.identifier),
      browser: link.browser,
      askedAt: link.askedAt,
      sameBrowser: link.requestingBrowserDigest === requestingBrowserDigest,
      signedInAs: session?.email ?? null,
      sessionId: session?.id ?? "",
    });
  },
});
