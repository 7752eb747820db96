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

/** The way in this browser used last, whoever it was; its cookie holds nothing but the name. */
export async function lastMethod(): Promise<LastMethod> {
  const name = readCookie((await headers()).get("cookie"), getWorld().env, "method") ?? "";
  return Object.hasOwn(methods, name) ? methods[name]! : null;
}
