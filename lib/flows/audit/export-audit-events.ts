import { z } from "zod";
import { bounds, intervals } from "@/lib/core/policy";
import { ok } from "@/lib/core/result";
import { defineFlow } from "@/lib/runtime/flow";
import { selectAuditEvents } from "@/lib/store/audit-log";
import { auditFilterFields, readAuditFilter } from "./steps";

/** The newest `bounds.auditExport` events that a search finds, for a file (T3). */
export const exportAuditEvents = defineFlow({
  name: "audit.export",
  kind: "read",
  requires: "staff",
  maxAuthAge: intervals.staffWrite,
  limits: [],
  audited: {
    subject: "caller",
    refusals: {},
  },
  input: z.strictObject(auditFilterFields),

  run: async function exportAuditEvents(ctx, input) {
    const { session } = ctx.caller;
    if (session) ctx.auditSubject({ userId: session.userId });
    const filter = await readAuditFilter(ctx, input);
    const most = bounds.auditExport;
    return ok(filter ? await selectAuditEvents(ctx.db, filter, { before: null, most }) : []);
  },
});
