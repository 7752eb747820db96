import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { provider } from "@/lib/runtime/fields";
import { disconnectProvider as disconnect } from "@/lib/store/auth-providers";
import { noticeTo } from "@/lib/core/letters";
import { intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";

/**
 * Takes a provider from the ways in of whoever proved just now that it is them, while another remains
 * (A4); also one that is switched off by now. The owner is told (A2). Refuses `sign_in_required`,
 * `step_up_required`, `last_way_in`, and `not_found` where it is not connected.
 */
export const disconnectProvider = defineFlow({
  name: "auth_provider.disconnect",
  kind: "write",
  requires: "session",
  recent: intervals.stepUp,
  limits: [],
  input: z.strictObject({ provider }),

  run: (ctx, { provider }) =>
    ctx.write(async (tx) => {
      const { session } = ctx.caller;
      ctx.about({ userId: session.userId, cause: provider });
      const outcome = await disconnect(tx, session, provider, ctx.env);
      if (outcome === "signed_out") return refuse("sign_in_required");
      if (outcome === "none") return refuse("not_found");
      if (outcome === "last") return refuse("last_way_in");
      ctx.post({ kind: "provider_disconnected", provider, ...noticeTo(ctx, session.email) });
      return ok({ provider });
    }),
});
