import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { deleteSession } from "@/lib/store/sessions";
import { ok } from "@/lib/core/result";

/** Signs out this browser: deletes the session and its cookie (S3). */
export const signOut = defineFlow({
  name: "session.sign_out",
  kind: "write",
  requires: "session",
  duringDeletion: true,
  limits: [],
  audited: {
    subject: "caller",
    refusals: {},
  },
  input: z.strictObject({}),

  run: function signOut(ctx) {
    return ctx.write(async (tx) => {
      const { session } = ctx.caller;
      ctx.auditSubject({ userId: session.userId });
      await deleteSession(tx, session.userId, session.id);
      // A pending identity must not wait for the next user of this browser (S3).
      ctx.setCookies({ session: "ended", pendingIdentity: "ended" });
      return ok({});
    });
  },
});
