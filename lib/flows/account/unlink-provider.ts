import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { provider } from "@/lib/runtime/fields";
import { unlinkProvider as unlinkProviderRow } from "@/lib/store/auth-providers";
import { noticeTo } from "@/lib/core/letters";
import { intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";

/**
 * Takes a provider from the ways in of whoever proved just now that it is them, while another remains
 * (A4); also one that is switched off by now. The owner is told (A2). Refuses `sign_in_required`,
 * `step_up_required`, `last_sign_in_method`, and `not_found` where it is not connected.
 */
export const unlinkProvider = defineFlow({
  name: "auth_provider.unlink",
  kind: "write",
  requires: "session",
  maxAuthAge: intervals.stepUp,
  limits: [],
  input: z.strictObject({ provider }),

  run: (ctx, { provider }) =>
    ctx.write(async (tx) => {
      const { session } = ctx.caller;
      ctx.auditSubject({ userId: session.userId, cause: provider });
      const outcome = await unlinkProviderRow(tx, session, provider, ctx.env);
      if (outcome === "signed_out") return refuse("sign_in_required");
      if (outcome === "none") return refuse("not_found");
      if (outcome === "last") return refuse("last_sign_in_method");
      ctx.post({ kind: "provider_disconnected", provider, ...noticeTo(ctx, session.email) });
      return ok({ provider });
    }),
});
