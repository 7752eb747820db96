import { z } from "zod";
import { intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";
import { noticeTo } from "@/lib/flows/shared/notice";
import { defineFlow } from "@/lib/runtime/flow";
import { liftMethodsLock } from "@/lib/store/sign-in-reports";

/**
 * Lifts the lock of the sign-in methods that a report has set, after step-up, from a device that was known
 * before the report (decision 51). The owner is told. Refuses `sign_in_required`, `step_up_required`,
 * `unknown_device`, and `not_found` where they are not locked.
 */
export const unlockMethods = defineFlow({
  name: "methods.unlock",
  kind: "write",
  requires: "session",
  maxAuthAge: intervals.stepUp,
  limits: [],
  audited: {
    subject: "caller",
    refusals: { sign_in_required: [], not_found: [], unknown_device: [] },
  },
  input: z.strictObject({}),

  run: function unlockMethods(ctx) {
    return ctx.write(async (tx) => {
      const { session, deviceDigest } = ctx.caller;
      ctx.auditSubject({ userId: session.userId });
      const outcome = await liftMethodsLock(tx, session, deviceDigest);
      if (outcome === "signed_out") return refuse("sign_in_required");
      if (outcome === "open") return refuse("not_found");
      if (outcome === "unknown_device") return refuse("unknown_device");
      ctx.post({ kind: "methods_unlocked", ...noticeTo(ctx, session.email) });
      return ok({});
    });
  },
});
