import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { token } from "@/lib/runtime/fields";
import { confirmationLimit } from "@/lib/runtime/limits";
import { renewSession } from "@/lib/store/sessions";
import { consumeLink, previewLink } from "@/lib/store/verifications";
import { ok, refuse } from "@/lib/core/result";

/**
 * Step-up by the pressed link from its mail, for the session and browser that asked, and nowhere
 * else: another browser would gain nothing by typing the address. Returns what `step_up.request` was
 * given as `next`. Refuses `link_invalid`, with the cause in the audit log.
 */
export const stepUpByLink = defineFlow({
  name: "step_up.link",
  kind: "write",
  requires: "session",
  limits: [confirmationLimit],
  input: z.strictObject({ token }),

  run: (ctx, { token }) =>
    ctx.write(async (tx) => {
      const { requestingBrowserDigest, session } = ctx.caller;
      ctx.auditSubject({ userId: session.userId });
      const access = { requestingBrowserDigest, typedEmail: null, sessionId: session.id };
      const consumed = await consumeLink(tx, "step_up", token, access);
      if (!consumed) {
        const link = await previewLink(tx, "step_up", token);
        const cause = link?.state === "live" ? "elsewhere" : (link?.state ?? "unknown");
        return refuse("link_invalid", { cause });
      }
      ctx.refund(consumed.receipt);
      return (await renewSession(ctx, tx))
        ? ok({ next: consumed.next })
        : refuse("sign_in_required");
    }),
});
