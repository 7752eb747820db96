import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { token } from "@/lib/runtime/fields";
import { previewLink } from "@/lib/store/verifications";
import { ok, refuse } from "@/lib/core/result";

/**
 * What a step-up link is for, so that its page can say so before it is pressed; spends nothing. Only
 * for the session and browser that asked. Refuses `link_invalid`.
 */
export const previewStepUp = defineFlow({
  name: "step_up.preview",
  kind: "read",
  requires: "session",
  limits: [],
  input: z.strictObject({ token }),

  async run(ctx, { token }) {
    const { requestingBrowserDigest, session } = ctx.caller;
    const link = await previewLink(ctx.db, "step_up", token);
    const isMine =
      link?.requestingBrowserDigest === requestingBrowserDigest && link.sessionId === session.id;
    return isMine && link.state === "live" ? ok({ next: link.next }) : refuse("link_invalid");
  },
});
