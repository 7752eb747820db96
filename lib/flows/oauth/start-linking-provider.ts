import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { provider } from "@/lib/runtime/fields";
import { handshakeLimit } from "@/lib/runtime/limits";
import { listAuthProviders } from "@/lib/store/auth-providers";
import { beginHandshake } from "@/lib/store/oauth-attempts";
import { intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";

/**
 * Sets out to connect a provider: the intent is this session's alone, for one trip (A2). Refuses
 * `step_up_required`, `provider_connected` where one of that provider is there already,
 * `not_found`, `too_many_requests`.
 */
export const beginLink = defineFlow({
  name: "handshake.begin_link",
  kind: "write",
  requires: "session",
  recent: intervals.stepUp,
  method: ({ provider }) => provider,
  limits: [handshakeLimit("begin")],
  input: z.strictObject({ provider }),

  run(ctx, { provider }) {
    const { id: sessionId, userId } = ctx.caller.session;
    const token = ctx.chance.token();
    ctx.about({ userId, cause: provider });
    return ctx.write(async (tx) => {
      const there = await listAuthProviders(tx, userId);
      if (there.some((way) => way.provider === provider && !way.questioned))
        return refuse("provider_connected", { provider });
      await beginHandshake(tx, { provider, token, sessionId, keep: false, next: "" });
      ctx.handOver({ handshake: token });
      return ok({ provider });
    });
  },
});
