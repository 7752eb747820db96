import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { provider } from "@/lib/runtime/fields";
import { deleteAuthProvider } from "@/lib/store/auth-providers";
import { noticeTo } from "@/lib/flows/shared/notice";
import { intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";

/**
 * Unlinks a provider after step-up, also a disabled one, unless it is the last usable method (`isLastMethod`
 * of lib/store/auth-providers.ts, A4). The owner is told (A2). Refuses `sign_in_required`,
 * `step_up_required`, `methods_locked`, `last_sign_in_method`, and `not_found` where it is not linked.
 */
export const unlinkProvider = defineFlow({
  name: "auth_provider.unlink",
  kind: "write",
  requires: "session",
  maxAuthAge: intervals.stepUp,
  limits: [],
  audited: {
    subject: "caller",
    namesProvider: true,
    refusals: { sign_in_required: [], methods_locked: [], not_found: [], last_sign_in_method: [] },
  },
  input: z.strictObject({ provider }),

  run: function unlinkProvider(ctx, { provider }) {
    return ctx.write(async (tx) => {
      const { session } = ctx.caller;
      ctx.auditSubject({ userId: session.userId, cause: provider });
      const outcome = await deleteAuthProvider(tx, session, provider, ctx.env);
      if (outcome === "signed_out") return refuse("sign_in_required");
      if (outcome === "locked") return refuse("methods_locked");
      if (outcome === "none") return refuse("not_found");
      if (outcome === "last") return refuse("last_sign_in_method");
      ctx.post({ kind: "provider_disconnected", provider, ...noticeTo(ctx, session.email) });
      return ok({ provider });
    });
  },
});
