import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { z } from "zod";
import type { MethodId } from "@/lib/core/method-id";
import { isOAuthMethodId } from "@/lib/methods";
import { getWorld } from "@/lib/runtime/world";
import { seal } from "@/lib/core/crypto";
import { readSealed, readToken } from "./cookies";
import { writeCookie } from "./next-cookies";

/** The token of this browser's OAuth attempt; "" when there is none, which matches no row. */
export const oauthAttemptToken = () => tokenFrom("oauth_attempt");

/** The token of this browser's pending identity; "" when there is none. */
export const pendingIdentityToken = () => tokenFrom("pending_identity");

const tokenFrom = async (name: "oauth_attempt" | "pending_identity") =>
  readToken((await headers()).get("cookie"), getWorld().env, name) ?? "";

/** Deletes the cookie of a pending identity, whose user has declined. The row expires. */
export const clearPendingIdentity = () => writeCookie(getWorld().env, "pending_identity", null);

/**
 * The provider whose callback a request is; null for another path, a disabled provider, a request
 * without a response of the provider, or one that loads it as a subresource.
 */
export function providerOfCallback({ url, headers }: Request): MethodId | null {
  const { pathname, searchParams } = new URL(url);
  const provider = pathname.replace("/api/auth/callback/", "");
  if (!isOAuthMethodId(provider) || !getWorld().env.methods.includes(provider)) return null;
  if (!["code", "error", "state"].some((name) => searchParams.has(name))) return null;
  return (headers.get("sec-fetch-dest") ?? "document") === "document" ? provider : null;
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
