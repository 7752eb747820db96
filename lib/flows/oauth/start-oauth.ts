import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { checkbox, next, provider } from "@/lib/runtime/fields";
import { handshakeLimit } from "@/lib/runtime/limits";
import { beginHandshake as begin } from "@/lib/store/oauth-attempts";
import { ok } from "@/lib/core/result";

/**
 * Sets out to sign in with a provider: this browser alone may come back from there, once, within ten
 * minutes (O1). Refuses `not_found` for a provider without keys, `too_many_requests`.
 */
export const beginHandshake = defineFlow({
  name: "handshake.begin",
  kind: "write",
  requires: "anyone",
  method: ({ provider }) => provider,
  limits: [handshakeLimit("begin")],
  input: z.strictObject({ provider, keep: checkbox, next }),

  run(ctx, { provider, keep, next }) {
    const token = ctx.chance.token();
    ctx.about({ cause: provider });
    return ctx.write(async (tx) => {
      await begin(tx, { provider, token, sessionId: null, keep, next });
      ctx.handOver({ handshake: token });
      return ok({ provider });
    });
  },
});
