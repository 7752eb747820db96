import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { confirmPassword, password, passwordsMatch } from "@/lib/runtime/fields";
import { setPasswordAndRevoke, lockAccount } from "@/lib/store/passwords";
import { renewSession } from "@/lib/store/sessions";
import { noticeTo } from "@/lib/core/letters";
import { intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";

/**
 * Sets a first password, or another one, for whoever is signed in and proved it just now (A2). All
 * other sessions end, links and codes on their way are void, and the owner is told (P7). Refuses
 * `sign_in_required`, `step_up_required`, what speaks against the password, `overloaded`.
 */
export const setPassword = defineFlow({
  name: "password.set",
  kind: "write",
  requires: "session",
  maxAuthAge: intervals.stepUp,
  method: "password",
  limits: [],
  input: z.strictObject({ password, confirmPassword }).superRefine(passwordsMatch),

  async run(ctx, { password }) {
    const { userId, email } = ctx.caller.session;
    ctx.auditSubject({ userId });
    const strength = await ctx.passwords.checkStrength(password, [email, ctx.env.appName]);
    if (!strength.ok) return strength;
    const hashed = await ctx.passwords.hash(password);
    if (!hashed.ok) return hashed;
    return ctx.write(async (tx) => {
      const account = await lockAccount(tx, email);
      // Signed out or switched off meanwhile, the session has no say any more.
      if (!account || account.disabled || !(await renewSession(ctx, tx)))
        return refuse("sign_in_required");
      await setPasswordAndRevoke(ctx, tx, account, { hash: hashed.value, emailVerified: false });
      const first = !account.hasPassword;
      ctx.post({ kind: "password_chosen", first, ...noticeTo(ctx, email) });
      return ok({ first });
    });
  },
});
