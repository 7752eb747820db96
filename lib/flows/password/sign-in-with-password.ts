import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { checkbox, email, next, password } from "@/lib/runtime/fields";
import { findCredentials, recordPasswordSignIn } from "@/lib/store/passwords";
import { startSession } from "@/lib/store/sessions";
import { ok, refuse } from "@/lib/core/result";

/**
 * Signs in by password. A wrong pair, an unknown address, an account without a password, one that
 * is switched off: the same answer after the same work (P5). Who has begun to sign up here, and
 * knows that password, is told to type the code: `sign_up_pending`. Else refuses `invalid_credentials`
 * with the cause in the audit log, `password_too_many_attempts` before anything is compared, `overloaded`.
 */
export const signInWithPassword = defineFlow({
  name: "password.sign_in",
  kind: "write",
  requires: "anyone",
  method: "password",
  identifierOf: ({ email }) => email,
  limits: [
    {
      limit: "passwordsPerIp",
      effect: "reject",
      refusal: "password_too_many_attempts",
      key: (_, { network }) => network,
    },
    {
      limit: "passwordsPerAccount",
      knownDevice: "passwordsPerDevice",
      effect: "reject",
      refusal: "password_too_many_attempts",
      key: ({ email }) => email,
    },
  ],
  input: z.strictObject({ email, password, remember: checkbox, next }),

  async run(ctx, { email, password, remember, next }) {
    const found = await findCredentials(ctx.db, email, ctx.caller.requestingBrowserDigest);
    const { userId, passwordHash, attemptHash, disabled } = found;
    if (userId) ctx.auditSubject({ userId });
    // One comparison for everybody, and one more in a browser that is about to sign up: whoever sits
    // there knows that it is, and learns nothing else from it.
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
      // Rehashing can wait for a calmer hour, signing in cannot.
      const better = rehashed?.ok ? rehashed.value : null;
      if (!(await recordPasswordSignIn(tx, userId, passwordHash, better)))
        return refuse("invalid_credentials", { field: "password", cause: "changed" });
      await startSession(ctx, tx, { userId, method: "email", remember });
      return ok({ next });
    });
  },
});
