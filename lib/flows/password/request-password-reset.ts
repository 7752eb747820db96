import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { email } from "@/lib/runtime/fields";
import { mailLimits } from "@/lib/runtime/limits";
import { lockAddressAndFindUser } from "@/lib/store/users";
import { issueVerification } from "@/lib/store/verifications";
import { ok } from "@/lib/core/result";

/**
 * Asks for a mail by which to set a new password, also a first one (P7, L9). An address without an
 * account is answered alike, and gets no letter.
 */
export const requestPasswordReset = defineFlow({
  name: "password_reset.request",
  kind: "write",
  requires: "anyone",
  method: "password",
  identifierOf: ({ email }) => email,
  limits: mailLimits("password_reset"),
  input: z.strictObject({ email }),

  async run(ctx, { email }) {
    const secrets = { token: ctx.random.token(), code: ctx.random.code() };
    const { browser, requestingBrowserDigest } = ctx.caller;
    return ctx.write(async (tx) => {
      const user = await lockAddressAndFindUser(tx, email);
      if (user) ctx.auditSubject({ userId: user.id });
      const withheld = user ? null : "no_account";
      const verificationId = await issueVerification(tx, {
        ...secrets,
        purpose: "password_reset",
        identifier: email,
        codeKey: ctx.env.tokenKey[0],
        requestingBrowserDigest,
        browser,
        fromKnownDevice: ctx.knownDevice,
        remember: false,
        next: "",
        receipt: ctx.receipt,
        linkLifetime: ctx.env.lifetimes.magicLink,
        codeLifetime: ctx.env.lifetimes.emailCode,
        isDecoy: ctx.suppressed || withheld !== null,
      });
      const askedAt = ctx.clock.now().toISOString();
      const letter = { to: email, verificationId, browser, askedAt, ...secrets };
      ctx.post({ kind: "password_reset", ...letter }, withheld);
      ctx.setCookies({ mailRequest: true });
      return ok({ email });
    });
  },
});
