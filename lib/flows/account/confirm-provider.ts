import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { provider } from "@/lib/runtime/fields";
import { confirmIdentity } from "@/lib/store/auth-providers";
import { intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";

/**
 * Says that a provider which was there before the mailbox was proven is one's own, so that it opens
 * the account again (O3). Refuses `sign_in_required`, `step_up_required`, and `not_found` where
 * nothing is in question.
 */
export const confirmProvider = defineFlow({
  name: "auth_provider.confirm",
  kind: "write",
  requires: "session",
  maxAuthAge: intervals.stepUp,
  limits: [],
  input: z.strictObject({ provider }),

  run: (ctx, { provider }) =>
    ctx.write(async (tx) => {
      const { session } = ctx.caller;
      ctx.auditSubject({ userId: session.userId, cause: provider });
      const outcome = await confirmIdentity(tx, session, provider);
      if (outcome === "signed_out") return refuse("sign_in_required");
      return outcome === "kept" ? ok({ provider }) : refuse("not_found");
    }),
});
