import { headers } from "next/headers";
import { notFound } from "next/navigation";
import type { SignInMethod } from "@/lib/core/env";
import { limits } from "@/lib/core/policy";
import { theWorld } from "@/lib/runtime/world";

/** What pages know about the installation they belong to. */
export function site() {
  const { env, mailbox } = theWorld();
  const { appName, supportEmail, lifetimes, signUp, methods, passwordLeast } = env;
  return {
    appName,
    supportEmail,
    lifetimes,
    signUp,
    methods,
    passwordLeast,
    lettersPerHour: env.limitMax.lettersPerAddress ?? limits.lettersPerAddress.max,
    hasMailbox: mailbox !== null,
    origin: env.origin.origin,
  };
}

/** A page of a way of signing in: where that is switched off, there is no such page. */
export function onlyWith(method: SignInMethod): void {
  if (!theWorld().env.methods.includes(method)) notFound();
}

/** Whether this request is for a page of Latchkey itself; the request gate says so. */
export const isOwnPage = async () => (await headers()).has("x-own-page");

/** The nonce that `proxy.ts` made, where the page runs Next's script. Scripts that are files need none elsewhere. */
export const pageNonce = async () => (await headers()).get("x-nonce") ?? undefined;

/** The time as pages show it. */
export const theTime = () => theWorld().clock.now();

/** How each part of this installation is, asked now. */
export const readHealth = () => theWorld().health();
