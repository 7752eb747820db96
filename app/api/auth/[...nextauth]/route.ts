import type { NextRequest } from "next/server";
import { redirectAfterOAuth } from "@/app/oauth-redirects";
import { handleCallback } from "@/lib/web/authjs";
import { notFoundResponse } from "@/lib/web/json-response";

/**
 * Auth.js's door. Only the way back from a provider is open; its sign-in, sign-out, CSRF, provider
 * list and built-in pages are answered as if they were not there.
 */
export async function GET(request: NextRequest) {
  const arrived = await handleCallback(request);
  return arrived ? redirectAfterOAuth(arrived) : notFoundResponse();
}

// Next would answer with what GET does, and that spends a trip.
export { notFoundResponse as HEAD, notFoundResponse as POST };
