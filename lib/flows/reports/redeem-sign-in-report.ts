import { z } from "zod";
import { ok, refuse } from "@/lib/core/result";
import { repeatedCause } from "@/lib/flows/shared/complete-sign-in";
import { optionalEmail, token } from "@/lib/runtime/fields";
import { linkRefusals } from "@/lib/flows/shared/link";
import { defineFlow } from "@/lib/runtime/flow";
import { confirmationLimit } from "@/lib/runtime/limits";
import { consumeReport, previewReport } from "@/lib/store/sign-in-reports";

/**
 * "This wasn't me": ends the session that an email was about, and all others of its device, and locks the
 * account's sign-in methods for `lifetimes.methodsLock` (decision 51). Needs no session and starts none. The
 * whole address has to be typed, in every browser; without it nothing is consumed (L5). Its browser may
 * repeat it for a minute, which changes nothing more. Refuses `link_invalid` with the cause in the audit log,
 * and `email_mismatch`.
 */
export const redeemSignInReport = defineFlow({
  name: "sign_in_report.redeem",
  kind: "write",
  requires: "anyone",
  limits: [confirmationLimit],
  audited: {
    subject: "owner",
    ok: [repeatedCause],
    refusals: { ...linkRefusals },
  },
  input: z.strictObject({ token, email: optionalEmail }),

  run: function redeemSignInReport(ctx, { token, email }) {
    return ctx.write(async (tx) => {
      const { requestingBrowserDigest } = ctx.caller;
      const report = await previewReport(tx, token, requestingBrowserDigest);
      if (!report) return refuse("link_invalid", { cause: "unknown" });
      const { userId, identifier, state, isRepeatable } = report;
      ctx.auditSubject({ userId, identifier });
      if (state !== "live" && !isRepeatable) return refuse("link_invalid", { cause: state });
      if (email !== identifier) return refuse("email_mismatch", { field: "email" });
      if (isRepeatable) {
        ctx.auditSubject({ cause: repeatedCause });
        return ok({});
      }
      // Another browser was faster.
      if (!(await consumeReport(tx, token, email, requestingBrowserDigest)))
        return refuse("link_invalid", { cause: "used" });
      return ok({});
    });
  },
});
