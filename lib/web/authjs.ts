import { DrizzleAdapter } from "@auth/drizzle-adapter";
import { Auth, type AuthConfig, customFetch, raw, skipCSRFCheck } from "@auth/core";
import type { Adapter } from "next-auth/adapters";
import type { Provider } from "next-auth/providers";
import Google from "next-auth/providers/google";
import LinkedIn from "next-auth/providers/linkedin";
import { digest } from "@/lib/core/crypto";
import type { ProviderKeys } from "@/lib/core/env";
import { claimFailure } from "@/lib/core/oauth-identity";
import type { MethodId } from "@/lib/core/method-id";
import { intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";
import type { CallbackResult, OAuth, OidcClient, World } from "@/lib/runtime/ports";
import { sessionReader } from "@/lib/runtime/run-flow";
import { readAttempt } from "./cookies";

interface Parts extends Pick<World, "env" | "db" | "log"> {
  /** Throws for a provider without keys. */
  readonly createOidcClient: (provider: MethodId) => OidcClient;
}

/**
 * The OAuth protocol by Auth.js. It does the protocol only: its `signIn` callback keeps the claims and
 * returns a path, which ends its work before it creates a user or a session, and we verify the ID
 * token's signature (O1).
 */
export function createAuthJsOAuth(parts: Parts): OAuth {
  const { env, log } = parts;
  return {
    async authorize(provider) {
      const { config, client, seen } = attemptOf(parts, provider);
      const { redirect, cookies = [] } = await Auth(signInRequest(parts, provider), {
        ...config,
        raw,
        skipCSRFCheck,
      });
      if (redirect && !seen.failure) {
        const state = new URL(redirect).searchParams.get("state") ?? "";
        const valueOf = (name: string) => cookies.find((one) => one.name === name)?.value ?? "";
        const checks = Object.values(checkCookies).map(valueOf).join(separator);
        return ok({ url: redirect, state, checks });
      }
      const { failure, cause } = failureOf(seen.failure, client, null);
      const retryAfter =
        failure === "provider_unavailable" ? intervals.providerRetryAfter : undefined;
      return refuse(failure, { provider, cause, retryAfter });
    },

    async exchange(provider, callbackUrl, cookieHeader) {
      const { config, client, seen } = attemptOf(parts, provider);
      const { pathname, search, searchParams } = new URL(callbackUrl);
      // Built from our origin: Next's request calls other names of this machine "localhost".
      const url = env.origin.origin + pathname + search;
      const attempt = readAttempt(cookieHeader, env, {
        provider,
        state: searchParams.get("state"),
      });
      const cookie = cookiesOf(attempt?.checks ?? "");
      await Auth(new Request(url, { headers: { cookie } }), config);
      const result = seen.callback
        ? await verifyCallback(seen.callback, client)
        : failureOf(seen.failure, client, searchParams.get("error"));
      if ("failure" in result && result.cause === "invalid_client")
        log.error("provider.client_rejected", { provider });
      else if ("failure" in result && result.failure === "provider_failed")
        log.warn("provider.response_rejected", { provider, cause: result.cause });
      return result;
    },
  };
}

/**
 * The cookies in which Auth.js stores its checks. Browsers store them together in the cookie of their
 * attempt, so that attempts in several tabs do not replace each other's.
 */
const checkCookies = {
  state: "oauth_state",
  pkceCodeVerifier: "oauth_verifier",
  nonce: "oauth_nonce",
} as const;

const separator = "~";

/** The Cookie header that Auth.js expects: of the browser's cookies it gets only these. */
function cookiesOf(checks: string) {
  const values = checks.split(separator);
  return Object.values(checkCookies)
    .flatMap((name, at) => (values[at] ? [`${name}=${values[at]}`] : []))
    .join("; ");
}

/** The form that the sign-in page of Auth.js would post. */
function signInRequest({ env }: Parts, provider: MethodId) {
  return new Request(`${env.origin.origin}/api/auth/signin/${provider}`, {
    method: "POST",
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ callbackUrl: "/" }),
  });
}

const never = (what: string) => () => {
  throw new Error(`Auth.js may not ${what}: that is done by a flow.`);
};

/**
 * Auth.js's view of our tables: it can read a session by its token and create nothing.
 * `getUserByAccount` finds no one, so that Auth.js calls its `signIn` callback, where we take over.
 */
