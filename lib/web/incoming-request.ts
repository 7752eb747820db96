import { formatDevice } from "@/lib/core/device";
import { randomUUID } from "node:crypto";
import type { RequestContext } from "@/lib/runtime/request-context";
import type { World } from "@/lib/runtime/ports";
import { canonicalIp, networkOf } from "@/lib/core/ip";
import { sessionReader } from "@/lib/runtime/run-flow";
import { digest } from "@/lib/core/crypto";
import { readCookie, readToken } from "./cookies";
import { isSameOrigin } from "./origin";
import { readUserAgent } from "./user-agent";

/** A request, with the raw tokens its cookies may need to be set again from. */
export interface IncomingRequest {
  readonly requestContext: RequestContext;
  readonly requestingBrowserToken: () => string;
  readonly deviceToken: () => string;
  readonly hasFlash: boolean;
}

/**
 * Reads the headers of a request, whichever server it came through. The request gate has already
 * replaced `x-forwarded-for`. What only some flows need is computed when they read it: most
 * requests only read a session.
 */
export function readIncomingRequest(world: World, headers: Pick<Headers, "get">): IncomingRequest {
  const cookie = headers.get("cookie");
  const sessionToken = readToken(cookie, world.env, "session");
  const oldDevice = readToken(cookie, world.env, "device");
  const requestingBrowserToken = once(
    () => readToken(cookie, world.env, "mail_request") ?? world.random.token(),
  );
  const deviceToken = once(() => oldDevice ?? world.random.token());
  const browser = once(() => formatDevice(readUserAgent(headers.get("user-agent") ?? "")));
  const ip = canonicalIp(headers.get("x-forwarded-for") ?? undefined);
  const sessionDigest = sessionToken && digest("session", sessionToken);
  const requestContext: RequestContext = {
    requestId: randomUUID(),
    sameOrigin: isSameOrigin(headers, world.env.origin.origin),
    // Only a form says this; `runWithCookies` is given it.
    shownTo: null,
    ip,
    get network() {
      return networkOf(ip);
    },
    get browser() {
      return browser();
    },
    sessionDigest,
    cookieHeader: cookie,
    get requestingBrowserDigest() {
      return digest("requesting_browser", requestingBrowserToken());
    },
    get deviceDigest() {
      return digest("device", deviceToken());
    },
    hasDeviceCookie: oldDevice !== null,
    readSession: once(sessionReader(world, sessionDigest)),
  };
  const hasFlash = readCookie(cookie, world.env, "flash") !== null;
  return { requestContext, requestingBrowserToken, deviceToken, hasFlash };
}

/** What a request shows once its session goes on under another token. */
export function signedInBy(
  world: World,
  token: string,
): Pick<RequestContext, "sessionDigest" | "readSession"> {
  const sessionDigest = digest("session", token);
  return { sessionDigest, readSession: sessionReader(world, sessionDigest) };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
