import { redirectAfterOAuth } from "@/app/oauth-redirects";
import { handleCallback } from "@/lib/web/authjs";
import { returningRequest } from "@/lib/web/oauth-cookies";
import { handleApiRequest } from "@/lib/web/mount-api";

/**
 * Auth.js's door. Only the way back from a provider is open; its sign-in, sign-out, CSRF, provider
 * list and built-in pages are answered as if they were not there.
 */
export async function GET(request: Request) {
  const arrived = await handleCallback(request.url, await returningRequest());
  return arrived ? redirectAfterOAuth(arrived) : handleApiRequest(request);
}

// Next would answer with what GET does, and that spends a trip.
export {
  handleApiRequest as DELETE,
  handleApiRequest as HEAD,
  handleApiRequest as OPTIONS,
  handleApiRequest as PATCH,
  handleApiRequest as POST,
  handleApiRequest as PUT,
};
