import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { provider } from "@/lib/runtime/fields";
import { oauthLimit } from "@/lib/runtime/limits";
import { readMethodsLock } from "@/lib/store/sign-in-reports";
import { selectAuthProviders } from "@/lib/store/auth-providers";
import { insertOAuthAttempt } from "@/lib/store/oauth-attempts";
import { intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";

/**
 * Starts an OAuth attempt to link a provider, for this session alone (A2). Refuses `step_up_required`,
 * `methods_locked`, `provider_already_linked` where an identity of that provider is linked, `not_found`,
 * `too_many_requests`, `provider_unavailable`, `provider_failed`.
 */
export const startLinkingProvider = defineFlow({
  name: "oauth.start_linking",
  kind: "write",
  requires: "session",
  maxAuthAge: intervals.stepUp,
  method: ({ provider }) => provider,
  limits: [oauthLimit("start")],
  audited: {
    subject: "caller",
    namesProvider: true,
    refusals: {
      methods_locked: [],
      provider_already_linked: [],
      provider_unavailable: "any",
      provider_failed: "any",
    },
  },
  input: z.strictObject({ provider }),

  run: async function startLinkingProvider(ctx, { provider }) {
    const { id: sessionId, userId } = ctx.caller.session;
    ctx.auditSubject({ userId, cause: provider });
    // `linkProvider` decides; nobody needs to sign in at the provider for nothing.
    const lock = await readMethodsLock(ctx.db, userId, ctx.caller.deviceDigest);
    if (lock.until) return refuse("methods_locked");
    const linked = await selectAuthProviders(ctx.db, userId);
    if (linked.some((one) => one.provider === provider && !one.needsConfirmation))
      return refuse("provider_already_linked", { provider });
    const authorization = await ctx.oauth.authorize(provider);
    if (!authorization.ok) return authorization;
    const token = ctx.random.token();
    return ctx.write(async (tx) => {
      await insertOAuthAttempt(tx, { provider, token, sessionId, remember: false, next: "" });
      ctx.setCookies({ oauthAttempt: token });
      return ok({ provider, url: authorization.value.url });
    });
  },
});
