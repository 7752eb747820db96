import { DrizzleAdapter } from "@auth/drizzle-adapter";
import { Auth, type AuthConfig, customFetch, raw, skipCSRFCheck } from "@auth/core";
import type { Adapter, AdapterUser } from "next-auth/adapters";
import type { Provider } from "next-auth/providers";
import Google from "next-auth/providers/google";
import LinkedIn from "next-auth/providers/linkedin";
import type { ProviderKeys } from "@/lib/core/env";
import type { OidcClient } from "@/lib/runtime/ports";
import { completeOAuth, type CallbackResult } from "@/lib/flows/oauth/complete-oauth";
import { isOAuthProvider, type OAuthProvider } from "@/lib/core/oauth-providers";
import { getWorld } from "@/lib/runtime/world";
import { ok, type Result } from "@/lib/core/result";
import { sessionReader } from "@/lib/runtime/run-flow";
import { digest } from "@/lib/core/crypto";
import { cookieForAuthJs, cookieFromAuth, cookieOf } from "./cookies";
import type { OAuthRequest } from "./oauth-request";

const never = (what: string) => () => {
  throw new Error(`Auth.js must not ${what}: only flows do.`);
};

/**
 * An adapter by which Auth.js can read a session but create and change nothing. `getUserByAccount`
 * returns null, because Auth.js calls it before the `signIn` callback, where our flow decides.
 */
function guardedAdapter(): Adapter {
  const world = getWorld();
  return {
    ...DrizzleAdapter(world.db),
    // Only for Auth.js's own `auth()`: starting and completing an OAuth attempt read no session.
    async getSessionAndUser(sessionToken) {
      const found = await sessionReader(world, digest("session", sessionToken))();
      if (!found) return null;
      const { userId, email, endsAt } = found;
      const user: AdapterUser = { id: userId, email, emailVerified: null };
      // The raw token, because Auth.js writes this value into the cookie.
      return { session: { sessionToken, userId, expires: endsAt }, user };
    },
    // `auth()` calls this on each read; our runner updates sessions itself.
    updateSession: () => null,
    getUserByAccount: () => null,
    getUser: never("look users up"),
    getUserByEmail: never("look users up by email address"),
    createUser: never("create users"),
    updateUser: never("change users"),
    deleteUser: never("delete users"),
    linkAccount: never("link accounts"),
    unlinkAccount: never("unlink accounts"),
    createSession: never("start sessions"),
    deleteSession: never("end sessions"),
    createVerificationToken: never("issue verifications"),
    useVerificationToken: never("consume verifications"),
  };
}

/** The least that Auth.js needs of a user. Its own functions read more and throw on unexpected types. */
const profile = ({ sub }: { sub: string }) => ({ id: sub });

/** The providers' configuration for Auth.js. */
const authJsProviders: {
  [P in OAuthProvider]: (keys: ProviderKeys, client: OidcClient) => Provider;
} = {
  // The ID token contains all claims that we need.
  google: (keys, client) =>
    Google({
      ...keys,
      checks: ["pkce", "state", "nonce"],
      profile,
      authorization: { params: { scope: "openid email", prompt: "select_account" } },
      [customFetch]: client.fetch,
    }),
  // The ID token has no nonce, and `email_verified` as text. The userinfo response is correct.
  linkedin: (keys, client) => ({
    ...LinkedIn({
      ...keys,
      checks: ["state"],
      profile,
      authorization: { params: { scope: "openid email" } },
      [customFetch]: client.fetch,
    }),
    idToken: false,
  }),
};

/**
 * The configuration of Auth.js for one request of an OAuth attempt. `seen` receives the result: the
 * `signIn` callback records the claims and returns a path, which ends Auth.js before it creates a
 * user or a session; the logger records the first error, which Auth.js would show on its own page.
 */
function authJsFlow(provider: OAuthProvider) {
  const { env, createOidcClient } = getWorld();
  const client = createOidcClient(provider);
  const seen: { back?: Callback; failure?: Error } = {};
  const config: AuthConfig = {
    basePath: "/api/auth",
    providers: [authJsProviders[provider](env.providers[provider]!, client)],
    adapter: guardedAdapter(),
    session: { strategy: "database" },
    secret: [...env.authSecret],
    trustHost: true,
    cookies: {
      sessionToken: cookieForAuthJs(env, "session"),
      state: cookieForAuthJs(env, "oauth_state"),
      pkceCodeVerifier: cookieForAuthJs(env, "oauth_verifier"),
      nonce: cookieForAuthJs(env, "oauth_nonce"),
      // Unused, but named: under its default names Auth.js could read cookies of other applications.
      callbackUrl: cookieForAuthJs(env, "oauth_url"),
      csrfToken: cookieForAuthJs(env, "oauth_csrf"),
    },
    callbacks: {
      signIn({ account, profile }) {
        seen.back = { idToken: account?.id_token, claims: { ...profile } };
        return "/";
      },
      // Ignores the requested path: an invalid one would cause a 500.
      redirect: ({ baseUrl }) => baseUrl,
    },
    logger: {
      error: (error) => void (seen.failure ??= error),
      warn: () => {},
      debug: () => {},
    },
  };
  return { config, client, seen };
}

interface Callback {
  readonly idToken: string | undefined;
  readonly claims: Readonly<Record<string, unknown>>;
}

/**
 * The provider's authorization URL for an OAuth attempt. Sets the cookies for its checks: state, PKCE
 * verifier and nonce. Refuses `provider_unavailable`, and `provider_failed` for invalid metadata.
 */
