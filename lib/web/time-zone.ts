import { headers } from "next/headers";
import { getWorld } from "@/lib/runtime/world";
import { readCookie } from "./cookies";

/** The time zone of the person's browser, which our script leaves in a cookie; else UTC. */
export async function timeZone(): Promise<string> {
  const header = (await headers()).get("cookie");
  return readTimeZone(readCookie(header, getWorld().env, "time-zone"));
}

/** A time zone by its IANA name, spelled as Intl spells it; UTC for anything else. */
export function readTimeZone(name: string | null): string {
  if (!name || !ianaName.test(name)) return "UTC";
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return "UTC";
  }
}

const ianaName = /^[A-Za-z][\w+/-]{0,63}$/;
