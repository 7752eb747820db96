import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { provider, token } from "@/lib/runtime/fields";
import { oauthLimit } from "@/lib/runtime/limits";
import { completeProviderSignIn } from "./steps";
import { isOAuthAttemptOpen, consumeOAuthAttempt } from "@/lib/store/oauth-attempts";
import { readIdentity } from "@/lib/core/oauth-identity";
import { intervals } from "@/lib/core/policy";
import type { RefusalCode } from "@/lib/core/errors";
import { refuse } from "@/lib/core/result";

/** What came back with the browser: the claims of a verified answer, or why there are none. */
export type CallbackResult =
  | { readonly claims: Readonly<Record<string, unknown>> }
  | {
      readonly failure: Extract<
        RefusalCode,
        "provider_cancelled" | "oauth_state_invalid" | "provider_unavailable" | "provider_failed"
      >;
      readonly cause: string;
    };

/** Sees to the protocol, and so asks the provider. */
type Exchange = () => Promise<CallbackResult>;

/**
 * A browser is back from a provider, and whoever it brings is signed in or asked; nothing is connected
 * here (see `decide`). The provider is asked only for a trip that is under way, and within the limit, so
 * that nobody has us ask it at will. Each trip ends once, however it ends. Refuses the failure,
 * `too_many_requests`, `oauth_state_invalid`, `session_changed`, `identity_already_in_use`, `not_found` for a
 * provider that is switched off, `provider_email_unverified`, and after the proof `sign_up_closed` and
 * `account_disabled`.
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
    exchange: z.custom<Exchange>((given) => typeof given === "function"),
  }),

  run: async function completeOAuth(ctx, { provider, oauthAttempt, exchange }) {
    const isStarted = await isOAuthAttemptOpen(ctx.db, provider, oauthAttempt);
    const callbackResult = isStarted ? await exchange() : null;
    return ctx.write(async (tx) => {
      const started = callbackResult && (await consumeOAuthAttempt(tx, provider, oauthAttempt));
      if (!started) return refuse("oauth_state_invalid", { provider, cause: "unknown" });
      ctx.setCookies({ oauthAttempt: "ended" });
      const { next } = started;
      if ("failure" in callbackResult) {
        const { failure, cause } = callbackResult;
        const retryAfter =
          failure === "provider_unavailable" ? intervals.providerRetryAfter : undefined;
        return refuse(failure, { provider, cause, retryAfter, next });
      }
      const identity = readIdentity(provider, callbackResult.claims);
      if (!identity) return refuse("provider_failed", { provider, cause: "claims", next });
      const completed = await completeProviderSignIn(ctx, tx, started, identity);
      return completed.ok
        ? completed
        : refuse(completed.refusal.code, { ...completed.refusal, next });
    });
  },
});
