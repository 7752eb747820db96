import { z } from "zod";
import { linkAccess } from "@/lib/flows/shared/link";
import { defineFlow } from "@/lib/runtime/flow";
import { token } from "@/lib/runtime/fields";
import { previewLink } from "@/lib/store/verifications";
import { ok, refuse } from "@/lib/core/result";

/**
 * What a step-up link is for, so that its page can say it before the user confirms. Consumes nothing. Only
 * for the session and browser that requested it. Refuses `link_invalid`.
 */
export const previewStepUp = defineFlow({
  name: "step_up.preview",
  kind: "read",
  requires: "session",
  isOwnersOnly: true,
  limits: [],
  input: z.strictObject({ token }),

  run: async function previewStepUp(ctx, { token }) {
    const access = { ...linkAccess(ctx), sessionId: ctx.caller.session.id };
    const link = await previewLink(ctx.db, "step_up", token, access);
    const isUsable = link?.state === "live" && link.canConsume;
    const isRepeatable = link?.isRepeatable && ctx.caller.session.byPreviousToken;
    return link && (isUsable || isRepeatable) ? ok({ next: link.next }) : refuse("link_invalid");
  },
});
