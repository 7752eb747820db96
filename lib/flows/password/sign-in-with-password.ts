import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { checkbox, email, next, password } from "@/lib/runtime/fields";
import { passwordLimits } from "@/lib/runtime/limits";
import { findCredentials, recordPasswordSignIn } from "@/lib/store/passwords";
import { completeSignIn } from "@/lib/flows/shared/complete-sign-in";
import { ok, refuse } from "@/lib/core/result";
import { passwordMethod } from "@/lib/methods/password";

/**
 * Signs in by password. A wrong password, an unknown address, a user without a password and a disabled
 * user get the same response after the same work (P5). A user who has started to sign up in this browser
 * with that password gets `sign_up_pending`. Otherwise refuses `invalid_credentials` with the cause in
 * the audit log, `too_many_attempts` before anything is compared, `overloaded`.
 */
export const signInWithPassword = defineFlow({
  name: "password.sign_in",
  kind: "write",
  requires: "anyone",
  method: passwordMethod.id,
  signsInBy: passwordMethod.id,
  identifierOf: ({ email }) => email,
  limits: passwordLimits,
  audited: {
    subject: "owner",
    refusals: {
      overloaded: [],
      sign_up_pending: [],
      invalid_credentials: ["unknown", "no_password", "wrong", "disabled", "changed"],
    },
  },
  input: z.strictObject({ email, password, remember: checkbox, next }),

  run: async function signInWithPassword(ctx, { email, password, remember, next }) {
    const found = await findCredentials(ctx.db, email, ctx.caller.requestingBrowserDigest);
    const { userId, passwordHash, attemptHash, disabled } = found;
    if (userId) ctx.auditSubject({ userId });
    // One comparison for every caller, and one more in a browser that has started to sign up, whose user
    // knows that already and learns nothing else.
    const attempted = attemptHash ? await ctx.passwords.verify(attemptHash, password) : null;
    if (attempted && !attempted.ok) return attempted;
    const compared = await ctx.passwords.verify(passwordHash, password);
    if (!compared.ok) return compared;

    const { matches, needsRehash } = compared.value;
    if (!userId || !passwordHash || !matches || disabled) {
      if (attempted?.value.matches) return refuse("sign_up_pending");
      const cause = !userId
        ? "unknown"
        : !passwordHash
          ? "no_password"
          : matches
            ? "disabled"
            : "wrong";
      return refuse("invalid_credentials", { field: "password", cause });
    }
    const rehashed = needsRehash ? await ctx.passwords.hash(password) : null;
    return ctx.write(async (tx) => {
      // A failed rehash must not fail the sign-in.
      const better = rehashed?.ok ? rehashed.value : null;
      if (!(await recordPasswordSignIn(tx, userId, passwordHash, better)))
        return refuse("invalid_credentials", { field: "password", cause: "changed" });
      const method = passwordMethod.id;
      completeSignIn(ctx, { userId, method, remember, startedBy: null, reportTo: email });
      return ok({ next });
    });
  },
});
