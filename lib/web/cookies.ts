import { createHash } from "node:crypto";
import { type Duration, seconds } from "@/lib/core/duration";
import type { Env } from "@/lib/core/env";
import { isToken, unseal } from "@/lib/core/crypto";
import { bounds, lifetimes } from "@/lib/core/policy";

interface CookieEntry {
  readonly purpose: string;
  /** The cookie's Max-Age. */
  readonly lifetime: Duration;
}

/** Every cookie that this application sets. All have the flags of `flagsOf`. */
export const cookieTable = {
  session: {
    purpose: "The token of the session. Without “Keep me signed in” it ends with the browser.",
    lifetime: lifetimes.session,
  },
  mail_request: {
    purpose:
      "This browser: it may enter the code of an email that it requested, and repeat a step whose response was lost.",
    lifetime: lifetimes.requestingBrowser,
  },
  device: {
    purpose: "The known device: a browser that has signed in before.",
    lifetime: lifetimes.knownDevice,
  },
  flash: {
    purpose: "The message of an action for the next page, with the values that were entered.",
    lifetime: lifetimes.flash,
  },
  suspended_action: {
    purpose: "The form that waits for step-up, encrypted.",
    lifetime: lifetimes.suspendedAction,
  },
  method: {
    purpose: "The name of the sign-in method that this browser used last.",
    lifetime: lifetimes.lastMethod,
  },
  oauth_attempt: {
    purpose:
      "The token of an OAuth attempt that this browser has started, with its checks by Auth.js. Each attempt has its own, named by its state.",
    lifetime: lifetimes.oauthAttempt,
  },
  pending_identity: {
    purpose: "The token of the identity that waits for the user to decide.",
    lifetime: lifetimes.oauthAttempt,
  },
  returns: {
    purpose: "Where this browser was just sent back to, to notice a loop of redirects.",
    lifetime: lifetimes.recentReturns,
  },
  oauth_redirect: {
    purpose: "The address of the provider that the next page continues to, encrypted.",
    lifetime: lifetimes.flash,
  },
} as const satisfies Record<string, CookieEntry>;

/** Cookies that `public/latchkey/latchkey.js` sets, with flags of its own. They say nothing about a user. */
export const scriptCookieTable = {
  "time-zone": {
    purpose: "The browser's time zone, for the times on pages.",
    lifetime: lifetimes.timeZone,
  },
} as const satisfies Record<string, CookieEntry>;

export type CookieName = keyof typeof cookieTable;
type ReadableCookieName = CookieName | keyof typeof scriptCookieTable;

type CookieScope = Pick<Env, "origin">;

const isSecure = ({ origin }: CookieScope) => origin.protocol === "https:";

const flagsOf = (scope: CookieScope) =>
  ({ httpOnly: true, secure: isSecure(scope), sameSite: "lax", path: "/" }) as const;

/**
 * On https the prefix `__Host-`, so that only this host can set the cookie (RFC 6265bis). On plain
 * http, which is allowed on localhost only, our own prefix: all ports of localhost share cookies.
 */
const cookieName = (scope: CookieScope, name: ReadableCookieName) =>
  isSecure(scope) ? `__Host-${name}` : `latchkey-${name}`;

/**
 * Reads a cookie from the request's header. Null when it is absent or sent twice: an attacker has
 * written one of the two, and they cannot be told apart.
 */
export function readCookie(
  header: string | null,
  scope: CookieScope,
  name: ReadableCookieName,
): string | null {
  return valueOf(header, cookieName(scope, name));
}

const pairsOf = (header: string | null) => (header ?? "").split(/;\s*/);

function valueOf(header: string | null, name: string): string | null {
  const wanted = `${name}=`;
  const values = pairsOf(header)
    .filter((pair) => pair.startsWith(wanted))
    .map((pair) => pair.slice(wanted.length));
  return values.length === 1 ? (values[0] ?? null) : null;
}

/**
 * Whether a request has any cookie of ours: then its browser accepts cookies. The request gate sets one
 * with every page that has a form.
 */
export const hasCookieOfOurs = (header: string | null, scope: CookieScope): boolean =>
  [...Object.keys(cookieTable), ...Object.keys(scriptCookieTable)].some((name) => {
    const own = cookieName(scope, name as ReadableCookieName);
    // An OAuth attempt's cookie has more in its name.
    return pairsOf(header).some((pair) => pair.startsWith(`${own}=`) || pair.startsWith(`${own}-`));
  });

/** Whether a request has no other cookies, of ours or of anyone, than these. */
export function hasOnlyCookies(
  header: string | null,
  scope: CookieScope,
  names: readonly ReadableCookieName[],
): boolean {
  const allowed = names.map((name) => `${cookieName(scope, name)}=`);
  return pairsOf(header).every((pair) => !pair || allowed.some((start) => pair.startsWith(start)));
}

