import { z } from "zod";
import { linkAccess, linkRefusals } from "@/lib/flows/shared/link";
import { defineFlow } from "@/lib/runtime/flow";
import { token } from "@/lib/runtime/fields";
import { attemptsAt, confirmationLimit } from "@/lib/runtime/limits";
import { hasNewToken, renewSession, repeatedCause } from "@/lib/flows/shared/complete-sign-in";
import { consumeLink, previewLink } from "@/lib/store/verifications";
import { ok, refuse } from "@/lib/core/result";

/**
 * Steps up by the emailed link, for the session and browser that requested it and no other: typing the
 * address does not help. As long as the new token has not arrived, its browser may repeat it for a minute.
 * Returns the `next` of the request. Refuses `link_invalid`, with the cause in the audit log.
 */
export const stepUpByLink = defineFlow({
  name: "step_up.link",
  kind: "write",
  requires: "session",
  isOwnersOnly: true,
  limits: [confirmationLimit],
  audited: {
    subject: "caller",
    ok: [repeatedCause],
    refusals: { link_invalid: [...linkRefusals.link_invalid, "elsewhere"], sign_in_required: [] },
  },
  input: z.strictObject({ token }),

  run: function stepUpByLink(ctx, { token }) {
    return ctx.write(async (tx) => {
      const { session } = ctx.caller;
      ctx.auditSubject({ userId: session.userId });
      const access = { ...linkAccess(ctx), sessionId: session.id };
      const consumed = await consumeLink(tx, "step_up", token, access);
      if (!consumed) {
        const link = await previewLink(tx, "step_up", token, access);
        const cause = link?.state === "live" ? "elsewhere" : (link?.state ?? "unknown");
        return refuse("link_invalid", { cause });
      }
      if (consumed.repeated) {
        if (await hasNewToken(ctx, tx)) return refuse("link_invalid", { cause: "used" });
        ctx.auditSubject({ cause: repeatedCause });
      } else ctx.refund(consumed.limitHits);
      ctx.forgetAttempts(attemptsAt(session.email, "step_up", ctx.caller));
      return (await renewSession(ctx, tx))
        ? ok({ next: consumed.next })
        : refuse("sign_in_required");
    });
  },
});
