import { randomUUID } from "node:crypto";
import { headers } from "next/headers";
import { userAgent } from "next/server";
import { cache } from "react";
import { type BrowserFamily, type DeviceSystem, formatDevice } from "@/lib/core/device";
import type { RequestContext } from "@/lib/runtime/flow";
import { canonicalIp, networkOf } from "@/lib/core/ip";
import { getWorld } from "@/lib/runtime/world";
import { sessionReader } from "@/lib/runtime/run-flow";
import { digest } from "@/lib/core/crypto";
import { readCookie, readToken } from "./cookies";
import { isSameOrigin } from "./origin";

/** A request, with the raw tokens its cookies may need to be set again from. */
interface Request {
  readonly requestContext: RequestContext;
  readonly requestingBrowserToken: () => string;
  readonly deviceToken: () => string;
  readonly hasFlash: boolean;
}

/**
 * Reads who asks, once per request. The forwarding header was put right by the HTTP front. What
 * only some flows look at is made when they do: most requests only read a session.
 */
export const readRequest = cache(async (): Promise<Request> => {
  const world = getWorld();
  const sent = await headers();
  const cookie = sent.get("cookie");
  const sessionToken = readToken(cookie, world.env, "session");
  const oldDevice = readToken(cookie, world.env, "device");
  const requestingBrowserToken = once(
    () => readToken(cookie, world.env, "mail_request") ?? world.random.token(),
  );
  const deviceToken = once(() => oldDevice ?? world.random.token());
  const browser = once(() => deviceOf(sent));
  const ip = canonicalIp(sent.get("x-forwarded-for") ?? undefined);
  const sessionDigest = sessionToken && digest("session", sessionToken);
  const requestContext: RequestContext = {
    requestId: randomUUID(),
    sameOrigin: isSameOrigin(sent, world.env.origin.origin),
    // Said by a form, which `web/perform` reads.
    shownTo: null,
    ip,
    get network() {
      return networkOf(ip);
    },
    get browser() {
      return browser();
    },
    sessionDigest,
    get requestingBrowserDigest() {
      return digest("requesting_browser", requestingBrowserToken());
    },
    get deviceDigest() {
      return digest("device", deviceToken());
    },
    hasDeviceCookie: oldDevice !== null,
    readSession: cache(sessionReader(world, sessionDigest)),
  };
  const hasFlash = readCookie(cookie, world.env, "flash") !== null;
  return { requestContext, requestingBrowserToken, deviceToken, hasFlash };
});

/** What a request shows once its session goes on under another token. */
export function signedInBy(token: string): Pick<RequestContext, "sessionDigest" | "readSession"> {
  const sessionDigest = digest("session", token);
  return { sessionDigest, readSession: sessionReader(getWorld(), sessionDigest) };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

// What we are ready to name in emails and on pages; whatever else a client calls itself stays out.
const browsers: Partial<Record<string, BrowserFamily>> = {
  Chrome: "chrome",
  "Chrome Headless": "chrome",
  Chromium: "chromium",
  Edge: "edge",
  Firefox: "firefox",
  "Mobile Chrome": "chrome",
  "Mobile Firefox": "firefox",
  "Mobile Safari": "safari",
  Opera: "opera",
  Safari: "safari",
  "Samsung Browser": "samsung",
  "Samsung Internet": "samsung",
};
const systems: Partial<Record<string, DeviceSystem>> = {
  Android: "android",
  "Chromium OS": "chromeos",
  iOS: "iphone",
  Linux: "linux",
  "Mac OS": "mac",
  macOS: "mac",
  Ubuntu: "linux",
  Windows: "windows",
};

function deviceOf(sent: Headers): string {
  const { browser, os, device } = userAgent({ headers: sent });
  return formatDevice({
    family: ownValue(browsers, browser.name),
    system: device.model === "iPad" ? "ipad" : ownValue(systems, os.name),
  });
}

const ownValue = <T>(record: Partial<Record<string, T>>, key = ""): T | null =>
  (Object.hasOwn(record, key) ? record[key] : undefined) ?? null;
