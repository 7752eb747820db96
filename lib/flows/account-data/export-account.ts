import { z } from "zod";
import { intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";
import { defineFlow } from "@/lib/runtime/flow";
import { selectAccountData } from "@/lib/store/account-data";

/**
 * Everything that is stored about the user, for a file, without secrets. Not for whoever finds a signed-in
 * browser: it needs an authentication of the last `intervals.exportAuth`. Refuses `step_up_required`.
 */
export const exportAccount = defineFlow({
  name: "account.export",
  kind: "read",
  requires: "session",
  maxAuthAge: intervals.exportAuth,
  limits: [],
  audited: {
    subject: "caller",
    refusals: { sign_in_required: [] },
  },
  input: z.strictObject({}),

  run: async function exportAccount(ctx) {
    const { userId } = ctx.caller.session;
    ctx.auditSubject({ userId });
    const data = await selectAccountData(ctx.db, userId);
    return data ? ok(data) : refuse("sign_in_required");
  },
});
