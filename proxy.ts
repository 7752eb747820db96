import { randomBytes } from "node:crypto";
import { type NextRequest, NextResponse } from "next/server";

/**
 * Sets the content security policy of the pages that an adopter adds, and in development of all pages:
 * Next's script is partly inline and needs a nonce. The policy of Latchkey's own pages is
 * `ownPagePolicy` in `lib/server/own-pages.ts`; that of everything else is in
 * `lib/server/request-gate.ts`. It decides nothing about access.
 */
export function proxy(request: NextRequest) {
  const nonce = randomBytes(16).toString("base64");
  const policy = contentSecurityPolicy(nonce, request.nextUrl.pathname);
  const headers = new Headers(request.headers);
  headers.set("x-nonce", nonce);
  headers.set("content-security-policy", policy);
  const response = NextResponse.next({ request: { headers } });
  response.headers.set("Content-Security-Policy", policy);
  return response;
}

function contentSecurityPolicy(nonce: string, path: string) {
  const development = process.env.NODE_ENV === "development";
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}' 'strict-dynamic'${development ? " 'unsafe-eval'" : ""}`,
    development ? "style-src 'self' 'unsafe-inline'" : `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "connect-src 'self'",
    // Next's development tools load a font.
    ...(development ? ["font-src 'self'"] : []),
    // The local mailbox shows each email in a frame.
    ...(path === "/mailbox" ? ["frame-src 'self'"] : []),
    "form-action 'self'",
    "base-uri 'none'",
    "object-src 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

export const config = {
  // The JSON API, health checks, metrics and static files need no nonce.
  matcher: [
    {
      source: "/((?!api/|livez|readyz|metrics|check$|_next/static|latchkey/).*)",
      missing: [{ type: "header", key: "x-own-page", value: "without-framework" }],
    },
  ],
};
