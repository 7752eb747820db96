import { z } from "zod";
import { defineFlow } from "@/lib/flow";
import { token } from "@/lib/flows/fields";
import { findParked } from "@/lib/identity/handshakes";
import { ok, refuse } from "@/lib/result";

/**
 * Whom a trip to a provider brought back, while that waits to be gone on with (O4); only for the
 * browser that made it. Refuses `handshake_lost`.
 */
export const previewHandshake = defineFlow({
  name: "handshake.preview",
  kind: "read",
  requires: "anyone",
  limits: [],
  input: z.strictObject({ handshake: token }),

  async run(ctx, { handshake }) {
    const parked = await findParked(ctx.db, handshake);
    if (!parked) return refuse("handshake_lost", { cause: "not_parked" });
    const { provider, email } = parked.identity;
    const { session } = ctx.caller;
    const isForSession = parked.sessionId
      ? parked.sessionId === session?.id
      : email !== null && email === session?.email;
    return ok({
      provider,
      address: email,
      signedInAs: session?.email ?? null,
      /** Whether whoever is signed in here may connect it. */
      isForSession,
    });
  },
});
