import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { checkbox, email, next } from "@/lib/runtime/fields";
import { mailLimits } from "@/lib/runtime/limits";
import { lockAddressAndFindUser } from "@/lib/store/users";
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
  identifierOf: ({ email }) => email,
  limits: mailLimits("magic_link"),
  input: z.strictObject({ email, remember: checkbox, next }),

  async run(ctx, { email, remember, next }) {
    const secrets = { token: ctx.random.token(), code: ctx.random.code() };
    const { browser, requestingBrowserDigest } = ctx.caller;
    return ctx.write(async (tx) => {
      const user = await lockAddressAndFindUser(tx, email);
      if (user) ctx.auditSubject({ userId: user.id });
      const withheld = user || ctx.env.signUp === "open" ? null : "no_account";
      const verificationId = await issueVerification(tx, {
        ...secrets,
        purpose: "magic_link",
        identifier: email,
        codeKey: ctx.env.tokenKey[0],
        requestingBrowserDigest,
        browser,
        fromKnownDevice: ctx.knownDevice,
        remember,
        next,
        receipt: ctx.receipt,
        linkLifetime: ctx.env.lifetimes.magicLink,
        codeLifetime: ctx.env.lifetimes.emailCode,
        isDecoy: ctx.suppressed || withheld !== null,
      });
      const kind = user ? "magic_link" : "sign_up_link";
      const askedAt = ctx.clock.now().toISOString();
      ctx.post({ kind, to: email, verificationId, browser, askedAt, ...secrets }, withheld);
      ctx.setCookies({ mailRequest: true });
      return ok({ email });
    });
  },
});