/** Reads a token from a cookie; null when the cookie is absent or has not the form of a token. */
export function readToken(
  header: string | null,
  scope: CookieScope,
  name: CookieName,
): string | null {
  const value = readCookie(header, scope, name);
  return isToken(value) ? value : null;
}

/** Decrypts a cookie and parses it as JSON. Null for a value that this application has not encrypted. */
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

/** A cookie of a response. */
export interface ResponseCookie {
  readonly name: string;
  readonly value: string;
  readonly options: {
    readonly httpOnly: boolean;
    readonly secure: boolean;
    readonly sameSite: "lax";
    readonly path: "/";
    /** Without it the cookie ends with the browser. */
    readonly maxAge?: number;
  };
}

/**
 * A cookie of ours. A value of `null` deletes it. Only the session's lifetime differs from the table;
 * "browser" is until the browser is closed.
 */
export const cookieOf = (
  scope: CookieScope,
  name: CookieName,
  value: string | null,
  lifetime: Duration | "browser" = cookieTable[name].lifetime,
): ResponseCookie => ({
  name: cookieName(scope, name),
  value: value ?? "",
  options: {
    ...flagsOf(scope),
    ...(value === null
      ? { maxAge: seconds(0) }
      : lifetime === "browser"
        ? {}
        : { maxAge: lifetime }),
  },
});

/** What the browser stores of an OAuth attempt. */
export interface AttemptCookie {
  readonly token: string;
  /** What Auth.js compares the callback with, encrypted by it. */
  readonly checks: string;
}

/**
 * The cookie of the attempt with this state; without a value it deletes it. Attempts in several tabs
 * have cookies of their own, so that none of them ends another.
 */
export const attemptCookieOf = (
  scope: CookieScope,
  { provider, state }: { readonly provider: string; readonly state: string },
  value: AttemptCookie | null,
): ResponseCookie =>
  withName(
    cookieOf(scope, "oauth_attempt", value && `${value.token}~${value.checks}`),
    attemptCookieName(scope, provider, state),
  );

/** The attempt with this state; null when this browser did not start it. */
export function readAttempt(
  header: string | null,
  scope: CookieScope,
  { provider, state }: { readonly provider: string; readonly state: string | null },
): AttemptCookie | null {
  const value = state && valueOf(header, attemptCookieName(scope, provider, state));
  const [token, checks] = (value || "").split(/~(.*)/s);
  return isToken(token) && checks !== undefined ? { token, checks } : null;
}

/** Deletes the cookies of all attempts with a provider. */
export const endedAttempts = (header: string | null, scope: CookieScope, provider: string) =>
  attemptNames(header, attemptPrefix(scope, provider)).map((name) =>
    withName(cookieOf(scope, "oauth_attempt", null), name),
  );

/**
 * Deletes the cookies of the oldest attempts, so that one more fits. Browsers send the cookies that they
 * received first before the others (RFC 6265 5.4).
 */
export function oldestAttempts(header: string | null, scope: CookieScope): ResponseCookie[] {
  const names = attemptNames(header, `${cookieName(scope, "oauth_attempt")}-`);
  return names
    .slice(0, Math.max(0, names.length - bounds.attemptsPerBrowser + 1))
    .map((name) => withName(cookieOf(scope, "oauth_attempt", null), name));
}

const withName = (cookie: ResponseCookie, name: string): ResponseCookie => ({ ...cookie, name });

const attemptPrefix = (scope: CookieScope, provider: string) =>
  `${cookieName(scope, "oauth_attempt")}-${provider}-`;

/** A hash of the state, as the state itself has characters that a name must not have. */
const attemptCookieName = (scope: CookieScope, provider: string, state: string) =>
  attemptPrefix(scope, provider) +
  createHash("sha256").update(state).digest("base64url").slice(0, bounds.attemptName);

const attemptNames = (header: string | null, prefix: string) =>
  pairsOf(header)
    .filter((pair) => pair.startsWith(prefix))
    .map((pair) => pair.split("=", 1)[0]!);

/** The value of a `Set-Cookie` header, in the order in which Next writes it. */
export function serializeCookie({ name, value, options }: ResponseCookie): string {
  const { path, maxAge, secure, httpOnly, sameSite } = options;
  return [
    `${name}=${encodeURIComponent(value)}`,
    `Path=${path}`,
    ...(maxAge === undefined ? [] : [`Max-Age=${maxAge}`]),
    ...(secure ? ["Secure"] : []),
    ...(httpOnly ? ["HttpOnly"] : []),
    `SameSite=${sameSite}`,
  ].join("; ");
}
