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
import { lifetimes } from "@/lib/core/policy";
import { ok, type Result } from "@/lib/core/result";
import { sessionReader } from "@/lib/runtime/run-flow";
import { digest } from "@/lib/core/crypto";
import {
  cookieForAuthJs,
  cookieFromAuth,
  cookieOf,
  oauthCookies,
  unusedForAuthJs,
} from "./cookies";
import type { OAuthRequest } from "./oauth-request";

const never = (what: string) => () => {
  throw new Error(`Auth.js may not ${what}: that is a flow's to do.`);
};

/**
 * Auth.js's view of our tables. It may look sessions up by their token, and nothing may come into
 * being through it. `getUserByAccount` comes before its `signIn` callback, which is where we decide
 * who somebody is; so it knows nobody.
 */
function guardedAdapter(): Adapter {
  const world = getWorld();
  return {
    ...DrizzleAdapter(world.db),
    // For Auth.js's own `auth()`, which nobody calls: setting out reads no session, and coming back
    // ends with the path that the `signIn` callback returns, before one is read.
    async getSessionAndUser(sessionToken) {
      const found = await sessionReader(world, digest("session", sessionToken))();
      if (!found) return null;
      const { userId, email, endsAt } = found;
      const user: AdapterUser = { id: userId, email, emailVerified: null };
      // The raw token goes back: Auth.js would write what it is given into the cookie.
      return { session: { sessionToken, userId, expires: endsAt }, user };
    },
    // Sliding is `touchSession`'s; `auth()` would ask for it as it reads.
    updateSession: () => null,
    getUserByAccount: () => null,
    getUser: never("look users up"),
    getUserByEmail: never("look users up by their address"),
    createUser: never("make users"),
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

/** All that Auth.js has to make of somebody. Its own would read more, and stumble over odd types. */
const profile = ({ sub }: { sub: string }) => ({ id: sub });

/** The way to a provider and back, as Auth.js is to make it, over a line of its own. */
const authJsProviders: {
  [P in OAuthProvider]: (keys: ProviderKeys, client: OidcClient) => Provider;
} = {
  // Its ID token says all we ask for.
  google: (keys, client) =>
    Google({
      ...keys,
      checks: ["pkce", "state", "nonce"],
      profile,
      authorization: { params: { scope: "openid email", prompt: "select_account" } },
      [customFetch]: client.fetch,
    }),
  // Its ID token has no nonce, and "verified" as a text; what it says when asked has it as it should be.
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
 * One trip to a provider, or back from it, with Auth.js. Its `signIn` callback takes what came back
 * and returns a path, which ends Auth.js's work before it makes a user or a session; what it would
 * log, and then turn into a page of its own, is kept instead.
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
      // It has no use for these here; but it is not to stumble over what others keep by its names.
      callbackUrl: unusedForAuthJs(env, "oauth_url"),
      csrfToken: unusedForAuthJs(env, "oauth_csrf"),
    },
    callbacks: {
      signIn({ account, profile }) {
        seen.back = { idToken: account?.id_token, claims: { ...profile } };
        return "/";
      },
      // Whatever a parameter or a cookie asks for; a bad one would be a 500.
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
 * Where a browser that has begun a handshake goes: the provider's address, with state and whatever
 * else its checks need in cookies. Refuses `provider_unavailable`, and `provider_failed` when what
 * the provider says of itself makes no sense.
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
  // The trip ends here, and the audit log has the reason.
  const ended = await request.run(completeOAuth, {
    provider,
    oauthAttempt: request.oauthAttempt,
    exchange,
  });
  if (ended.ok) throw new Error("A trip that failed to begin has arrived.");
  return ended;
}

/** The form that Auth.js's own sign-in page would post. */
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
 * A browser comes back from a provider: the flow decides whether its trip is under way, and what becomes
 * of it; Auth.js sees to the protocol, and we to the ID token's signature. Null where nothing came back,
 * the provider has no keys here, or a page of somebody else's has this address for a picture of it.
 */
export async function handleCallback(url: string, request: OAuthRequest) {
  const asked = new URL(url);
  const provider = asked.pathname.replace("/api/auth/callback/", "");
  if (!isOAuthProvider(provider) || !getWorld().env.methods.includes(provider)) return null;
  if (!["code", "error", "state"].some((name) => asked.searchParams.has(name))) return null;
  if ((request.headers.get("sec-fetch-dest") ?? "document") !== "document") return null;
  const exchange = async () => {
    await clearOAuthCookies(request);
    const { config, client, seen } = authJsFlow(provider);
    // The address as it is: Next's own request reads other names of this machine as "localhost".
    const here = getWorld().env.origin.origin + asked.pathname + asked.search;
    await Auth(new Request(here, { headers: request.headers }), config);
    const callbackResult = seen.back
      ? await verifyCallback(seen.back, client)
      : failureOf(seen.failure, client, asked.searchParams.get("error"));
    if ("failure" in callbackResult && callbackResult.cause === "invalid_client")
      getWorld().log.error("provider.client_rejected", { provider });
    return callbackResult;
  };
  // Vouched for by the state, which only this browser has; a provider's redirect has no Origin.
  return request.run(completeOAuth, { provider, oauthAttempt: request.oauthAttempt, exchange });
}

/** Each trip has its cookies once, however it ends. */
function clearOAuthCookies({ setCookies }: OAuthRequest) {
  const { env } = getWorld();
  return setCookies(
    [...oauthCookies, "oauth_redirect" as const].map((name) =>
      cookieOf(env, name, null, lifetimes.oauthAttempt),
    ),
  );
}

type Failure = Extract<CallbackResult, { failure: unknown }>;

/** Auth.js reads an ID token's claims, and leaves its signature to us (O1). */
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

// What people did at the provider; LinkedIn has words of its own.
const cancelledCodes = ["access_denied", "user_cancelled_login", "user_cancelled_authorize"];

/** What stopped Auth.js, as people are told it, and as the audit log has it. `said` by the provider. */
function failureOf(error: unknown, client: OidcClient, said: string | null): Failure {
  const lastError = client.lastError();
  if (lastError) return { failure: "provider_unavailable", cause: lastError };
  const { type, cause } = (error ?? {}) as { type?: string; cause?: { err?: unknown } };
  // A cookie of the trip is missing, or another's.
  if (type === "InvalidCheck") return { failure: "oauth_state_invalid", cause: "cookie" };
  if (type === "OAuthCallbackError" && said) {
    if (cancelledCodes.includes(said)) return { failure: "provider_cancelled", cause: said };
    const isAway = said === "server_error" || said === "temporarily_unavailable";
    return { failure: isAway ? "provider_unavailable" : "provider_failed", cause: safeCause(said) };
  }
  const inner = (cause?.err ?? error) as { code?: string; error?: string; message?: string };
  if (/"state"/.test(inner.message ?? ""))
    return { failure: "oauth_state_invalid", cause: "state" };
  // The code is too old, or was used before.
  if (inner.error === "invalid_grant") return { failure: "oauth_state_invalid", cause: "code" };
  return {
    failure: "provider_failed",
    cause: safeCause(inner.error ?? inner.code ?? type ?? "none"),
  };
}

/** A word from outside, as far as it is one. */
const safeCause = (word: string) => (/^[\w.-]{1,60}$/.test(word) ? word.toLowerCase() : "unknown");
