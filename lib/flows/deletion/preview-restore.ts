import { z } from "zod";
import { linkAccess } from "@/lib/flows/shared/link";
import { token } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { previewLink } from "@/lib/store/verifications";
import { masked } from "@/lib/core/identifier";
import { ok, refuse } from "@/lib/core/result";

/**
 * What the page of a link that takes a deletion back shows. Consumes nothing (L2). Refuses `link_invalid`.
 */
export const previewRestore = defineFlow({
  name: "account.preview_restore",
  kind: "read",
  requires: "anyone",
  limits: [],
  input: z.strictObject({ token }),

  run: async function previewRestore(ctx, { token }) {
    const link = await previewLink(ctx.db, "deletion_undo", token, linkAccess(ctx));
    if (link?.state !== "live") return refuse("link_invalid", { cause: link?.state ?? "unknown" });
    const { identifier, browser, askedAt, sameBrowser } = link;
    return ok({ address: masked(identifier), browser, askedAt, sameBrowser });
  },
});
