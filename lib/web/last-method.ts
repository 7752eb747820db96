import { headers } from "next/headers";
import type { MethodId } from "@/lib/core/method-id";
import { methodByStoredName } from "@/lib/methods";
import { getWorld } from "@/lib/runtime/world";
import { readCookie } from "./cookies";

export type LastMethod = MethodId | null;

/** The method this browser used last, whoever used it. Its cookie contains only the stored name. */
export async function lastMethod(): Promise<LastMethod> {
  const name = readCookie((await headers()).get("cookie"), getWorld().env, "method") ?? "";
  return methodByStoredName(name)?.id ?? null;
}
