import { z } from "zod";
import { activityKinds } from "@/lib/core/activity";
import { bounds } from "@/lib/core/policy";
import { ok } from "@/lib/core/result";
import { activityCursor } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { selectActivity } from "@/lib/store/audit-log";

/**
 * What happened in a user's account, newest first, in pages of `bounds.activityPage` events. `before` is the
 * `next` of the page before; any other number shows nothing of other users. Refuses `sign_in_required`.
 */
export const listActivity = defineFlow({
  name: "activity.list",
  kind: "read",
  requires: "session",
  limits: [],
  input: z.strictObject({
    before: activityCursor.optional(),
    show: z.enum(["sign_ins", "changes", "refused"]).optional(),
  }),

  run: async function listActivity(ctx, { before, show }) {
    const found = await selectActivity(ctx.db, ctx.caller.session.userId, {
      before: before ?? null,
      events: show === undefined || show === "refused" ? null : activityKinds[show],
      refusedOnly: show === "refused",
      // One more tells whether there is a next page.
      most: bounds.activityPage + 1,
    });
    const events = found.slice(0, bounds.activityPage);
    return ok({ events, next: found.length > events.length ? events.at(-1)!.id : null });
  },
});
