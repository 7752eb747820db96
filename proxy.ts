import { randomBytes } from "node:crypto";
import { type NextRequest, NextResponse } from "next/server";
import { refusals } from "./lib/refusals";
import { isSameOrigin } from "./lib/web/origin";

/**
 * Before pages: a content security policy with a fresh nonce, and an early, polite "no" to posts
 * from elsewhere, which Next would answer with a 500. Admission is not decided here.
 */
export function proxy(request: NextRequest) {
  // The front has put the forwarding headers right: they are the configured origin.
  const origin = `${request.headers.get("x-forwarded-proto")}://${request.headers.get("x-forwarded-host")}`;
  const changes = request.method !== "GET" && request.method !== "HEAD";
  if (changes && !isSameOrigin(request.headers, origin))
    return new NextResponse(`${refusals.cross_site.sentence}\n`, { status: 403 });

  const nonce = randomBytes(16).toString("base64");
  const policy = contentSecurityPolicy(nonce);
  const headers = new Headers(request.headers);
  headers.set("x-nonce", nonce);
  headers.set("content-security-policy", policy);
  const response = NextResponse.next({ request: { headers } });
  response.headers.set("Content-Security-Policy", policy);
  return response;
}

function contentSecurityPolicy(nonce: string) {
  const development = process.env.NODE_ENV === "development";
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}' 'strict-dynamic'${development ? " 'unsafe-eval'" : ""}`,
    development ? "style-src 'self' 'unsafe-inline'" : `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "connect-src 'self'",
    // Next's own tools while developing come with a font; pages have none.
    ...(development ? ["font-src 'self'"] : []),
    "form-action 'self'",
    "base-uri 'none'",
    "object-src 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

export const config = {
  // The JSON API, health, metrics and static files have the front's headers and need no nonce.
  matcher: [
    "/((?!api/|livez|readyz|metrics|_next/static|latchkey\\.js|password\\.js|icon\\.svg).*)",
  ],
};
