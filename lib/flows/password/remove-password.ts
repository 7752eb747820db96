import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { deletePassword } from "@/lib/store/passwords";
import { noticeTo } from "@/lib/flows/shared/notice";
import { intervals } from "@/lib/core/policy";
import { passwordMethod } from "@/lib/methods/password";
import { ok, refuse } from "@/lib/core/result";

/**
 * Removes the password after step-up, unless it is the last usable method (`isLastMethod` of
 * lib/store/auth-providers.ts, A4). The owner is told (A2). Refuses `sign_in_required`, `step_up_required`,
 * `methods_locked`, `last_sign_in_method`, and `not_found` where there is none, or passwords are disabled.
 */
export const removePassword = defineFlow({
  name: "password.remove",
  kind: "write",
  requires: "session",
  maxAuthAge: intervals.stepUp,
  method: passwordMethod.id,
  limits: [],
  audited: {
    subject: "caller",
    refusals: { sign_in_required: [], methods_locked: [], not_found: [], last_sign_in_method: [] },
  },
  input: z.strictObject({}),

  run: function removePassword(ctx) {
    return ctx.write(async (tx) => {
      const { session } = ctx.caller;
      ctx.auditSubject({ userId: session.userId });
      const outcome = await deletePassword(tx, session, ctx.env);
      if (outcome === "signed_out") return refuse("sign_in_required");
      if (outcome === "locked") return refuse("methods_locked");
      if (outcome === "none") return refuse("not_found");
      if (outcome === "last") return refuse("last_sign_in_method");
      ctx.post({ kind: "password_removed", ...noticeTo(ctx, session.email) });
      return ok({});
    });
  },
});
