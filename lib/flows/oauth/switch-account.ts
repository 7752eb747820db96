import { z } from "zod";
import { disabledMethod } from "@/lib/runtime/disabled-method";
import { defineFlow } from "@/lib/runtime/flow";
import { token } from "@/lib/runtime/fields";
import { confirmationLimit } from "@/lib/runtime/limits";
import { completeProviderSignIn, repeatSwitch, switchRefusals, switchCauses } from "./steps";
import { lockPendingIdentity } from "@/lib/store/oauth-attempts";
import { refuse } from "@/lib/core/result";

/**
 * Ends the current session and signs in with the pending identity of another user, after they were asked.
 * The same browser gets the same session again within `intervals.repeat`, because it may not have received
 * the first response.
 * Refuses `oauth_state_invalid`, `provider_email_unverified`, `not_found` where the provider is disabled,
 * `too_many_requests`, and after the verification `sign_up_closed` and `account_disabled`.
 */
export const switchAccount = defineFlow({
  name: "oauth.switch_account",
  kind: "write",
  requires: "anyone",
  signsInBy: () => null,
  limits: [confirmationLimit],
  audited: {
    subject: "owner",
    namesProvider: true,
    ok: switchCauses,
    refusals: {
      ...switchRefusals,
      not_found: [],
      oauth_state_invalid: [...switchRefusals.oauth_state_invalid, "no_pending_identity"],
    },
  },
  input: z.strictObject({ pendingIdentity: token }),

  run: function switchAccount(ctx, input) {
    return ctx.write(async (tx) => {
      const pendingIdentity = await lockPendingIdentity(tx, input.pendingIdentity);
      const repeated = pendingIdentity ? null : await repeatSwitch(ctx, tx, input.pendingIdentity);
      if (repeated) {
        ctx.setCookies({ pendingIdentity: "ended" });
        return repeated;
      }
      // An identity that a session started to link signs no user in.
      if (!pendingIdentity || pendingIdentity.sessionId)
        return refuse("oauth_state_invalid", { cause: "no_pending_identity" });
      const { identity } = pendingIdentity;
      const disabled = disabledMethod(ctx.env, identity.provider);
      if (disabled) return { ok: false, refusal: disabled };
      const attempt = { ...pendingIdentity, token: input.pendingIdentity };
      const completed = await completeProviderSignIn(ctx, tx, attempt, identity, {
        switching: true,
      });
      if (completed.ok && completed.value.outcome === "sign_in")
        ctx.setCookies({ pendingIdentity: "ended" });
      return completed;
    });
  },
});
