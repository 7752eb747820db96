import { redirectAfterOAuth } from "@/app/oauth-redirects";
import { completeOAuth } from "@/lib/flows/oauth/complete-oauth";
import { handleApiRequest } from "@/lib/web/mount-api";
import { oauthAttemptToken, providerOfCallback } from "@/lib/web/oauth-cookies";
import { runForRequest } from "@/lib/web/run-for-request";

/**
 * Of Auth.js's paths only a provider's callback exists; its sign-in, sign-out, CSRF, provider list and
 * built-in pages are 404.
 */
export async function GET(request: Request) {
  const provider = providerOfCallback(request);
  if (!provider) return handleApiRequest(request);
  const input = { provider, oauthAttempt: await oauthAttemptToken(), callbackUrl: request.url };
  // A redirect has no Origin. The state, which this browser alone has, is the same-origin check.
  return redirectAfterOAuth(
    await runForRequest(completeOAuth, input, { sameOriginVerified: true }),
  );
}

// Next would answer HEAD with GET, which consumes an attempt.
export {
  handleApiRequest as DELETE,
  handleApiRequest as HEAD,
  handleApiRequest as OPTIONS,
  handleApiRequest as PATCH,
  handleApiRequest as POST,
  handleApiRequest as PUT,
};
