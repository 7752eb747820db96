import { z } from "zod";
import { digest } from "@/lib/core/crypto";
import { masked } from "@/lib/core/identifier";
import { ok, refuse } from "@/lib/core/result";
import { codeRefusals, refuseCode } from "@/lib/flows/shared/code-refusal";
import { repeatedCause } from "@/lib/flows/shared/complete-sign-in";
import { linkAccess, linkRefusals } from "@/lib/flows/shared/link";
import { code, optionalEmail, token } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { confirmationLimit } from "@/lib/runtime/limits";
import { lockRequestedEmailChange, scheduleEmailChange } from "@/lib/store/staff-email-changes";
import { consumeCode, insertUnrequestedVerification, previewLink } from "@/lib/store/verifications";

/**
 * Schedules a change that staff have started, by the code from the new address and the whole address that the
 * account has now: a letter that staff have sent to a wrong address is of no use to its reader (T2). The old
 * address gets a link that stops it for `lifetimes.emailChangeNotice`. Signs nobody in. The same page may
 * repeat it for a minute. Refuses `email_incorrect` without counting an attempt, `code_invalid`,
 * `too_many_attempts`, `link_invalid` with the cause in the audit log, as an access link does, and after the
 * verification `email_in_use`.
 */
export const confirmStaffEmailChange = defineFlow({
  name: "staff_email_change.confirm",
  kind: "write",
  requires: "anyone",
  limits: [confirmationLimit],
  audited: {
    subject: "owner",
    ok: [repeatedCause],
    refusals: {
      ...codeRefusals,
      link_invalid: [...linkRefusals.link_invalid, "not_from_staff", "not_eligible"],
      email_incorrect: [],
      email_in_use: [],
    },
  },
  input: z.strictObject({ token, email: optionalEmail, code }),

  run: function confirmStaffEmailChange(ctx, { token, email, code }) {
    const { caller, env, random, clock } = ctx;
    return ctx.write(async (tx) => {
      const change = await lockRequestedEmailChange(tx, token);
      if (!change) return refuse("link_invalid", { cause: "unknown" });
      const { userId, staffId, oldEmail, newEmail, isFromStaff, mayBeChanged } = change;
      ctx.auditSubject({ userId, staffId, identifier: newEmail });
      if (!isFromStaff) return refuse("link_invalid", { cause: "not_from_staff" });
      if (!mayBeChanged) return refuse("link_invalid", { cause: "not_eligible" });
      if (email !== oldEmail) return refuse("email_incorrect", { field: "email" });
      const outcome = await consumeCode(tx, {
        purpose: "staff_email_change",
        requestingBrowserDigest: digest("requesting_browser", token),
        identifier: newEmail,
        code,
        keys: env.tokenKey,
      });
      if (!outcome.consumed) {
        const link = await previewLink(tx, "staff_email_change", token, linkAccess(ctx));
        return link?.state === "live"
          ? refuseCode("staff_email_change", outcome.cause)
          : refuse("link_invalid", { cause: link?.state ?? "unknown" });
      }
      if (outcome.consumed.repeated) {
        ctx.auditSubject({ cause: repeatedCause });
        return ok({});
      }
      if (change.isTaken) return refuse("email_in_use");
      await scheduleEmailChange(tx, change);
      const stop = random.token();
      const verificationId = await insertUnrequestedVerification(tx, {
        purpose: "email_change_stop",
        identifier: oldEmail,
        token: stop,
        codeKey: env.tokenKey[0],
        cookie: random.token(),
        browser: caller.browser,
        lifetime: env.lifetimes.emailChangeNotice,
        userId,
      });
      ctx.post({
        kind: "staff_email_scheduled",
        to: oldEmail,
        at: clock.now().toISOString(),
        newAddress: masked(newEmail),
        token: stop,
        verificationId,
      });
      return ok({});
    });
  },
});
