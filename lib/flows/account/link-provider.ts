import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { token } from "@/lib/runtime/fields";
import { connectIdentity, takeIdentity } from "@/lib/store/auth-providers";
import { consumeParked, takeParked } from "@/lib/store/oauth-attempts";
import { noticeTo } from "@/lib/core/letters";
import { intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";

/**
 * Connects the identity that this browser brought back from a provider, after its address was shown:
 * the only way in which one ever is (O4, A2, A3). The owner is told. Refuses `sign_in_required`,
 * `step_up_required`, `handshake_lost` when nothing waits, another session set out for it, or
 * nobody did and it is of another address, `identity_taken`, `provider_connected`, `not_found`
 * where the provider is switched off.
 */
export const connectProvider = defineFlow({
  name: "auth_provider.connect",
  kind: "write",
  requires: "session",
  recent: intervals.stepUp,
  limits: [],
  input: z.strictObject({ parked: token }),

  run: (ctx, input) =>
    ctx.write(async (tx) => {
      const { session } = ctx.caller;
      const { id: sessionId, userId } = session;
      ctx.about({ userId });
      const parked = await takeParked(tx, input.parked);
      if (!parked || (parked.sessionId !== null && parked.sessionId !== sessionId))
        return refuse("handshake_lost", { cause: parked ? "other_session" : "not_parked" });
      const { identity } = parked;
      const { provider, email: address } = identity;
      ctx.about({ cause: provider });
      if (!ctx.env.methods.includes(provider)) return refuse("not_found");
      await takeIdentity(tx, identity);
      const byIntent = parked.sessionId !== null;
      const outcome = await connectIdentity(tx, session, identity, { byIntent });
      if (outcome === "other_account")
        return refuse("handshake_lost", { provider, cause: outcome });
      if (outcome === "signed_out") return refuse("sign_in_required");
      if (outcome === "taken") return refuse("identity_taken", { provider });
      if (outcome === "occupied") return refuse("provider_connected", { provider });
      await consumeParked(tx, parked.id);
      ctx.handOver({ parked: "ended" });
      ctx.post({ kind: "provider_connected", provider, address, ...noticeTo(ctx, session.email) });
      return ok({ provider, next: parked.next });
    }),
});
