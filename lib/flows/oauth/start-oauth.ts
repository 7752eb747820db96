import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { checkbox, next, provider } from "@/lib/runtime/fields";
import { oauthLimit } from "@/lib/runtime/limits";
import { insertOAuthAttempt } from "@/lib/store/oauth-attempts";
import { ok, refuse } from "@/lib/core/result";

/**
 * Starts an OAuth attempt to sign in, which this browser alone can complete, once, within
 * `lifetimes.oauthAttempt` (O1). Refuses `not_found` for a provider without keys, `too_many_requests`,
 * `provider_unavailable`, `provider_failed`.
 */
export const startOAuth = defineFlow({
  name: "oauth.start",
  kind: "write",
  requires: "anyone",
  method: ({ provider }) => provider,
  limits: [oauthLimit("start")],
  audited: {
    subject: "nobody",
    namesProvider: true,
    refusals: { provider_unavailable: "any", provider_failed: "any" },
  },
  input: z.strictObject({ provider, remember: checkbox, next }),

  run: async function startOAuth(ctx, { provider, remember, next }) {
    ctx.auditSubject({ cause: provider });
    const authorization = await ctx.oauth.authorize(provider);
    if (!authorization.ok)
      return refuse(authorization.refusal.code, { ...authorization.refusal, next });
    const token = ctx.random.token();
    return ctx.write(async (tx) => {
      await insertOAuthAttempt(tx, { provider, token, sessionId: null, remember, next });
      ctx.setCookies({ oauthAttempt: token });
      return ok({ provider, url: authorization.value.url });
    });
  },
});
