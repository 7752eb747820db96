import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { provider } from "@/lib/runtime/fields";
import { confirmIdentity } from "@/lib/store/auth-providers";
import { intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";

/**
 * Confirms a provider that was linked before the email address was verified, so that it opens the account
 * again (O3). Refuses `sign_in_required`, `step_up_required`, `methods_locked`, and `not_found` where nothing
 * has to be confirmed, or the provider is disabled.
 */
export const confirmProvider = defineFlow({
  name: "auth_provider.confirm",
  kind: "write",
  requires: "session",
  maxAuthAge: intervals.stepUp,
  method: ({ provider }) => provider,
  limits: [],
  audited: {
    subject: "caller",
    namesProvider: true,
    refusals: { sign_in_required: [], methods_locked: [], not_found: [] },
  },
  input: z.strictObject({ provider }),

  run: function confirmProvider(ctx, { provider }) {
    return ctx.write(async (tx) => {
      const { session } = ctx.caller;
      ctx.auditSubject({ userId: session.userId, cause: provider });
      const outcome = await confirmIdentity(tx, session, provider);
      if (outcome === "signed_out") return refuse("sign_in_required");
      if (outcome === "locked") return refuse("methods_locked");
      return outcome === "confirmed" ? ok({ provider }) : refuse("not_found");
    });
  },
});
