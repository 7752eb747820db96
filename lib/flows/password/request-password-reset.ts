import { z } from "zod";
import { mailSecret } from "@/lib/flows/shared/mail-secret";
import { defineFlow } from "@/lib/runtime/flow";
import { email } from "@/lib/runtime/fields";
import { mailLimits } from "@/lib/runtime/limits";
import { lockAddressAndFindUser } from "@/lib/store/users";
import { ok } from "@/lib/core/result";
import { passwordMethod } from "@/lib/methods/password";

/**
 * Sends a link and a code to set a new password, also a first one (P7, L9). An address without a user gets
 * the same response and no email.
 */
export const requestPasswordReset = defineFlow({
  name: "password_reset.request",
  kind: "write",
  requires: "anyone",
  method: passwordMethod.id,
  identifierOf: ({ email }) => email,
  limits: mailLimits("password_reset"),
  audited: {
    subject: "owner",
    refusals: {},
  },
  input: z.strictObject({ email }),

  run: function requestPasswordReset(ctx, { email }) {
    return ctx.write(async (tx) => {
      const user = await lockAddressAndFindUser(tx, email);
      if (user) ctx.auditSubject({ userId: user.id });
      await mailSecret(ctx, tx, {
        purpose: "password_reset",
        to: email,
        withheld: user ? null : "no_account",
        letter: (secret) => ({ kind: "password_reset", ...secret }),
      });
      return ok({ email });
    });
  },
});
