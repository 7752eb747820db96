import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { email } from "@/lib/runtime/fields";
import { mailLimits } from "@/lib/runtime/limits";
import { findUserAlone } from "@/lib/store/users";
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
  concerns: ({ email }) => email,
  limits: mailLimits("password_reset"),
  input: z.strictObject({ email }),

  async run(ctx, { email }) {
    const secrets = { token: ctx.chance.token(), code: ctx.chance.code() };
    const { browser, askingDigest } = ctx.caller;
    return ctx.write(async (tx) => {
      const user = await findUserAlone(tx, email);
      if (user) ctx.about({ userId: user.id });
      const withheld = user ? null : "no_account";
      const verificationId = await issueVerification(tx, {
        ...secrets,
        purpose: "password_reset",
        identifier: email,
        codeKey: ctx.env.tokenKey[0],
        browserDigest: askingDigest,
        browser,
        fromMarkedDevice: ctx.markedDevice,
        keep: false,
        next: "",
        receipt: ctx.receipt,
        linkLifetime: ctx.env.lifetimes.magicLink,
        codeLifetime: ctx.env.lifetimes.emailCode,
        stillborn: ctx.overLimit || withheld !== null,
      });
      const askedAt = ctx.clock.now().toISOString();
      const letter = { to: email, verificationId, browser, askedAt, ...secrets };
      ctx.post({ kind: "password_reset", ...letter }, withheld);
      ctx.handOver({ asking: true });
      return ok({ email });
    });
  },
});
