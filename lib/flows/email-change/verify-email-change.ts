import { z } from "zod";
import { refuseCode, codeRefusals } from "@/lib/flows/shared/code-refusal";
import { repeatedCause } from "@/lib/flows/shared/complete-sign-in";
import { mailSecret } from "@/lib/flows/shared/mail-secret";
import { noticeTo } from "@/lib/flows/shared/notice";
import { defineFlow } from "@/lib/runtime/flow";
import { code, email } from "@/lib/runtime/fields";
import { attemptsAt, codeLimits } from "@/lib/runtime/limits";
import { changeEmail, lockForEmailChange } from "@/lib/store/email-changes";
import { consumeCode } from "@/lib/store/verifications";
import { masked } from "@/lib/core/identifier";
import { ok, refuse } from "@/lib/core/result";

/**
 * Changes the user's address by the code that was sent to the new one, in the session and browser that
 * requested it. The old address gets a link that undoes the change. Other sessions go on. Refuses
 * `methods_locked`, `code_invalid`, `too_many_attempts`, and after the verification `email_in_use` when the
 * address has a user by now.
 */
export const verifyEmailChange = defineFlow({
  name: "email_change.verify",
  kind: "write",
  requires: "session",
  isOwnersOnly: true,
  identifierOf: ({ email }) => email,
  limits: codeLimits("email_change"),
  audited: {
    subject: "caller",
    ok: [repeatedCause],
    refusals: { ...codeRefusals, sign_in_required: [], methods_locked: [], email_in_use: [] },
  },
  input: z.strictObject({ email, code }),

  run: function verifyEmailChange(ctx, { email, code }) {
    const { session, requestingBrowserDigest } = ctx.caller;
    ctx.auditSubject({ userId: session.userId });
    return ctx.write(async (tx) => {
      const account = await lockForEmailChange(tx, session, email);
      if (account === "signed_out") return refuse("sign_in_required");
      if (account === "locked") return refuse("methods_locked");
      const outcome = await consumeCode(tx, {
        purpose: "email_change",
        requestingBrowserDigest,
        sessionId: session.id,
        identifier: email,
        code,
        keys: ctx.env.tokenKey,
      });
      const { consumed } = outcome;
      if (!consumed) return refuseCode("email_change", outcome.cause);
      if (consumed.repeated) {
        ctx.auditSubject({ cause: repeatedCause });
        return ok({ email });
      }
      ctx.refund(consumed.limitHits);
      ctx.forgetAttempts(attemptsAt(email, "email_change", ctx.caller));
      if (account === "changed" || !(await changeEmail(tx, account, email)))
        return refuse("email_in_use");
      const { identifier: oldEmail, verified } = account;
      const notice = { ...noticeTo(ctx, oldEmail), newAddress: masked(email) };
      if (!verified)
        ctx.post({ kind: "email_changed", ...notice, token: null, verificationId: null });
      else
        await mailSecret(ctx, tx, {
          purpose: "email_undo",
          to: oldEmail,
          userId: account.id,
          hasCode: false,
          lifetime: ctx.env.lifetimes.emailUndo,
          withheld: null,
          letter: ({ token, verificationId }) => ({
            kind: "email_changed",
            ...notice,
            ...{ token, verificationId },
          }),
        });
      return ok({ email });
    });
  },
});
