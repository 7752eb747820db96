import { z } from "zod";
import { disabledMethod } from "@/lib/runtime/disabled-method";
import { defineFlow } from "@/lib/runtime/flow";
import { token } from "@/lib/runtime/fields";
import { linkIdentity, lockIdentity } from "@/lib/store/auth-providers";
import { consumePendingIdentity, lockPendingIdentity } from "@/lib/store/oauth-attempts";
import { noticeTo } from "@/lib/flows/shared/notice";
import { intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";

/**
 * Links the pending identity of this browser to the signed-in user, who has seen its address: the only way an
 * identity is ever linked (O4, A2, A3). The owner is told. Refuses `sign_in_required`, `step_up_required`,
 * `methods_locked`, `oauth_state_invalid` when nothing is pending, or it belongs to another session, or the
 * user did not ask for it and its address is another, `identity_already_in_use`, `provider_already_linked`,
 * `not_found` where the provider is disabled.
 */
export const linkProvider = defineFlow({
  name: "auth_provider.link",
  kind: "write",
  requires: "session",
  maxAuthAge: intervals.stepUp,
  limits: [],
  audited: {
    subject: "caller",
    namesProvider: true,
    refusals: {
      oauth_state_invalid: ["no_pending_identity", "other_session", "other_account"],
      not_found: [],
      sign_in_required: [],
      methods_locked: [],
      identity_already_in_use: [],
      provider_already_linked: [],
    },
  },
  input: z.strictObject({ pendingIdentity: token }),

  run: function linkProvider(ctx, input) {
    return ctx.write(async (tx) => {
      const { session } = ctx.caller;
      const { id: sessionId, userId } = session;
      ctx.auditSubject({ userId });
      const pending = await lockPendingIdentity(tx, input.pendingIdentity);
      if (!pending) return refuse("oauth_state_invalid", { cause: "no_pending_identity" });
      const userAskedToLink = pending.sessionId !== null;
      if (userAskedToLink && pending.sessionId !== sessionId)
        return refuse("oauth_state_invalid", { cause: "other_session" });
      const { identity } = pending;
      const { provider, email: address } = identity;
      ctx.auditSubject({ cause: provider });
      const disabled = disabledMethod(ctx.env, provider);
      if (disabled) return { ok: false, refusal: disabled };
      await lockIdentity(tx, identity);
      const outcome = await linkIdentity(tx, session, identity, { userAskedToLink });
      if (outcome === "other_account")
        return refuse("oauth_state_invalid", { provider, cause: outcome });
      if (outcome === "signed_out") return refuse("sign_in_required");
      if (outcome === "locked") return refuse("methods_locked");
      if (outcome === "taken") return refuse("identity_already_in_use", { provider });
      if (outcome === "occupied") return refuse("provider_already_linked", { provider });
      await consumePendingIdentity(tx, pending.id);
      ctx.setCookies({ pendingIdentity: "ended" });
      ctx.post({ kind: "provider_connected", provider, address, ...noticeTo(ctx, session.email) });
      return ok({ provider, next: pending.next });
    });
  },
});
