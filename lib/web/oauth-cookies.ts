import { cookies, headers } from "next/headers";
import { redirect } from "next/navigation";
import { z } from "zod";
import { type OAuthProvider, oauthProviderIds } from "@/lib/core/oauth-providers";
import { getWorld } from "@/lib/runtime/world";
import { lifetimes } from "@/lib/core/policy";
import { seal } from "@/lib/core/crypto";
import { cookieForAuthJs, readSealed, readToken, writeCookie } from "./cookies";

/** The token of this browser's trip to a provider; "" when there is none, which matches no row. */
export const oauthAttemptToken = () => tokenFrom("oauth_attempt");

/** The token of whom a trip brought back to this browser; "" when nobody waits. */
export const pendingIdentityToken = () => tokenFrom("pending_identity");

const tokenFrom = async (name: "oauth_attempt" | "pending_identity") =>
  readToken((await headers()).get("cookie"), getWorld().env, name) ?? "";

/** Nobody waits in this browser any more: who was asked has said no. The row ends by itself. */
export const clearPendingIdentity = () =>
  writeCookie(getWorld().env, "pending_identity", null, lifetimes.oauthAttempt);

/** The token of the trip that this very request has begun; the browser does not send it yet. */
export async function startedAttemptToken(): Promise<string> {
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
