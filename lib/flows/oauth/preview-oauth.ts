import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { token } from "@/lib/runtime/fields";
import { findOwner } from "@/lib/store/auth-providers";
import { findParked } from "@/lib/store/oauth-attempts";
import { ok, refuse } from "@/lib/core/result";

/**
 * Whom a trip to a provider brought back, while that waits to be gone on with (O4); only for the
 * browser that made it. Refuses `handshake_lost`.
 */
export const previewHandshake = defineFlow({
  name: "handshake.preview",
  kind: "read",
  requires: "anyone",
  limits: [],
  input: z.strictObject({ parked: token }),

  async run(ctx, input) {
    const parked = await findParked(ctx.db, input.parked);
    if (!parked) return refuse("handshake_lost", { cause: "not_parked" });
    const { provider, email: address } = parked.identity;
    const { session } = ctx.caller;
    const owner = await findOwner(ctx.db, parked.identity);
    const isForUser = owner
      ? owner.userId === session?.userId
      : address !== null && address === session?.email;
    return ok({
      provider,
      address,
      signedInAs: session?.email ?? null,
      /** Whether whoever is signed in here may connect it. */
      isForSession: parked.sessionId ? parked.sessionId === session?.id : isForUser,
      /** Begun in an account, to connect it there; it signs nobody in. */
      isLink: parked.sessionId !== null,
      /** Whether it opens an account already, or did until its owner was asked whether it may. */
      hasOwner: owner !== null,
    });
  },
});
