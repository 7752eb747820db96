import { z } from "zod";
import { weakPasswordRefusals } from "@/lib/flows/shared/weak-password";
import { defineFlow } from "@/lib/runtime/flow";
import { confirmPassword, password, passwordsMatch } from "@/lib/runtime/fields";
import { findPasswordHash, lockAccount } from "@/lib/store/passwords";
import { changePassword } from "./steps";
import { mayRepeatRenewal, renewSession, repeatedCause } from "@/lib/flows/shared/complete-sign-in";
import { noticeTo } from "@/lib/flows/shared/notice";
import { intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";
import { passwordMethod } from "@/lib/methods/password";

/**
 * Sets a first or another password after step-up (A2). All other sessions end, pending links and codes are
 * voided, and the owner is told (P7). The same password from a session whose new token did not arrive, or
 * sent twice at once, is a repetition: it changes nothing more. Refuses `sign_in_required`,
 * `step_up_required`, `methods_locked`, weak passwords, `overloaded`.
 */
export const setPassword = defineFlow({
  name: "password.set",
  kind: "write",
  requires: "session",
  maxAuthAge: intervals.stepUp,
  method: passwordMethod.id,
  limits: [],
  audited: {
    subject: "caller",
    ok: [repeatedCause],
    refusals: { overloaded: [], ...weakPasswordRefusals, methods_locked: [], sign_in_required: [] },
  },
  input: z.strictObject({ password, confirmPassword }).superRefine(passwordsMatch),

  run: async function setPassword(ctx, { password }) {
    const { userId, email } = ctx.caller.session;
    ctx.auditSubject({ userId });
    const strength = await ctx.passwords.checkStrength(password, [email, ctx.env.appName]);
    if (!strength.ok) return strength;
    const hashed = await ctx.passwords.hash(password);
    if (!hashed.ok) return hashed;
    const hash = mayRepeatRenewal(ctx) ? await findPasswordHash(ctx.db, userId) : null;
    const compared = hash ? await ctx.passwords.verify(hash, password) : null;
    if (compared && !compared.ok) return compared;
    return ctx.write(async (tx) => {
      const account = await lockAccount(tx, email);
      if (account?.methodsLocked) return refuse("methods_locked");
      // The session ended or the user was disabled meanwhile.
      const renewal = account && !account.disabled ? await renewSession(ctx, tx) : null;
      if (!account || !renewal) return refuse("sign_in_required");
      const current = renewal === "repeated" ? await findPasswordHash(tx, userId) : null;
      if (current) {
        // Only after a change at the same time, the password is compared while its locks are held.
        const same = current === hash ? compared : await ctx.passwords.verify(current, password);
        if (same && !same.ok) return same;
        if (same?.value.matches) {
          ctx.auditSubject({ cause: repeatedCause });
          return ok({ first: false });
        }
      }
      const change = { hash: hashed.value, emailVerified: false, signsIn: false };
      await changePassword(ctx, tx, account, change);
      const first = !account.hasPassword;
      ctx.post({ kind: "password_chosen", first, ...noticeTo(ctx, email) });
      return ok({ first });
    });
  },
});
