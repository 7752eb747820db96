import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { provider, token } from "@/lib/runtime/fields";
import { handshakeLimit } from "@/lib/runtime/limits";
import { receive } from "./steps";
import { isUnderWay, takeReturn } from "@/lib/store/oauth-attempts";
import { readIdentity } from "@/lib/core/oauth-identity";
import { intervals } from "@/lib/core/policy";
import type { RefusalCode } from "@/lib/core/errors";
import { refuse } from "@/lib/core/result";

/** What came back with the browser: the claims of a verified answer, or why there are none. */
export type Returned =
  | { readonly claims: Readonly<Record<string, unknown>> }
  | {
      readonly failure: Extract<
        RefusalCode,
        "provider_cancelled" | "handshake_lost" | "provider_unavailable" | "provider_failed"
      >;
      readonly cause: string;
    };

/** Sees to the protocol, and so asks the provider. */
type Exchange = () => Promise<Returned>;

/**
 * A browser is back from a provider, and whoever it brings is signed in or asked; nothing is connected
 * here (see `decide`). The provider is asked only for a trip that is under way, and within the limit, so
 * that nobody has us ask it at will. Each trip ends once, however it ends. Refuses the failure,
 * `too_many_requests`, `handshake_lost`, `connect_interrupted`, `identity_taken`, `not_found` for a
 * provider that is switched off, `provider_email_unverified`, and after the proof `sign_up_closed` and
 * `account_disabled`.
 */
export const completeHandshake = defineFlow({
  name: "handshake.complete",
  kind: "write",
  requires: "anyone",
  method: ({ provider }) => provider,
  limits: [handshakeLimit("return")],
  input: z.strictObject({
    provider,
    handshake: token,
    exchange: z.custom<Exchange>((given) => typeof given === "function"),
  }),

  async run(ctx, { provider, handshake, exchange }) {
    const isBegun = await isUnderWay(ctx.db, provider, handshake);
    const returned = isBegun ? await exchange() : null;
    return ctx.write(async (tx) => {
      const begun = returned && (await takeReturn(tx, provider, handshake));
      if (!begun) return refuse("handshake_lost", { provider, cause: "unknown" });
      ctx.handOver({ handshake: "ended" });
      const { next } = begun;
      if ("failure" in returned) {
        const { failure, cause } = returned;
        const retryAfter = failure === "provider_unavailable" ? intervals.providerAway : undefined;
        return refuse(failure, { provider, cause, retryAfter, next });
      }
      const identity = readIdentity(provider, returned.claims);
      if (!identity) return refuse("provider_failed", { provider, cause: "claims", next });
      const arrived = await receive(ctx, tx, begun, identity);
      return arrived.ok ? arrived : refuse(arrived.refusal.code, { ...arrived.refusal, next });
    });
  },
});
