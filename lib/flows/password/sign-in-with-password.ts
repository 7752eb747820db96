import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { checkbox, email, next, password } from "@/lib/runtime/fields";
import { findCredentials, usePassword } from "@/lib/store/passwords";
import { startSession } from "@/lib/store/sessions";
import { ok, refuse } from "@/lib/core/result";

/**
 * Signs in by password. A wrong pair, an unknown address, an account without a password, one that
 * is switched off: the same answer after the same work (P5). Who has begun to sign up here, and
 * knows that password, is told to type the code: `sign_up_pending`. Else refuses `credentials_wrong`
 * with the cause in the audit log, `password_tries_spent` before anything is compared, `busy`.
 */
export const signInWithPassword = defineFlow({
  name: "password.sign_in",
  kind: "write",
  requires: "anyone",
  method: "password",
  concerns: ({ email }) => email,
  limits: [
    {
      limit: "passwordsPerIp",
      effect: "loud",
      refusal: "password_tries_spent",
      key: (_, { network }) => network,
    },
    {
      limit: "passwordsPerAccount",
      markedDevice: "passwordsPerDevice",
      effect: "loud",
      refusal: "password_tries_spent",
      key: ({ email }) => email,
    },
  ],
  input: z.strictObject({ email, password, keep: checkbox, next }),

  async run(ctx, { email, password, keep, next }) {
    const found = await findCredentials(ctx.db, email, ctx.caller.askingDigest);
    const { userId, passwordHash, attemptHash, disabled } = found;
    if (userId) ctx.about({ userId });
    // One comparison for everybody, and one more in a browser that is about to sign up: whoever sits
    // there knows that it is, and learns nothing else from it.
    const attempted = attemptHash ? await ctx.passwords.verify(attemptHash, password) : null;
    if (attempted && !attempted.ok) return attempted;
    const compared = await ctx.passwords.verify(passwordHash, password);
    if (!compared.ok) return compared;

    const { right, outdated } = compared.value;
    if (!userId || !passwordHash || !right || disabled) {
      if (attempted?.value.right) return refuse("sign_up_pending");
      const cause = !userId
        ? "unknown"
        : !passwordHash
          ? "no_password"
          : right
            ? "disabled"
            : "wrong";
      return refuse("credentials_wrong", { field: "password", cause });
    }
    const rehashed = outdated ? await ctx.passwords.hash(password) : null;
    return ctx.write(async (tx) => {
      // Rehashing can wait for a calmer hour, signing in cannot.
      const better = rehashed?.ok ? rehashed.value : null;
      if (!(await usePassword(tx, userId, passwordHash, better)))
        return refuse("credentials_wrong", { field: "password", cause: "changed" });
      await startSession(ctx, tx, { userId, method: "email", keep });
      return ok({ next });
    });
  },
});
