import { z } from "zod";
import { bounds } from "@/lib/core/policy";
import { ok } from "@/lib/core/result";
import { defineFlow } from "@/lib/runtime/flow";
import { selectActivity } from "@/lib/store/audit-log";

/**
 * What happened in a user's account, newest first, for a file: the newest `bounds.activityExport` events.
 * Refuses `sign_in_required`.
 */
export const exportActivity = defineFlow({
  name: "activity.export",
  kind: "read",
  requires: "session",
  limits: [],
  audited: {
    subject: "caller",
    refusals: {},
  },
  input: z.strictObject({}),

  run: async function exportActivity(ctx) {
    const { userId } = ctx.caller.session;
    ctx.auditSubject({ userId });
    return ok(
      await selectActivity(ctx.db, userId, {
        before: null,
        events: null,
        refusedOnly: false,
        most: bounds.activityExport,
      }),
    );
  },
});
