import { headers } from "next/headers";
import { parseTimeZone } from "@/lib/core/time-zone";
import { getWorld } from "@/lib/runtime/world";
import { readCookie } from "./cookies";
import { readRequest } from "./request";

/** The time zone that the signed-in user has chosen; else that of the browser. */
export async function timeZone(): Promise<string> {
  const session = await (await readRequest()).requestContext.readSession();
  return session?.timeZone ? readTimeZone(session.timeZone) : browserTimeZone();
}

/** The time zone of the user's browser, which our script leaves in a cookie; else UTC. */
export async function browserTimeZone(): Promise<string> {
  const header = (await headers()).get("cookie");
  return readTimeZone(readCookie(header, getWorld().env, "time-zone"));
}

/** A time zone by its IANA name; UTC for anything else. */
export const readTimeZone = (name: string | null): string => parseTimeZone(name ?? "") ?? "UTC";
