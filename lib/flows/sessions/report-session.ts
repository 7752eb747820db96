import { z } from "zod";
import { intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";
import { noticeTo } from "@/lib/flows/shared/notice";
import { activityCursor } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { reportEvent } from "@/lib/store/sign-in-reports";

/**
 * "This wasn't me" for a sign-in that the activity of the account shows: does what the link of a report does,
 * after step-up (decision 51), and the owner is told. `hasEnded` is false where its session had ended, or
 * another one has taken its place. Refuses `sign_in_required`, `step_up_required`, and `not_found` for an
 * event that is no sign-in of the user within `lifetimes.signInReport`.
 */
export const reportSession = defineFlow({
  name: "session.report",
  kind: "write",
  requires: "session",
  maxAuthAge: intervals.stepUp,
  limits: [],
  audited: {
    subject: "caller",
    refusals: { sign_in_required: [], not_found: [] },
  },
  input: z.strictObject({ event: activityCursor }),

  run: function reportSession(ctx, { event }) {
    return ctx.write(async (tx) => {
      const { session } = ctx.caller;
      ctx.auditSubject({ userId: session.userId });
      const reported = await reportEvent(tx, session, event);
      if (reported === "signed_out") return refuse("sign_in_required");
      if (reported === "unknown") return refuse("not_found");
      ctx.post({ kind: "methods_locked", ...noticeTo(ctx, session.email) });
      if (reported.endedOwn) ctx.setCookies({ session: "ended" });
      return ok({ hasEnded: reported.hasEnded });
    });
  },
});
