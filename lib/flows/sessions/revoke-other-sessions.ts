import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { deleteOtherSessions } from "@/lib/store/sessions";
import { ok } from "@/lib/core/result";

/** Signs out every browser but this one, and forgets them as known devices (S2, R6). */
export const revokeOtherSessions = defineFlow({
  name: "session.revoke_others",
  kind: "write",
  requires: "session",
  limits: [],
  audited: {
    subject: "caller",
    refusals: {},
  },
  input: z.strictObject({}),

  run: function revokeOtherSessions(ctx) {
    return ctx.write(async (tx) => {
      const { session, deviceDigest } = ctx.caller;
      ctx.auditSubject({ userId: session.userId });
      return ok({ ended: await deleteOtherSessions(tx, session, deviceDigest) });
    });
  },
});
