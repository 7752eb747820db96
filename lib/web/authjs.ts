import { DrizzleAdapter } from "@auth/drizzle-adapter";
import { Auth } from "@auth/core";
import NextAuth, { customFetch, type NextAuthConfig } from "next-auth";
import type { Adapter, AdapterUser } from "next-auth/adapters";
import type { Provider } from "next-auth/providers";
import Google from "next-auth/providers/google";
import LinkedIn from "next-auth/providers/linkedin";
import type { NextRequest } from "next/server";
import type { ProviderKeys } from "@/lib/core/env";
import type { ProviderLine } from "@/lib/runtime/flow";
import { completeHandshake, type Returned } from "@/lib/flows/oauth/complete-oauth";
import { isOAuthProvider, type OAuthProvider } from "@/lib/core/oauth-providers";
import { theWorld } from "@/lib/runtime/world";
import { lifetimes } from "@/lib/core/policy";
import { ok, type Result } from "@/lib/core/result";
import { sessionReader } from "@/lib/runtime/run-flow";
import { digest } from "@/lib/core/crypto";
import { cookieForAuth, oauthCookies, unusedForAuth, writeCookie } from "./cookies";
import { begunToken, handshakeToken } from "./oauth-cookies";
import { perform } from "./run-for-request";

const never = (what: string) => () => {
  throw new Error(`Auth.js may not ${what}: that is a flow's to do.`);
};

/**
 * Auth.js's view of our tables. It may look sessions up by their token, and nothing may come into
 * being through it. `getUserByAccount` comes before its `signIn` callback, which is where we decide
 * who somebody is; so it knows nobody.
 */
