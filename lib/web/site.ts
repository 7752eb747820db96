import { headers } from "next/headers";
import { notFound } from "next/navigation";
import type { MethodId } from "@/lib/core/method-id";
import { limits } from "@/lib/core/policy";
import { getWorld } from "@/lib/runtime/world";

/** The configuration that pages may show. */
export function siteConfig() {
  const { env, mailbox } = getWorld();
  const { appName, supportEmail, lifetimes, signUp, methods, passwordMinLength } = env;
  return {
    appName,
    supportEmail,
    lifetimes,
    signUp,
    methods,
    passwordMinLength,
    emailsPerHour: env.limitMax.emailsPerAddress ?? limits.emailsPerAddress.max,
    hasMailbox: mailbox !== null,
    origin: env.origin.origin,
  };
}

/** Shows "not found" when a sign-in method is disabled. */
export function requireMethod(method: MethodId): void {
  if (!getWorld().env.methods.includes(method)) notFound();
}

/** Whether this request is for one of Latchkey's own pages; set by the request gate. */
export const isOwnPage = async () => (await headers()).has("x-own-page");

/** The CSP nonce of `proxy.ts`; undefined on Latchkey's own pages, which have no inline script. */
export const pageNonce = async () => (await headers()).get("x-nonce") ?? undefined;

export const now = () => getWorld().clock.now();

export const readHealth = () => getWorld().health();
