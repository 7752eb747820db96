import { headers } from "next/headers";
import { limits } from "@/lib/policy";
import { theWorld } from "@/lib/outside/world";

/** What pages know about the installation they belong to. */
export function site() {
  const { env, mailbox } = theWorld();
  const { appName, supportEmail, lifetimes, signUp } = env;
  return {
    appName,
    supportEmail,
    lifetimes,
    signUp,
    lettersPerHour: env.limitMax.lettersPerAddress ?? limits.lettersPerAddress.max,
    hasMailbox: mailbox !== null,
    origin: env.origin.origin,
  };
}

/** The nonce of this response's content security policy, made by `proxy.ts`. */
export const pageNonce = async () => (await headers()).get("x-nonce") ?? undefined;

/** The time as pages show it. */
export const theTime = () => theWorld().clock.now();

/** How each part of this installation is, asked now. */
export const readHealth = () => theWorld().health();
