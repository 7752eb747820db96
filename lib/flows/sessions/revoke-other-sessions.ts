import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { endOtherSessions } from "@/lib/store/sessions";
import { ok } from "@/lib/core/result";

/** Signs out every browser but this one, and forgets their device marks (S2, R6). */
export const revokeOtherSessions = defineFlow({
  name: "session.revoke_others",
  kind: "write",
  requires: "session",
  limits: [],
  input: z.strictObject({}),

  run: (ctx) =>
    ctx.write(async (tx) => {
      ctx.auditSubject({ userId: ctx.caller.session.userId });
      return ok({ ended: await endOtherSessions(tx, ctx.caller) });
    }),
});
