import { randomBytes } from "node:crypto";
import { type NextRequest, NextResponse } from "next/server";

/**
 * Sets a content security policy with a nonce on pages with Next's script, which is partly inline.
 * Latchkey's own pages skip it (`lib/server/own-pages.ts`). It decides nothing about access.
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
      source:
        "/((?!api/|livez|readyz|metrics|_next/static|latchkey\\.js|password\\.js|plain-page\\.css|icon\\.svg).*)",
      missing: [{ type: "header", key: "x-own-page", value: "without-framework" }],
    },
  ],
};
