import { randomBytes } from "node:crypto";
import { type NextRequest, NextResponse } from "next/server";

/**
 * For pages that run Next's script, which is partly inline: a content security policy with a fresh
 * nonce. Admission is not decided here, and our own pages do not come here (`lib/server/own-pages.ts`).
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
    // Next's own tools while developing come with a font; pages have none.
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
  // The JSON API, health, metrics and static files have the request gate's headers and need no nonce.
  matcher: [
    {
      source:
        "/((?!api/|livez|readyz|metrics|_next/static|latchkey\\.js|password\\.js|plain-page\\.css|icon\\.svg).*)",
      missing: [{ type: "header", key: "x-own-page", value: "without-framework" }],
    },
  ],
};
