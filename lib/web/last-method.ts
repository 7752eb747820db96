import { headers } from "next/headers";
import type { SignInMethod } from "@/lib/core/env";
import { getWorld } from "@/lib/runtime/world";
import { readCookie } from "./cookies";

const methods: Record<string, SignInMethod> = {
  magic_link: "magic_link",
  email: "password",
  google: "google",
  linkedin: "linkedin",
};

export type LastMethod = SignInMethod | null;

/** The sign-in method that this browser used last, by any user. */
export async function lastMethod(): Promise<LastMethod> {
  const name = readCookie((await headers()).get("cookie"), getWorld().env, "method") ?? "";
  return Object.hasOwn(methods, name) ? methods[name]! : null;
}
