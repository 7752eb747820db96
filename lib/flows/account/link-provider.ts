import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { token } from "@/lib/runtime/fields";
import { linkIdentity, lockIdentity } from "@/lib/store/auth-providers";
import { consumePendingIdentity, lockPendingIdentity } from "@/lib/store/oauth-attempts";
import { noticeTo } from "@/lib/core/letters";
import { intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";

/**
 * Connects the identity that this browser brought back from a provider, after its address was shown:
 * the only way in which one ever is (O4, A2, A3). The owner is told. Refuses `sign_in_required`,
 * `step_up_required`, `oauth_state_invalid` when nothing waits, another session set out for it, or
 * nobody did and it is of another address, `identity_already_in_use`, `provider_connected`, `not_found`
 * where the provider is switched off.
 */
export const linkProvider = defineFlow({
  name: "auth_provider.link",
  kind: "write",
  requires: "session",
  maxAuthAge: intervals.stepUp,
  limits: [],
  input: z.strictObject({ pendingIdentity: token }),

  run: (ctx, input) =>
    ctx.write(async (tx) => {
      const { session } = ctx.caller;
      const { id: sessionId, userId } = session;
      ctx.auditSubject({ userId });
      const pendingIdentity = await lockPendingIdentity(tx, input.pendingIdentity);
      if (
        !pendingIdentity ||
        (pendingIdentity.sessionId !== null && pendingIdentity.sessionId !== sessionId)
      )
        return refuse("oauth_state_invalid", {
          cause: pendingIdentity ? "other_session" : "no_pending_identity",
        });
      const { identity } = pendingIdentity;
      const { provider, email: address } = identity;
      ctx.auditSubject({ cause: provider });
      if (!ctx.env.methods.includes(provider)) return refuse("not_found");
      await lockIdentity(tx, identity);
      const explicit = pendingIdentity.sessionId !== null;
      const outcome = await linkIdentity(tx, session, identity, { explicit });
      if (outcome === "other_account")
        return refuse("oauth_state_invalid", { provider, cause: outcome });
      if (outcome === "signed_out") return refuse("sign_in_required");
      if (outcome === "taken") return refuse("identity_already_in_use", { provider });
      if (outcome === "occupied") return refuse("provider_already_linked", { provider });
      await consumePendingIdentity(tx, pendingIdentity.id);
      ctx.setCookies({ pendingIdentity: "ended" });
      ctx.post({ kind: "provider_connected", provider, address, ...noticeTo(ctx, session.email) });
      return ok({ provider, next: pendingIdentity.next });
    }),
});
