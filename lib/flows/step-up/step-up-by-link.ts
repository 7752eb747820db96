import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { token } from "@/lib/runtime/fields";
import { pressLimit } from "@/lib/runtime/limits";
import { renewSession } from "@/lib/store/sessions";
import { consumeLink, previewLink } from "@/lib/store/verifications";
import { ok, refuse } from "@/lib/core/result";

/**
 * Step-up by the pressed link from its mail, for the session and browser that asked, and nowhere
 * else: another browser would gain nothing by typing the address. Returns what `step_up.request` was
 * given as `next`. Refuses `link_dead`, with the cause in the audit log.
 */
export const stepUpByLink = defineFlow({
  name: "step_up.link",
  kind: "write",
  requires: "session",
  limits: [pressLimit],
  input: z.strictObject({ token }),

  run: (ctx, { token }) =>
    ctx.write(async (tx) => {
      const { askingDigest, session } = ctx.caller;
      ctx.about({ userId: session.userId });
      const claim = { browserDigest: askingDigest, typed: null, sessionId: session.id };
      const spent = await consumeLink(tx, "step_up", token, claim);
      if (!spent) {
        const link = await previewLink(tx, "step_up", token);
        const cause = link?.state === "live" ? "elsewhere" : (link?.state ?? "unknown");
        return refuse("link_dead", { cause });
      }
      ctx.giveBack(spent.receipt);
      return (await renewSession(ctx, tx)) ? ok({ next: spent.next }) : refuse("sign_in_required");
    }),
});
