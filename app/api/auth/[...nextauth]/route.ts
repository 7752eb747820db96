import type { NextRequest } from "next/server";
import { arrive } from "@/app/oauth-redirects";
import { returnFrom } from "@/lib/web/authjs";
import { nothingHere } from "@/lib/web/json-response";

/**
 * Auth.js's door. Only the way back from a provider is open; its sign-in, sign-out, CSRF, provider
 * list and built-in pages are answered as if they were not there.
 */
export async function GET(request: NextRequest) {
  const arrived = await returnFrom(request);
  return arrived ? arrive(arrived) : nothingHere();
}

// Next would answer with what GET does, and that spends a trip.
export { nothingHere as HEAD, nothingHere as POST };
