import { z } from "zod";
import { bounds, intervals } from "@/lib/core/policy";
import { ok } from "@/lib/core/result";
import { pageOf, rowsForPage } from "@/lib/flows/shared/page";
import { activityCursor } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { selectAuditEvents } from "@/lib/store/audit-log";
import { auditFilterFields, readAuditFilter } from "./steps";

/**
 * Finds events of the audit log by event, outcome, user and days, in pages of `bounds.auditPage`, the newest
 * first (T3). `before` is the `next` of the page before. Without a user and days it finds those of the last
 * `intervals.auditSearch`.
 */
export const listAuditEvents = defineFlow({
  name: "audit.list",
  kind: "read",
  requires: "staff",
  maxAuthAge: intervals.staffRead,
  limits: [],
  input: z.strictObject({ ...auditFilterFields, before: activityCursor.optional() }),

  run: async function listAuditEvents(ctx, { before, ...input }) {
    const filter = await readAuditFilter(ctx, input);
    if (!filter) return ok({ events: [], next: null, from: null });
    const found = await selectAuditEvents(ctx.db, filter, {
      before: before ?? null,
      most: rowsForPage(bounds.auditPage),
    });
    const { page: events, next } = pageOf(found, bounds.auditPage);
    return ok({ events, next, from: filter.from });
  },
});
