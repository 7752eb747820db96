import { z } from "zod";
import { activityKinds } from "@/lib/core/activity";
import { bounds } from "@/lib/core/policy";
import { ok } from "@/lib/core/result";
import { pageOf, rowsForPage } from "@/lib/flows/shared/page";
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
      most: rowsForPage(bounds.activityPage),
    });
    const { page: events, next } = pageOf(found, bounds.activityPage);
    return ok({ events, next });
  },
});
