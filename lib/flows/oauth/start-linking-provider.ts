import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { provider } from "@/lib/runtime/fields";
import { oauthLimit } from "@/lib/runtime/limits";
import { listAuthProviders } from "@/lib/store/auth-providers";
import { insertOAuthAttempt } from "@/lib/store/oauth-attempts";
import { intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";

/**
 * Sets out to connect a provider: the intent is this session's alone, for one trip (A2). Refuses
 * `step_up_required`, `provider_connected` where one of that provider is there already,
 * `not_found`, `too_many_requests`.
 */
export const startLinkingProvider = defineFlow({
  name: "oauth.start_linking",
  kind: "write",
  requires: "session",
  maxAuthAge: intervals.stepUp,
  method: ({ provider }) => provider,
  limits: [oauthLimit("begin")],
  input: z.strictObject({ provider }),

  run(ctx, { provider }) {
    const { id: sessionId, userId } = ctx.caller.session;
    const token = ctx.random.token();
    ctx.auditSubject({ userId, cause: provider });
    return ctx.write(async (tx) => {
      const there = await listAuthProviders(tx, userId);
      if (
        there.some(
          (linkedMethod) => linkedMethod.provider === provider && !linkedMethod.needsConfirmation,
        )
      )
        return refuse("provider_already_linked", { provider });
      await insertOAuthAttempt(tx, { provider, token, sessionId, remember: false, next: "" });
      ctx.setCookies({ oauthAttempt: token });
      return ok({ provider });
    });
  },
});
