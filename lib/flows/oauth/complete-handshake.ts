import { z } from "zod";
import { defineFlow } from "@/lib/flow";
import { provider, token } from "@/lib/flows/fields";
import { handshakeLimit } from "@/lib/flows/limit-uses";
import { receive } from "@/lib/identity/arrivals";
import { takeReturn } from "@/lib/identity/handshakes";
import { readIdentity } from "@/lib/identity/provider-identity";
import { intervals } from "@/lib/policy";
import { refuse } from "@/lib/result";

/** What came back with the browser: the claims of a verified answer, or why there are none. */
const returned = z.union([
  z.strictObject({ claims: z.record(z.string(), z.unknown()) }),
  z.strictObject({
    failure: z.enum([
      "provider_cancelled",
      "handshake_lost",
      "provider_unavailable",
      "provider_failed",
    ]),
    cause: z.string().max(100),
  }),
]);

/**
 * A browser is back from a provider, and `lib/auth-handshake` has seen to the protocol. Whoever it brings is
 * signed in or asked; nothing is connected here (see `decide`). Each trip ends once, however it ends.
 * Refuses the failure, `handshake_lost`, `connect_interrupted`, `identity_taken`,
 * `provider_email_unverified`, and after the proof `sign_up_closed` and `account_disabled`.
 */
export const completeHandshake = defineFlow({
  name: "handshake.complete",
  kind: "write",
  requires: "anyone",
  method: ({ provider }) => provider,
  limits: [handshakeLimit("return")],
  input: z.strictObject({ provider, handshake: token, returned }),

  run: (ctx, { provider, handshake, returned }) =>
    ctx.write(async (tx) => {
      const begun = await takeReturn(tx, provider, handshake);
      // A page that is loaded again ends no trip, and what waits for an answer stays.
      if (begun) ctx.handOver({ handshake: "ended" });
      if ("failure" in returned) {
        const { failure, cause } = returned;
        const retryAfter = failure === "provider_unavailable" ? intervals.providerAway : undefined;
        return refuse(failure, { provider, cause, retryAfter });
      }
      if (!begun) return refuse("handshake_lost", { provider, cause: "unknown" });
      const identity = readIdentity(provider, returned.claims);
      if (!identity) return refuse("provider_failed", { provider, cause: "claims" });
      return receive(ctx, tx, begun, identity);
    }),
});
