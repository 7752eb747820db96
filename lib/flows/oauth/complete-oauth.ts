import { z } from "zod";
import { disabledMethod } from "@/lib/runtime/disabled-method";
import { type Ctx, defineFlow } from "@/lib/runtime/flow";
import { provider, token } from "@/lib/runtime/fields";
import { oauthLimit } from "@/lib/runtime/limits";
import { oauthMethod } from "@/lib/methods";
import {
  completeProviderSignIn,
  repeatCompletion,
  completionRefusals,
  completionCauses,
} from "./steps";
import { consumeOAuthAttempt, isOAuthAttemptOpen } from "@/lib/store/oauth-attempts";
import type { MethodId } from "@/lib/core/method-id";
import { readIdentity } from "@/lib/core/oauth-identity";
import { intervals } from "@/lib/core/policy";
import { refuse } from "@/lib/core/result";
import type { CallbackResult } from "@/lib/runtime/ports";

/**
 * Completes an OAuth attempt: signs the user in, or asks what to do. Nothing is linked here (see
 * `decide`). The provider is asked only for an open attempt and within the limit, so that an attacker
 * cannot make us send it requests. An attempt ends once, by a response of the provider to it: a callback
 * whose code was used before does not end it, since another request may be completing it. When the
 * same browser repeats the callback within `intervals.repeat`, it gets the same session or
 * pending identity again, because it may not have received the first response. Refuses the protocol's
 * failure, `too_many_requests`, `oauth_state_invalid`, `session_changed`, `identity_already_in_use`,
 * `not_found` for a disabled provider, `provider_email_unverified`, and after the verification
 * `sign_up_closed` and `account_disabled`.
 */
export const completeOAuth = defineFlow({
  name: "oauth.complete",
  kind: "write",
  requires: "anyone",
  signsInBy: ({ provider }) => provider,
  limits: [oauthLimit("complete")],
  audited: {
    subject: "owner",
    namesProvider: true,
    ok: completionCauses,
    refusals: {
      ...completionRefusals,
      not_found: [],
      oauth_state_invalid: [
        ...completionRefusals.oauth_state_invalid,
        "unknown",
        "cookie",
        "state",
        "code",
      ],
      provider_cancelled: "any",
      provider_unavailable: "any",
      provider_failed: "any",
    },
  },
  input: z.strictObject({
    provider,
    oauthAttempt: token,
    callbackUrl: z.url(),
  }),

  run: async function completeOAuth(ctx, { provider, oauthAttempt, callbackUrl }) {
    // Refused here, since the runner would only count it: the browser was on its way (T3).
    const disabled = disabledMethod(ctx.env, provider);
    if (disabled) {
      ctx.setCookies({ oauthAttempt: "ended" });
      ctx.auditSubject({ cause: provider });
      return { ok: false, refusal: disabled };
    }
    if (!hasResponse(callbackUrl)) {
      ctx.setCookies({ oauthAttempt: "ended" });
      return refuse("provider_failed", { provider, cause: "no_parameters" });
    }
    const isOpen = await isOAuthAttemptOpen(ctx.db, provider, oauthAttempt);
    const callbackResult = isOpen ? await ctx.oauth.exchange(provider, callbackUrl) : null;
    const lostCause = callbackResult && causeOfLoss(callbackResult);
    if (lostCause === "code") await waitForOtherRequest(ctx, provider, oauthAttempt);
    return ctx.write(async (tx) => {
      ctx.setCookies({ oauthAttempt: "ended" });
      const attempt =
        callbackResult && !lostCause && (await consumeOAuthAttempt(tx, provider, oauthAttempt));
      if (!attempt)
        return (
          (await repeatCompletion(ctx, tx, provider, oauthAttempt)) ??
          refuse("oauth_state_invalid", { provider, cause: lostCause ?? "unknown" })
        );
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
      const returned = { ...attempt, token: oauthAttempt };
      const completed = await completeProviderSignIn(ctx, tx, returned, identity);
      return completed.ok
        ? completed
        : refuse(completed.refusal.code, { ...completed.refusal, next });
    });
  },
});

/** Whether a URL has parameters of a provider's response; some providers post them, or use the fragment. */
function hasResponse(callbackUrl: string): boolean {
  const { searchParams } = new URL(callbackUrl);
  return ["code", "error", "state"].some((name) => searchParams.has(name));
}

/** Why the callback does not belong to the attempt, or comes too late for it; null when it does. */
const causeOfLoss = (result: CallbackResult) =>
  "failure" in result && result.failure === "oauth_state_invalid" ? result.cause : null;

/** Waits while another instance may be completing the same callback. */
async function waitForOtherRequest({ db }: Ctx, provider: MethodId, oauthAttempt: string) {
  const { callbackWait, callbackPollMs } = intervals;
  for (let waited = 0; waited < callbackWait * 1000; waited += callbackPollMs) {
    if (!(await isOAuthAttemptOpen(db, provider, oauthAttempt))) return;
    await new Promise((resolve) => setTimeout(resolve, callbackPollMs));
  }
}
