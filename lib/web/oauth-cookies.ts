import { cookies, headers } from "next/headers";
import { redirect } from "next/navigation";
import { z } from "zod";
import { type OAuthProvider, oauthProviderIds } from "@/lib/core/oauth-providers";
import { getWorld } from "@/lib/runtime/world";
import { lifetimes } from "@/lib/core/policy";
import { seal } from "@/lib/core/crypto";
import { cookieForAuthJs, readSealed, readToken } from "./cookies";
import { setCookies, writeCookie } from "./next-cookies";
import type { OAuthRequest } from "./oauth-request";
import { runForRequest } from "./run-for-request";

/** This request, which returns from a provider. In routes only. */
export const returningRequest = async () => oauthRequest(await tokenFrom("oauth_attempt"));

/** This request, which has just begun an OAuth attempt. In actions only. */
export const startingRequest = async () => oauthRequest(await startedAttemptToken());

const oauthRequest = async (oauthAttempt: string): Promise<OAuthRequest> => ({
  headers: await headers(),
  oauthAttempt,
  setCookies,
  run: (flow, input) => runForRequest(flow, input, { sameOriginVerified: true }),
});

/** The token of whom a trip brought back to this browser; "" when nobody waits. */
export const pendingIdentityToken = () => tokenFrom("pending_identity");

const tokenFrom = async (name: "oauth_attempt" | "pending_identity") =>
  readToken((await headers()).get("cookie"), getWorld().env, name) ?? "";

/** Nobody waits in this browser any more: who was asked has said no. The row ends by itself. */
export const clearPendingIdentity = () =>
  writeCookie(getWorld().env, "pending_identity", null, lifetimes.oauthAttempt);

/** The token of the trip that this very request has begun; the browser does not send it yet. */
async function startedAttemptToken(): Promise<string> {
  const { name } = cookieForAuthJs(getWorld().env, "oauth_attempt");
  return (await cookies()).get(name)?.value ?? "";
}

const schema = z.object({ provider: z.enum(oauthProviderIds), url: z.url() });

/**
 * Ends an action with the page that leads on to a provider. No redirect: browsers hold a form's
 * redirects against `form-action`, which names nobody but us. The address is sealed on its way, so
 * that nobody else can say where that page leads. Never returns.
 */
export async function redirectToProvider(provider: OAuthProvider, url: string): Promise<never> {
  const { env } = getWorld();
  const sealed = seal(env.outboxKey, JSON.stringify({ provider, url }));
  await writeCookie(env, "oauth_redirect", sealed, lifetimes.flash);
  redirect("/sign-in/continue");
}

/** Where this browser is on its way to; null when it is not. */
export async function readOAuthRedirect(): Promise<z.output<typeof schema> | null> {
  const header = (await headers()).get("cookie");
  return schema.safeParse(readSealed(header, getWorld().env, "oauth_redirect")).data ?? null;
}
