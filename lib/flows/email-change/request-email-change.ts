import { z } from "zod";
import { mailSecret } from "@/lib/flows/shared/mail-secret";
import { defineFlow } from "@/lib/runtime/flow";
import { email } from "@/lib/runtime/fields";
import { mailLimits } from "@/lib/runtime/limits";
import { readMethodsLock } from "@/lib/store/sign-in-reports";
import { lockAddress } from "@/lib/store/users";
import { endPendingEmailChanges, lockPendingEmailChanges } from "@/lib/store/staff-email-changes";
import { intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";

/**
 * Sends a code to the address that the user wants to have, after step-up. It works for this session and in
 * this browser alone, and voids an earlier one, also one that staff have started. An address that has a user,
 * or is reserved for one, gets the same response; its owner is told instead. Refuses `methods_locked`,
 * `email_unchanged`, and `email_reserved` for an address that was the user's own until a change that can be
 * undone.
 */
export const requestEmailChange = defineFlow({
  name: "email_change.request",
  kind: "write",
  requires: "session",
  maxAuthAge: intervals.stepUp,
  identifierOf: ({ email }) => email,
  limits: mailLimits("email_change"),
  audited: {
    subject: "caller",
    refusals: { methods_locked: [], email_unchanged: [], email_reserved: [] },
  },
  input: z.strictObject({ email }),

  run: async function requestEmailChange(ctx, { email }) {
    const { id: sessionId, userId } = ctx.caller.session;
    ctx.auditSubject({ userId });
    // `verifyEmailChange` decides; nobody needs a code for nothing.
    const lock = await readMethodsLock(ctx.db, userId, ctx.caller.deviceDigest);
    if (lock.until) return refuse("methods_locked");
    return ctx.write(async (tx) => {
      const { userId: owner, reservedBy } = await lockAddress(tx, email);
      const ownRefusal =
        owner === userId ? "email_unchanged" : reservedBy === userId ? "email_reserved" : null;
      if (ownRefusal) {
        ctx.refundMailLimits();
        return refuse(ownRefusal, { field: "email" });
      }
      await lockPendingEmailChanges(tx, userId);
      await endPendingEmailChanges(tx, userId);
      await mailSecret(ctx, tx, {
        purpose: "email_change",
        to: email,
        sessionId,
        userId,
        lifetime: ctx.env.lifetimes.emailCode,
        withheld: !owner && reservedBy ? "reserved" : null,
        isDecoy: owner !== null,
        letter: ({ token: _, code, ...request }) =>
          owner
            ? { kind: "email_taken", ...request }
            : { kind: "email_change_code", code, ...request },
      });
      return ok({ email });
    });
  },
});
