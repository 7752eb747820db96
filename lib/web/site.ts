import { headers } from "next/headers";
import { notFound } from "next/navigation";
import type { MethodId } from "@/lib/core/method-id";
import { limits } from "@/lib/core/policy";
import { getWorld } from "@/lib/runtime/world";

/** What pages know about the installation they belong to. */
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

/** A page of a way of signing in: where that is switched off, there is no such page. */
export function requireMethod(method: MethodId): void {
  if (!getWorld().env.methods.includes(method)) notFound();
}

/** Whether this request is for a page of Latchkey itself; the request gate says so. */
export const isOwnPage = async () => (await headers()).has("x-own-page");

/** The nonce that `proxy.ts` made, where the page runs Next's script. Scripts that are files need none elsewhere. */
export const pageNonce = async () => (await headers()).get("x-nonce") ?? undefined;

/** The time as pages show it. */
export const now = () => getWorld().clock.now();

/** How each part of this installation is, asked now. */
export const readHealth = () => getWorld().health();
