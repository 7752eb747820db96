import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { uuid } from "@/lib/runtime/fields";
import { deleteSession } from "@/lib/store/sessions";
import { ok, refuse } from "@/lib/core/result";

/** Signs out one of the user's browsers, effective on its next request (S2). Refuses `not_found`. */
export const revokeSession = defineFlow({
  name: "session.revoke",
  kind: "write",
  requires: "session",
  limits: [],
  audited: {
    subject: "caller",
    refusals: { not_found: [] },
  },
  input: z.strictObject({ id: uuid }),

  run: function revokeSession(ctx, { id }) {
    return ctx.write(async (tx) => {
      const { session } = ctx.caller;
      ctx.auditSubject({ userId: session.userId });
      if (!(await deleteSession(tx, session.userId, id))) return refuse("not_found");
      const current = id === session.id;
      if (current) ctx.setCookies({ session: "ended" });
      return ok({ current });
    });
  },
});
