import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { token } from "@/lib/runtime/fields";
import { pressLimit } from "@/lib/runtime/limits";
import { receive } from "./steps";
import { takeParked } from "@/lib/store/oauth-attempts";
import { refuse } from "@/lib/core/result";

/**
 * Somebody signed in came back from a provider as somebody else, was asked, and wants to be them: the
 * session that is here ends. Refuses `handshake_lost`, `provider_email_unverified`, `not_found`
 * where the provider is switched off, `too_many_requests`, and after the proof `sign_up_closed` and
 * `account_disabled`.
 */
export const switchAccount = defineFlow({
  name: "handshake.switch",
  kind: "write",
  requires: "anyone",
  limits: [pressLimit],
  input: z.strictObject({ parked: token }),

  run: (ctx, input) =>
    ctx.write(async (tx) => {
      const parked = await takeParked(tx, input.parked);
      // What a session set out to connect signs nobody in.
      if (!parked || parked.sessionId) return refuse("handshake_lost", { cause: "not_parked" });
      const { identity } = parked;
      if (!ctx.env.methods.includes(identity.provider)) return refuse("not_found");
      const arrived = await receive(ctx, tx, parked, identity, { switching: true });
      if (arrived.ok && arrived.value.outcome === "sign_in") ctx.handOver({ parked: "ended" });
      return arrived;
    }),
});
