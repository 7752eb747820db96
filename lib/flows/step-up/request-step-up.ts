import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { next } from "@/lib/runtime/fields";
import { issueVerification } from "@/lib/store/verifications";
import { ok } from "@/lib/core/result";

/**
 * Mails a link and a code by which to prove that it is still you; they work for this session and in
 * this browser alone. `next` is where the link leads then, and so what the proof is for. Refuses `resend_too_soon`, `too_many_requests`.
 */
export const requestStepUp = defineFlow({
  name: "step_up.request",
  kind: "write",
  requires: "session",
  limits: [
    {
      limit: "resends",
      effect: "reject",
      refusal: "resend_too_soon",
      refundable: true,
      key: (_, { session }) => `step_up ${session?.id}`,
    },
    {
      limit: "emailRequestsPerIp",
      effect: "reject",
      refundable: true,
      key: (_, { network }) => network,
    },
  ],
  input: z.strictObject({ next }),

  async run(ctx, { next }) {
    const secrets = { token: ctx.random.token(), code: ctx.random.code() };
    const { browser, requestingBrowserDigest, session } = ctx.caller;
    const { userId, email } = session;
    ctx.auditSubject({ userId });
    return ctx.write(async (tx) => {
      const verificationId = await issueVerification(tx, {
        ...secrets,
        purpose: "step_up",
        identifier: email,
        sessionId: session.id,
        codeKey: ctx.env.tokenKey[0],
        requestingBrowserDigest,
        browser,
        fromKnownDevice: true,
        remember: false,
        next,
        receipt: ctx.receipt,
        linkLifetime: ctx.env.lifetimes.emailCode,
        codeLifetime: ctx.env.lifetimes.emailCode,
        isDecoy: false,
      });
      const askedAt = ctx.clock.now().toISOString();
      ctx.post({ kind: "step_up", to: email, verificationId, browser, askedAt, ...secrets });
      ctx.setCookies({ mailRequest: true });
      return ok({ email });
    });
  },
});
