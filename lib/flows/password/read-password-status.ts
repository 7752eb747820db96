import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { findPasswordHash } from "@/lib/store/passwords";
import { selectSessions } from "@/lib/store/sessions";
import { intervals } from "@/lib/core/policy";
import { ok } from "@/lib/core/result";
import { passwordMethod } from "@/lib/methods/password";

/**
 * What the page for a new password shows: whether there is a password already, and how many other devices
 * a new one signs out. Requires the same as setting it, so that no one types a password in vain. Refuses
 * `sign_in_required`, `step_up_required`.
 */
export const readPasswordStatus = defineFlow({
  name: "password.read_status",
  kind: "read",
  requires: "session",
  maxAuthAge: intervals.stepUp,
  method: passwordMethod.id,
  limits: [],
  input: z.strictObject({}),

  run: async function readPasswordStatus(ctx) {
    const { userId, email } = ctx.caller.session;
    const sessions = await selectSessions(ctx.db, userId);
    const hasPassword = (await findPasswordHash(ctx.db, userId)) !== null;
    return ok({ email, hasPassword, otherDevices: sessions.length - 1 });
  },
});