export async function authorizationUrl(
  provider: OAuthProvider,
  request: OAuthRequest,
): Promise<Result<{ url: string }>> {
  const { config, client, seen } = authJsFlow(provider);
  const { redirect, cookies = [] } = await Auth(signInRequest(provider, request), {
    ...config,
    raw,
    skipCSRFCheck,
  });
  await request.setCookies(cookies.map((cookie) => cookieFromAuth(getWorld().env, cookie)));
  const { failure } = seen;
  if (redirect && !failure) return ok({ url: redirect });
  const exchange = async () => {
    await clearOAuthCookies(request);
    return failureOf(failure, client, null);
  };
  // Ends the attempt and records the reason in the audit log.
  const ended = await request.run(completeOAuth, {
    provider,
    oauthAttempt: request.oauthAttempt,
    exchange,
  });
  if (ended.ok) throw new Error("An OAuth attempt that failed to start was completed.");
  return ended;
}

/** The request that the form of Auth.js's own sign-in page sends. */
function signInRequest(provider: OAuthProvider, { headers: sent }: OAuthRequest): Request {
  const headers = new Headers(sent);
  headers.set("Content-Type", "application/x-www-form-urlencoded");
  const url = `${getWorld().env.origin.origin}/api/auth/signin/${provider}`;
  return new Request(url, {
    method: "POST",
    headers,
    body: new URLSearchParams({ callbackUrl: "/" }),
  });
}

/**
 * Handles a provider's redirect. The flow checks the OAuth attempt and decides; Auth.js does the
 * protocol; `verifyCallback` checks the ID token's signature. Null for a request that is no callback:
 * without its parameters, for a provider that is not enabled, or from a tag such as `<img>` on
 * another site's page.
 */
export async function handleCallback(url: string, request: OAuthRequest) {
  const { pathname, search, searchParams } = new URL(url);
  const provider = pathname.replace("/api/auth/callback/", "");
  if (!isOAuthProvider(provider) || !getWorld().env.methods.includes(provider)) return null;
  if (!["code", "error", "state"].some((name) => searchParams.has(name))) return null;
  if ((request.headers.get("sec-fetch-dest") ?? "document") !== "document") return null;
  const exchange = async () => {
    await clearOAuthCookies(request);
    const { config, client, seen } = authJsFlow(provider);
    // From the configured origin: Next replaces other loopback names by "localhost".
    const callbackUrl = getWorld().env.origin.origin + pathname + search;
    await Auth(new Request(callbackUrl, { headers: request.headers }), config);
    const callbackResult = seen.back
      ? await verifyCallback(seen.back, client)
      : failureOf(seen.failure, client, searchParams.get("error"));
    if ("failure" in callbackResult && callbackResult.cause === "invalid_client")
      getWorld().log.error("provider.client_rejected", { provider });
    return callbackResult;
  };
  // A provider's redirect has no Origin header. The state protects against CSRF instead.
  return request.run(completeOAuth, { provider, oauthAttempt: request.oauthAttempt, exchange });
}

const attemptCookies = ["oauth_state", "oauth_verifier", "oauth_nonce", "oauth_redirect"] as const;

/** Deletes the cookies of an OAuth attempt, whatever its result. */
function clearOAuthCookies({ setCookies }: OAuthRequest) {
  return setCookies(attemptCookies.map((name) => cookieOf(getWorld().env, name, null)));
}

type Failure = Extract<CallbackResult, { failure: unknown }>;

/** Verifies the ID token, whose signature Auth.js does not check (O1). */
async function verifyCallback(
  { idToken, claims }: Callback,
  client: OidcClient,
): Promise<CallbackResult> {
  const read = await client.verify(idToken ?? "");
  if (!read.ok) {
    const { code, cause = "" } = read.refusal;
    return { failure: code === "provider_unavailable" ? code : "provider_failed", cause };
  }
  return read.value.sub === claims.sub
    ? { claims: { ...claims } }
    : { failure: "provider_failed", cause: "subject" };
}

// The user cancelled at the provider; LinkedIn has error codes of its own.
const cancelledCodes = ["access_denied", "user_cancelled_login", "user_cancelled_authorize"];

/** Why Auth.js failed: the error for the user and the cause for the audit log. */
function failureOf(error: unknown, client: OidcClient, providerError: string | null): Failure {
  const lastError = client.lastError();
  if (lastError) return { failure: "provider_unavailable", cause: lastError };
  const { type, cause } = (error ?? {}) as { type?: string; cause?: { err?: unknown } };
  // A cookie of the attempt is missing or belongs to another attempt.
  if (type === "InvalidCheck") return { failure: "oauth_state_invalid", cause: "cookie" };
  if (type === "OAuthCallbackError" && providerError) {
    if (cancelledCodes.includes(providerError))
      return { failure: "provider_cancelled", cause: providerError };
    const isUnavailable = ["server_error", "temporarily_unavailable"].includes(providerError);
    const failure = isUnavailable ? "provider_unavailable" : "provider_failed";
    return { failure, cause: safeCause(providerError) };
  }
  const inner = (cause?.err ?? error) as { code?: string; error?: string; message?: string };
  if (/"state"/.test(inner.message ?? ""))
    return { failure: "oauth_state_invalid", cause: "state" };
  // The code has expired or was used before.
  if (inner.error === "invalid_grant") return { failure: "oauth_state_invalid", cause: "code" };
  return {
    failure: "provider_failed",
    cause: safeCause(inner.error ?? inner.code ?? type ?? "none"),
  };
}

/** An error code from outside, if it is one short word. */
const safeCause = (word: string) => (/^[\w.-]{1,60}$/.test(word) ? word.toLowerCase() : "unknown");
