import { redirectAfterOAuth } from "@/app/oauth-redirects";
import { completeOAuth } from "@/lib/flows/oauth/complete-oauth";
import { handleApiRequest } from "@/lib/web/mount-api";
import { oauthAttemptToken, readOAuthCallback } from "@/lib/web/oauth-cookies";
import { runForRequest } from "@/lib/web/run-for-request";

/**
 * Of Auth.js's paths only a provider's callback exists; its sign-in, sign-out, CSRF, provider list and
 * built-in pages are 404.
 */
export async function GET(request: Request) {
  const callbackOf = await readOAuthCallback(request);
  if (!callbackOf) return handleApiRequest(request);
  const oauthAttempt = await oauthAttemptToken(callbackOf);
  const input = { provider: callbackOf.provider, oauthAttempt, callbackUrl: request.url };
  return redirectAfterOAuth(
    await runForRequest(completeOAuth, input, {
      // A redirect has no Origin. The state, which this browser alone has, is the same-origin check.
      sameOriginVerified: true,
      callbackOf,
      // A double click on the provider's page sends the same callback twice.
      ...(oauthAttempt && { sharedKey: `${oauthAttempt} ${request.url}` }),
    }),
  );
}

/** A callback that a provider posts ends on the problem page: its browser sends no cookie of ours. */
export async function POST(request: Request) {
  const callbackOf = await readOAuthCallback(request.clone());
  if (!callbackOf) return handleApiRequest(request);
  const { origin, pathname } = new URL(request.url);
  const input = {
    provider: callbackOf.provider,
    oauthAttempt: "",
    // Nothing of it is used: the parameters are in the body.
    callbackUrl: origin + pathname,
  };
  return redirectAfterOAuth(
    await runForRequest(completeOAuth, input, {
      sameOriginVerified: true,
      mayLackCookies: true,
      callbackOf,
    }),
  );
}

// Next would answer HEAD with GET, which consumes an attempt.
export {
  handleApiRequest as DELETE,
  handleApiRequest as HEAD,
  handleApiRequest as OPTIONS,
  handleApiRequest as PATCH,
  handleApiRequest as PUT,
};
