import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { z } from "zod";
import type { MethodId } from "@/lib/core/method-id";
import { isOAuthMethodId } from "@/lib/methods";
import { getWorld } from "@/lib/runtime/world";
import { seal } from "@/lib/core/crypto";
import { readAttempt, readSealed, readToken } from "./cookies";
import { writeCookie } from "./next-cookies";
import type { OAuthCallback } from "./run-with-cookies";

/** The token of the OAuth attempt that a callback belongs to; "" for none, which matches no row. */
export const oauthAttemptToken = async (callback: OAuthCallback) =>
  readAttempt((await headers()).get("cookie"), getWorld().env, callback)?.token ?? "";

/** The token of this browser's pending identity; "" when there is none. */
export const pendingIdentityToken = async () =>
  readToken((await headers()).get("cookie"), getWorld().env, "pending_identity") ?? "";

/** Deletes the cookie of a pending identity, whose user has declined. The row expires. */
export const clearPendingIdentity = () => writeCookie(getWorld().env, "pending_identity", null);

/**
 * The attempt whose callback a request is. Also of a provider that is disabled or sent no parameters: a
 * person has come back and has to be told. Null for another path, for a subresource, and for a program
 * that posts anything but a form.
 */
export async function readOAuthCallback(request: Request): Promise<OAuthCallback | null> {
  const { method, url, headers } = request;
  const { pathname, searchParams } = new URL(url);
  const provider = pathname.replace("/api/auth/callback/", "");
  const isPage = (headers.get("sec-fetch-dest") ?? "document") === "document";
  if (!isOAuthMethodId(provider) || !isPage) return null;
  if (method === "GET") return { provider, state: searchParams.get("state") };
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(headers.get("content-type") ?? "");
  if (!isForm) return null;
  return { provider, state: new URLSearchParams(await request.text()).get("state") };
}

const schema = z.object({ provider: z.custom<MethodId>(isOAuthMethodId), url: z.url() });

/**
 * Ends an action with the page that leads on to a provider. Not a redirect: browsers check the
 * redirects of a form against `form-action`, which allows our origin only. The URL is encrypted, so
 * that an attacker cannot choose where that page leads. Never returns.
 */
export async function redirectToProvider(provider: MethodId, url: string): Promise<never> {
  const { env } = getWorld();
  const sealed = seal(env.outboxKey, JSON.stringify({ provider, url }));
  await writeCookie(env, "oauth_redirect", sealed);
  redirect("/sign-in/continue");
}

/** The provider and URL that this browser is being sent to; null for none. */
export async function readOAuthRedirect(): Promise<z.output<typeof schema> | null> {
  const header = (await headers()).get("cookie");
  return schema.safeParse(readSealed(header, getWorld().env, "oauth_redirect")).data ?? null;
}