function guardedAdapter(): Adapter {
  const world = theWorld();
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
const handshakes: { [P in OAuthProvider]: (keys: ProviderKeys, line: ProviderLine) => Provider } = {
  // Its ID token says all we ask for.
  google: (keys, line) =>
    Google({
      ...keys,
      checks: ["pkce", "state", "nonce"],
      profile,
      authorization: { params: { scope: "openid email", prompt: "select_account" } },
      [customFetch]: line.fetch,
    }),
  // Its ID token has no nonce, and "verified" as a text; what it says when asked has it as it should be.
  linkedin: (keys, line) => ({
    ...LinkedIn({
      ...keys,
      checks: ["state"],
      profile,
      authorization: { params: { scope: "openid email" } },
      [customFetch]: line.fetch,
    }),
    idToken: false,
  }),
};

/**
 * One trip to a provider, or back from it, with Auth.js. Its `signIn` callback takes what came back
 * and returns a path, which ends Auth.js's work before it makes a user or a session; what it would
 * log, and then turn into a page of its own, is kept instead.
 */
function trip(provider: OAuthProvider) {
  const { env, openLine } = theWorld();
  const line = openLine(provider);
  const came: { back?: CameBack; failure?: Error } = {};
  const config: NextAuthConfig = {
    basePath: "/api/auth",
    providers: [handshakes[provider](env.providers[provider]!, line)],
    adapter: guardedAdapter(),
    session: { strategy: "database" },
    secret: [...env.authSecret],
    trustHost: true,
    cookies: {
      sessionToken: cookieForAuth(env, "session"),
      state: cookieForAuth(env, "oauth_state"),
      pkceCodeVerifier: cookieForAuth(env, "oauth_verifier"),
      nonce: cookieForAuth(env, "oauth_nonce"),
      // It has no use for these here; but it is not to stumble over what others keep by its names.
      callbackUrl: unusedForAuth(env, "oauth_url"),
      csrfToken: unusedForAuth(env, "oauth_csrf"),
    },
    callbacks: {
      signIn({ account, profile }) {
        came.back = { idToken: account?.id_token, claims: { ...profile } };
        return "/";
      },
      // Whatever a parameter or a cookie asks for; a bad one would be a 500.
      redirect: ({ baseUrl }) => baseUrl,
    },
    logger: {
      error: (error) => void (came.failure ??= error),
      warn: () => {},
      debug: () => {},
    },
  };
  return { config, line, came };
}

interface CameBack {
  readonly idToken: string | undefined;
  readonly claims: Readonly<Record<string, unknown>>;
}

/**
 * Where a browser that has begun a handshake goes: the provider's address, with state and whatever
 * else its checks need in cookies. Only for actions and routes. Refuses `provider_unavailable`, and
 * `provider_failed` when what the provider says of itself makes no sense.
 */
export async function wayTo(provider: OAuthProvider): Promise<Result<{ url: string }>> {
  const { config, line, came } = trip(provider);
  const { signIn } = NextAuth(config);
  const url = (await signIn(provider, { redirect: false, redirectTo: "/" })) as string;
  if (!came.failure) return ok({ url });
  const failure = came.failure;
  const exchange = async () => {
    await forgetTrip();
    return failureOf(failure, line, null);
  };
  // The trip ends here, and the audit log has the reason.
  const input = { provider, handshake: await begunToken(), exchange };
  const ended = await perform(completeHandshake, input, { vouched: true });
  if (ended.ok) throw new Error("A trip that failed to begin has arrived.");
  return ended;
}

/**
 * A browser comes back from a provider: the flow decides whether its trip is under way, and what becomes
 * of it; Auth.js sees to the protocol, and we to the ID token's signature. Null where nothing came back,
 * the provider has no keys here, or a page of somebody else's has this address for a picture of it.
 */
export async function returnFrom(request: NextRequest) {
  const asked = new URL(request.url);
  const provider = asked.pathname.replace("/api/auth/callback/", "");
  if (!isOAuthProvider(provider) || !theWorld().env.methods.includes(provider)) return null;
  if (!["code", "error", "state"].some((name) => asked.searchParams.has(name))) return null;
  if ((request.headers.get("sec-fetch-dest") ?? "document") !== "document") return null;
  const exchange = async () => {
    await forgetTrip();
    const { config, line, came } = trip(provider);
    // The address as it is: Next's own request reads other names of this machine as "localhost".
    const here = theWorld().env.origin.origin + asked.pathname + asked.search;
    await Auth(new Request(here, { headers: request.headers }), config);
    const returned = came.back
      ? await verified(came.back, line)
      : failureOf(came.failure, line, asked.searchParams.get("error"));
    if ("failure" in returned && returned.cause === "invalid_client")
      theWorld().log.error("provider.refuses_us", { provider });
    return returned;
  };
  // Vouched for by the state, which only this browser has; a provider's redirect has no Origin.
  const input = { provider, handshake: await handshakeToken(), exchange };
  return perform(completeHandshake, input, { vouched: true });
}

/** Each trip has its cookies once, however it ends. */
async function forgetTrip() {
  for (const name of [...oauthCookies, "onward"] as const)
    await writeCookie(theWorld().env, name, null, lifetimes.handshake);
}

type Failure = Extract<Returned, { failure: unknown }>;

/** Auth.js reads an ID token's claims, and leaves its signature to us (O1). */
async function verified({ idToken, claims }: CameBack, line: ProviderLine): Promise<Returned> {
  const read = await line.verify(idToken ?? "");
  if (!read.ok) {
    const { code, cause = "" } = read.refusal;
    return { failure: code === "provider_unavailable" ? code : "provider_failed", cause };
  }
  return read.value.sub === claims.sub
    ? { claims: { ...claims } }
    : { failure: "provider_failed", cause: "subject" };
}

// What people did at the provider; LinkedIn has words of its own.
const cancelled = ["access_denied", "user_cancelled_login", "user_cancelled_authorize"];

/** What stopped Auth.js, as people are told it, and as the audit log has it. `said` by the provider. */
function failureOf(error: unknown, line: ProviderLine, said: string | null): Failure {
  const trouble = line.trouble();
  if (trouble) return { failure: "provider_unavailable", cause: trouble };
  const { type, cause } = (error ?? {}) as { type?: string; cause?: { err?: unknown } };
  // A cookie of the trip is missing, or another's.
  if (type === "InvalidCheck") return { failure: "handshake_lost", cause: "cookie" };
  if (type === "OAuthCallbackError" && said) {
    if (cancelled.includes(said)) return { failure: "provider_cancelled", cause: said };
    const isAway = said === "server_error" || said === "temporarily_unavailable";
    return { failure: isAway ? "provider_unavailable" : "provider_failed", cause: plain(said) };
  }
  const inner = (cause?.err ?? error) as { code?: string; error?: string; message?: string };
  if (/"state"/.test(inner.message ?? "")) return { failure: "handshake_lost", cause: "state" };
  // The code is too old, or was used before.
  if (inner.error === "invalid_grant") return { failure: "handshake_lost", cause: "code" };
  return { failure: "provider_failed", cause: plain(inner.error ?? inner.code ?? type ?? "none") };
}

/** A word from outside, as far as it is one. */
const plain = (word: string) => (/^[\w.-]{1,60}$/.test(word) ? word.toLowerCase() : "unknown");
