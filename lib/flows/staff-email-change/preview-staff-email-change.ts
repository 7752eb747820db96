import { z } from "zod";
import { masked } from "@/lib/core/identifier";
import { ok, refuse } from "@/lib/core/result";
import { linkAccess } from "@/lib/flows/shared/link";
import { token } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { previewLink } from "@/lib/store/verifications";

/**
 * What the page of a link to a new address shows before its code is entered. Consumes nothing (L2, T2).
 * Refuses `link_invalid`, with the cause for the audit log only.
 */
export const previewStaffEmailChange = defineFlow({
  name: "staff_email_change.preview",
  kind: "read",
  requires: "anyone",
  limits: [],
  input: z.strictObject({ token }),

  run: async function previewStaffEmailChange(ctx, { token }) {
    const link = await previewLink(ctx.db, "staff_email_change", token, linkAccess(ctx));
    if (link?.state !== "live") return refuse("link_invalid", { cause: link?.state ?? "unknown" });
    return ok({ address: masked(link.identifier), askedAt: link.askedAt });
  },
});
