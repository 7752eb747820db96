import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { provider, token } from "@/lib/runtime/fields";
import { oauthLimit } from "@/lib/runtime/limits";
import { oauthMethod } from "@/lib/methods";
import { completeProviderSignIn } from "./steps";
import { isOAuthAttemptOpen, consumeOAuthAttempt } from "@/lib/store/oauth-attempts";
import { readIdentity } from "@/lib/core/oauth-identity";
import { intervals } from "@/lib/core/policy";
import { refuse } from "@/lib/core/result";

/**
 * Completes an OAuth attempt: signs the user in, or asks what to do. Nothing is linked here (see
 * `decide`). The provider is asked only for an open attempt and within the limit, so that an attacker
 * cannot make us send it requests. An attempt ends once, however it ends. Refuses the protocol's
 * failure, `too_many_requests`, `oauth_state_invalid`, `session_changed`, `identity_already_in_use`,
 * `not_found` for a disabled provider, `provider_email_unverified`, and after the verification
 * `sign_up_closed` and `account_disabled`.
 */
export const completeOAuth = defineFlow({
  name: "oauth.complete",
  kind: "write",
  requires: "anyone",
  method: ({ provider }) => provider,
  limits: [oauthLimit("complete")],
  input: z.strictObject({
    provider,
    oauthAttempt: token,
    callbackUrl: z.url(),
  }),

  run: async function completeOAuth(ctx, { provider, oauthAttempt, callbackUrl }) {
    const isOpen = await isOAuthAttemptOpen(ctx.db, provider, oauthAttempt);
    const callbackResult = isOpen ? await ctx.oauth.exchange(provider, callbackUrl) : null;
    return ctx.write(async (tx) => {
      const attempt = callbackResult && (await consumeOAuthAttempt(tx, provider, oauthAttempt));
      if (!attempt) return refuse("oauth_state_invalid", { provider, cause: "unknown" });
      ctx.setCookies({ oauthAttempt: "ended" });
      const { next } = attempt;
      if ("failure" in callbackResult) {
        const { failure, cause } = callbackResult;
        const retryAfter =
          failure === "provider_unavailable" ? intervals.providerRetryAfter : undefined;
        return refuse(failure, { provider, cause, retryAfter, next });
      }
      const identity = readIdentity(
        { id: provider, ...oauthMethod(provider).oauth },
        callbackResult.claims,
      );
      if (!identity) return refuse("provider_failed", { provider, cause: "claims", next });
      const completed = await completeProviderSignIn(ctx, tx, attempt, identity);
      return completed.ok
        ? completed
        : refuse(completed.refusal.code, { ...completed.refusal, next });
    });
  },
});
