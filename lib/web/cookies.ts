import { type Duration, seconds } from "@/lib/core/duration";
import type { Env } from "@/lib/core/env";
import { isToken, unseal } from "@/lib/core/crypto";

/**
 * Every cookie we set: session, the browser as asker and as known device, the flash, a form that
 * step-up interrupted, the way in used last, a trip to a provider, the address it goes to, whom it
 * brought back, the browser's time zone, which our script sets, and what Auth.js keeps of it.
 */
export type CookieName =
  | "session"
  | "mail_request"
  | "device"
  | "flash"
  | "suspended_action"
  | "method"
  | "oauth_attempt"
  | "pending_identity"
  | "oauth_redirect"
  | "time-zone"
  | (typeof oauthCookies)[number];

/** Auth.js's own, of one trip. */
export const oauthCookies = ["oauth_state", "oauth_verifier", "oauth_nonce"] as const;

/** Auth.js's own that have no use here. */
type UnusedCookie = "oauth_url" | "oauth_csrf";

type CookieScope = Pick<Env, "origin">;

const isSecure = ({ origin }: CookieScope) => origin.protocol === "https:";

/**
 * On https a name that only this host can have set (RFC 6265bis `__Host-`); on a plain http
 * loopback origin a name of our own, since every port of localhost shares one jar.
 */
const cookieName = (scope: CookieScope, name: CookieName | UnusedCookie) =>
  isSecure(scope) ? `__Host-${name}` : `latchkey-${name}`;

/**
 * A cookie's value from the request's header. Sent twice it counts as not sent: of two values one
 * was planted, and nobody can tell which.
 */
export function readCookie(
  header: string | null,
  scope: CookieScope,
  name: CookieName,
): string | null {
  const wanted = `${cookieName(scope, name)}=`;
  const values = (header ?? "")
    .split(/;\s*/)
    .filter((pair) => pair.startsWith(wanted))
    .map((pair) => pair.slice(wanted.length));
  return values.length === 1 ? (values[0] ?? null) : null;
}

/** A token from a cookie; null when there is none or it is none of ours. */
export function readToken(
  header: string | null,
  scope: CookieScope,
  name: CookieName,
): string | null {
  const value = readCookie(header, scope, name);
  return isToken(value) ? value : null;
}

/**
 * What we have sealed into a cookie, as JSON. Null for anything else: cookies are written by whoever
 * likes to.
 */
export function readSealed(
  header: string | null,
  env: Pick<Env, "origin" | "outboxKey">,
  name: CookieName,
): unknown {
  try {
    return JSON.parse(unseal(env.outboxKey, readCookie(header, env, name) ?? ""));
  } catch {
    return null;
  }
}

const attributes = (scope: CookieScope) =>
  ({ httpOnly: true, secure: isSecure(scope), sameSite: "lax", path: "/" }) as const;

/** A cookie's name and attributes, for Auth.js to use the same. */
export const cookieForAuthJs = (scope: CookieScope, name: CookieName | UnusedCookie) => ({
  name: cookieName(scope, name),
  options: attributes(scope),
});

/** The same for one that no browser is to keep, nor others to have planted. */
export function unusedForAuthJs(scope: CookieScope, name: UnusedCookie) {
  const { options, ...cookie } = cookieForAuthJs(scope, name);
  return { ...cookie, options: { ...options, maxAge: 0 } };
}

/** A cookie that goes out with a response. */
export interface ResponseCookie {
  readonly name: string;
  readonly value: string;
  readonly options: {
    readonly httpOnly: boolean;
    readonly secure: boolean;
    readonly sameSite: "lax";
    readonly path: "/";
    readonly maxAge?: number;
    readonly expires?: Date;
  };
}

/** A cookie of ours with this lifetime; a value of `null` deletes it. */
export const cookieOf = (
  scope: CookieScope,
  name: CookieName,
  value: string | null,
  maxAge: Duration,
): ResponseCookie => ({
  name: cookieName(scope, name),
  value: value ?? "",
  options: { ...attributes(scope), maxAge: value === null ? seconds(0) : maxAge },
});

/** A cookie that Auth.js wants set, by the attributes it was given for it. */
export const cookieFromAuth = (
  scope: CookieScope,
  { name, value, options: { maxAge, expires } }: AuthCookie,
): ResponseCookie => ({
  name,
  value,
  options: {
    ...attributes(scope),
    ...(maxAge !== undefined && { maxAge }),
    ...(expires && { expires }),
  },
});

interface AuthCookie {
  readonly name: string;
  readonly value: string;
  readonly options: { readonly maxAge?: number; readonly expires?: Date };
}

/** A cookie as the value of a `Set-Cookie` header, spelled as Next spells it for pages. */
export function serializeCookie({ name, value, options }: ResponseCookie): string {
  const { path, expires, maxAge, secure, httpOnly, sameSite } = options;
  return [
    `${name}=${encodeURIComponent(value)}`,
    `Path=${path}`,
    ...(expires ? [`Expires=${expires.toUTCString()}`] : []),
    ...(maxAge === undefined ? [] : [`Max-Age=${maxAge}`]),
    ...(secure ? ["Secure"] : []),
    ...(httpOnly ? ["HttpOnly"] : []),
    `SameSite=${sameSite}`,
  ].join("; ");
}
