import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { checkbox, email, next } from "@/lib/runtime/fields";
import { mailLimits } from "@/lib/runtime/limits";
import { findUserAlone } from "@/lib/store/users";
import { issueVerification } from "@/lib/store/verifications";
import { ok } from "@/lib/core/result";

/**
 * Asks for a sign-in mail. Whether the address has an account shows nowhere in the answer: the
 * same statements run, and only the letter differs (L8). Where none may be sent it is born dead.
 */
export const requestMagicLink = defineFlow({
  name: "magic_link.request",
  kind: "write",
  requires: "anyone",
  method: "magic_link",
  concerns: ({ email }) => email,
  limits: mailLimits("magic_link"),
  input: z.strictObject({ email, keep: checkbox, next }),

  async run(ctx, { email, keep, next }) {
    const secrets = { token: ctx.chance.token(), code: ctx.chance.code() };
    const { browser, askingDigest } = ctx.caller;
    return ctx.write(async (tx) => {
      const user = await findUserAlone(tx, email);
      if (user) ctx.about({ userId: user.id });
      const withheld = user || ctx.env.signUp === "open" ? null : "no_account";
      const verificationId = await issueVerification(tx, {
        ...secrets,
        purpose: "magic_link",
        identifier: email,
        codeKey: ctx.env.tokenKey[0],
        browserDigest: askingDigest,
        browser,
        fromMarkedDevice: ctx.markedDevice,
        keep,
        next,
        receipt: ctx.receipt,
        linkLifetime: ctx.env.lifetimes.magicLink,
        codeLifetime: ctx.env.lifetimes.emailCode,
        stillborn: ctx.overLimit || withheld !== null,
      });
      const kind = user ? "magic_link" : "sign_up_link";
      const askedAt = ctx.clock.now().toISOString();
      ctx.post({ kind, to: email, verificationId, browser, askedAt, ...secrets }, withheld);
      ctx.handOver({ asking: true });
      return ok({ email });
    });
  },
});