function guardedAdapter(parts: Parts): Adapter {
  return {
    ...DrizzleAdapter(parts.db),
    async getSessionAndUser(sessionToken) {
      const found = await sessionReader(parts, digest("session", sessionToken))();
      if (!found) return null;
      const { userId, email, endsAt } = found;
      // The raw token is returned: Auth.js would write a returned token into the cookie.
      return {
        session: { sessionToken, userId, expires: endsAt },
        user: { id: userId, email, emailVerified: null },
      };
    },
    updateSession: () => null,
    getUserByAccount: () => null,
    getUser: never("look users up"),
    getUserByEmail: never("look users up by their address"),
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

/** Auth.js needs an id only. Its own profile would read more claims and fail on unexpected types. */
const profile = ({ sub }: { sub: string }) => ({ id: sub });

/** By the id of the method. */
const authJsProviders: Record<string, (keys: ProviderKeys, client: OidcClient) => Provider> = {
  google: (keys, client) =>
    Google({
      ...keys,
      checks: ["pkce", "state", "nonce"],
      profile,
      authorization: { params: { scope: "openid email", prompt: "select_account" } },
      [customFetch]: client.fetch,
    }),
  // LinkedIn's ID token has no nonce and gives `email_verified` as text; its userinfo is correct.
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

interface Callback {
  readonly idToken: string | undefined;
  readonly accessToken: string | undefined;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** The configuration for one request of an attempt, and what Auth.js reports while it runs. */
function attemptOf(parts: Parts, provider: MethodId) {
  const { env } = parts;
  const client = parts.createOidcClient(provider);
  const configure = authJsProviders[provider];
  if (!configure) throw new Error(`${provider} is not configured for Auth.js.`);
  const seen: { callback?: Callback; failure?: Error } = {};
  const config: AuthConfig = {
    basePath: "/api/auth",
    providers: [configure(env.providers[provider]!, client)],
    adapter: guardedAdapter(parts),
    session: { strategy: "database" },
    secret: [...env.authSecret],
    trustHost: true,
    cookies: Object.fromEntries(
      Object.entries(checkCookies).map(([check, name]) => [check, { name }]),
    ),
    callbacks: {
      signIn({ account, profile }) {
        seen.callback = {
          idToken: account?.id_token,
          accessToken: account?.access_token,
          claims: { ...profile },
        };
        return "/";
      },
      // An invalid URL in a parameter or cookie would be a 500.
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

type Failure = Extract<CallbackResult, { failure: unknown }>;

/** Auth.js reads the claims of an ID token and does not verify its signature (O1). */
async function verifyCallback(
  { idToken, accessToken, claims }: Callback,
  client: OidcClient,
): Promise<CallbackResult> {
  const verified = await client.verify(idToken ?? "", accessToken ?? "");
  if (!verified.ok) {
    const { code, cause = "" } = verified.refusal;
    return { failure: code === "provider_unavailable" ? code : "provider_failed", cause };
  }
  return verified.value.sub === claims.sub
    ? { claims: { ...claims } }
    : { failure: "provider_failed", cause: "subject" };
}

// The standard's code for a user who cancels, and LinkedIn's own.
const cancelledCodes = ["access_denied", "user_cancelled_login", "user_cancelled_authorize"];

/** Why Auth.js stopped: a code for the user and a cause for the audit log. */
function failureOf(error: unknown, client: OidcClient, errorParameter: string | null): Failure {
  const lastError = client.lastError();
  if (lastError) return { failure: "provider_unavailable", cause: lastError };
  const { type, cause } = (error ?? {}) as { type?: string; cause?: { err?: unknown } };
  // A cookie of the attempt is missing, or belongs to another.
  if (type === "InvalidCheck") return { failure: "oauth_state_invalid", cause: "cookie" };
  if (type === "OAuthCallbackError" && errorParameter) {
    if (cancelledCodes.includes(errorParameter))
      return { failure: "provider_cancelled", cause: errorParameter };
    const isUnavailable = ["server_error", "temporarily_unavailable"].includes(errorParameter);
    return {
      failure: isUnavailable ? "provider_unavailable" : "provider_failed",
      cause: safeCause(errorParameter),
    };
  }
  const inner = (cause?.err ?? error) as {
    code?: string;
    error?: string;
    message?: string;
    cause?: Readonly<Record<string, unknown>>;
  };
  if (/"state"/.test(inner.message ?? ""))
    return { failure: "oauth_state_invalid", cause: "state" };
  // The code has expired or was used before.
  if (inner.error === "invalid_grant") return { failure: "oauth_state_invalid", cause: "code" };
  const named = inner.cause?.["claim"];
  const reason =
    claimFailure(typeof named === "string" ? named : undefined) ?? claimNamedIn(inner.message);
  if (reason) return { failure: "provider_failed", cause: `id_token_${reason}` };
  return {
    failure: "provider_failed",
    cause: safeCause(inner.error ?? inner.code ?? type ?? "none"),
  };
}

/** A claim that is missing or has the wrong type is named in the library's message alone. */
const claimNamedIn = (message: string | undefined) =>
  claimFailure(/\bJWT "(\w+)" \([^)]*\) claim/.exec(message ?? "")?.[1]);

/** An error code from outside, as the audit log may store it. */
const safeCause = (code: string) => (/^[\w.-]{1,60}$/.test(code) ? code.toLowerCase() : "unknown");
