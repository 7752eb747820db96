import { cookies, headers } from "next/headers";
import { redirect } from "next/navigation";
import { z } from "zod";
import { type OAuthProvider, oauthProviderIds } from "@/lib/core/oauth-providers";
import { getWorld } from "@/lib/runtime/world";
import { seal } from "@/lib/core/crypto";
import { cookieForAuthJs, readSealed, readToken } from "./cookies";
import { setCookies, writeCookie } from "./next-cookies";
import type { OAuthRequest } from "./oauth-request";
import { runForRequest } from "./run-for-request";

/** The current request, which returns from a provider. Only in routes. */
export const returningRequest = async () => oauthRequest(await tokenFrom("oauth_attempt"));

/** The current request, which has just started an OAuth attempt. Only in actions. */
export const startingRequest = async () => oauthRequest(await startedAttemptToken());

const oauthRequest = async (oauthAttempt: string): Promise<OAuthRequest> => ({
  headers: await headers(),
  oauthAttempt,
  setCookies,
  run: (flow, input) => runForRequest(flow, input, { sameOriginVerified: true }),
});

/** The token of this browser's pending identity; "" without one. */
export const pendingIdentityToken = () => tokenFrom("pending_identity");

const tokenFrom = async (name: "oauth_attempt" | "pending_identity") =>
  readToken((await headers()).get("cookie"), getWorld().env, name) ?? "";

/** Forgets this browser's pending identity, which the user has declined. Its row expires. */
export const clearPendingIdentity = () => writeCookie(getWorld().env, "pending_identity", null);

/** The token of the attempt that this request has started. The browser does not send it yet. */
async function startedAttemptToken(): Promise<string> {
  const { name } = cookieForAuthJs(getWorld().env, "oauth_attempt");
  return (await cookies()).get(name)?.value ?? "";
}

const schema = z.object({ provider: z.enum(oauthProviderIds), url: z.url() });

/**
 * Ends an action with a page that links to a provider. A redirect would fail: browsers check the
 * redirects of a form against `form-action`, which allows only this origin. The cookie with the URL
 * is encrypted, so that an attacker cannot choose the target. Never returns.
 */
export async function redirectToProvider(provider: OAuthProvider, url: string): Promise<never> {
  const { env } = getWorld();
  const sealed = seal(env.outboxKey, JSON.stringify({ provider, url }));
  await writeCookie(env, "oauth_redirect", sealed);
  redirect("/sign-in/continue");
}

/** The provider and URL that `redirectToProvider` has stored; null without them. */
export async function readOAuthRedirect(): Promise<z.output<typeof schema> | null> {
  const header = (await headers()).get("cookie");
  return schema.safeParse(readSealed(header, getWorld().env, "oauth_redirect")).data ?? null;
}
