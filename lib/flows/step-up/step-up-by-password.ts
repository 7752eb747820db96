import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { password } from "@/lib/runtime/fields";
import { stepUpLimit } from "@/lib/runtime/limits";
import { findPasswordHash } from "@/lib/store/passwords";
import { renewSession } from "@/lib/flows/shared/complete-sign-in";
import { ok, refuse } from "@/lib/core/result";
import { passwordMethod } from "@/lib/methods/password";

/**
 * Steps up by password: the session gets a new token and authentication time. Refuses
 * `password_incorrect`, `too_many_attempts` before anything is compared, `overloaded`.
 */
export const stepUpByPassword = defineFlow({
  name: "step_up.password",
  kind: "write",
  requires: "session",
  isOwnersOnly: true,
  method: passwordMethod.id,
  limits: [stepUpLimit],
  audited: {
    subject: "caller",
    refusals: {
      overloaded: [],
      password_incorrect: ["none", "wrong", "changed"],
      sign_in_required: [],
    },
  },
  input: z.strictObject({ password }),

  run: async function stepUpByPassword(ctx, { password }) {
    const { userId } = ctx.caller.session;
    ctx.auditSubject({ userId });
    const hash = await findPasswordHash(ctx.db, userId);
    const compared = await ctx.passwords.verify(hash, password);
    if (!compared.ok) return compared;
    if (!hash || !compared.value.matches)
      return refuse("password_incorrect", { field: "password", cause: hash ? "wrong" : "none" });
    return ctx.write(async (tx) => {
      if ((await findPasswordHash(tx, userId)) !== hash)
        return refuse("password_incorrect", { field: "password", cause: "changed" });
      return (await renewSession(ctx, tx)) ? ok({}) : refuse("sign_in_required");
    });
  },
});
