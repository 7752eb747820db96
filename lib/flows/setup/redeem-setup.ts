import { z } from "zod";
import { ok, refuse } from "@/lib/core/result";
import { token } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { confirmationLimit } from "@/lib/runtime/limits";
import { isSetupTokenLive, redeemSetupToken } from "@/lib/store/setup";
import { deleteAllSessions } from "@/lib/store/user-administration";

/**
 * Makes the signed-in user the first admin, by the link that the server prints while there is none (T1). Ends
 * all sessions of the user, so that no token from before gets the role. Refuses `link_invalid`, and
 * `email_unverified` for a user who has not verified the address.
 */
export const redeemSetup = defineFlow({
  name: "setup.redeem",
  kind: "write",
  requires: "session",
  isOwnersOnly: true,
  limits: [confirmationLimit],
  audited: {
    subject: "caller",
    refusals: { link_invalid: ["unknown"], email_unverified: [] },
  },
  input: z.strictObject({ token }),

  run: function redeemSetup(ctx, { token }) {
    return ctx.write(async (tx) => {
      const { userId, email } = ctx.caller.session;
      ctx.auditSubject({ userId });
      if (!(await redeemSetupToken(tx, token, userId))) {
        const isLive = await isSetupTokenLive(tx, token);
        return isLive ? refuse("email_unverified") : refuse("link_invalid", { cause: "unknown" });
      }
      await deleteAllSessions(tx, userId);
      ctx.setCookies({ session: "ended" });
      const at = ctx.clock.now().toISOString();
      ctx.post({ kind: "role_changed", role: "admin", to: email, at });
      return ok({ email });
    });
  },
});
