import { z } from "zod";
import { linkAccess } from "@/lib/flows/shared/link";
import { defineFlow } from "@/lib/runtime/flow";
import { token } from "@/lib/runtime/fields";
import { previewLink } from "@/lib/store/verifications";
import { magicLinkMethod } from "@/lib/methods/magic-link";
import { masked } from "@/lib/core/identifier";
import { ok, refuse } from "@/lib/core/result";

/**
 * What the page of a link shows before the user confirms. Consumes nothing (L2). A user who is signed in
 * to the link's account already is let through, whatever the link's state (L3). Refuses `link_invalid`,
 * with the cause for the audit log only and with what the request for a new link should keep, and
 * `not_found` where links are disabled.
 */
export const previewMagicLink = defineFlow({
  name: "magic_link.preview",
  kind: "read",
  requires: "anyone",
  method: magicLinkMethod.id,
  limits: [],
  input: z.strictObject({ token }),

  run: async function previewMagicLink(ctx, { token }) {
    const { session } = ctx.caller;
    const link = await previewLink(ctx.db, "magic_link", token, linkAccess(ctx));
    if (!link) return refuse("link_invalid", { cause: "unknown" });
    const alreadySignedIn = session?.email === link.identifier;
    const { next, remember } = link;
    const isUsable = link.state === "live" || link.isRepeatable;
    if (!isUsable && !alreadySignedIn)
      return refuse("link_invalid", { cause: link.state, next, remember });
    return ok({
      alreadySignedIn,
      next,
      address: masked(link.identifier),
      browser: link.browser,
      askedAt: link.askedAt,
      sameBrowser: link.sameBrowser,
      signedInAs: session?.email ?? null,
      sessionId: session?.id ?? "",
    });
  },
});
