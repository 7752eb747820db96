import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { endSession } from "@/lib/store/sessions";
import { ok } from "@/lib/core/result";

/** Signs out this browser: the row is gone, and the cookie with it (S3). */
export const signOut = defineFlow({
  name: "session.sign_out",
  kind: "write",
  requires: "session",
  limits: [],
  input: z.strictObject({}),

  run: (ctx) =>
    ctx.write(async (tx) => {
      const { session } = ctx.caller;
      ctx.auditSubject({ userId: session.userId });
      await endSession(tx, session.userId, session.id);
      // Nor does anything wait here for whoever comes next (S3).
      ctx.setCookies({ session: "ended", pendingIdentity: "ended" });
      return ok({});
    }),
});
