import { headers } from "next/headers";
import type { MethodId } from "@/lib/core/method-id";
import { isUsable, methodByStoredName } from "@/lib/methods";
import { getWorld } from "@/lib/runtime/world";
import { readCookie } from "./cookies";

export type LastMethod = MethodId | null;

/**
 * The method this browser used last, whoever used it; null when it is disabled. Its cookie contains only
 * the stored name.
 */
export async function lastMethod(): Promise<LastMethod> {
  const { env } = getWorld();
  const provider = readCookie((await headers()).get("cookie"), env, "method") ?? "";
  return isUsable({ provider, needsConfirmation: false }, env.methods)
    ? (methodByStoredName(provider)?.id ?? null)
    : null;
}
