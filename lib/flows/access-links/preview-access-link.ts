import { z } from "zod";
import { masked } from "@/lib/core/identifier";
import { ok, refuse } from "@/lib/core/result";
import { linkAccess } from "@/lib/flows/shared/link";
import { token } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { previewLink } from "@/lib/store/verifications";

/**
 * What the page of an access link shows before the user confirms. Consumes nothing (L2, T2). Whoever it has
 * let in already is let through. Refuses `link_invalid`, with the cause for the audit log only.
 */
export const previewAccessLink = defineFlow({
  name: "access_link.preview",
  kind: "read",
  requires: "anyone",
  limits: [],
  input: z.strictObject({ token }),

  run: async function previewAccessLink(ctx, { token }) {
    const { session } = ctx.caller;
    const link = await previewLink(ctx.db, "access_link", token, linkAccess(ctx));
    if (!link) return refuse("link_invalid", { cause: "unknown" });
    if (link.state !== "live" && !link.hasItsSession)
      return refuse("link_invalid", { cause: link.state });
    return ok({
      isOpen: link.hasItsSession,
      address: masked(link.identifier),
      sentAt: link.askedAt,
      signedInAs: session?.email ?? null,
      sessionId: session?.id ?? "",
    });
  },
});
