import { formatDevice } from "@/lib/core/device";
import { randomUUID } from "node:crypto";
import type { RequestContext } from "@/lib/runtime/request-context";
import type { World } from "@/lib/runtime/ports";
import { canonicalIp, networkOf } from "@/lib/core/ip";
import { renewedSessionReader, sessionReader } from "@/lib/runtime/run-flow";
import { digest } from "@/lib/core/crypto";
import { hasCookieOfOurs, readCookie, readToken } from "./cookies";
import { isSameOrigin } from "./origin";
import { readUserAgent } from "./user-agent";

/** A request's context, and the raw tokens for cookies that the response may set. */
export interface IncomingRequest {
  readonly requestContext: RequestContext;
  readonly requestingBrowserToken: () => string;
  readonly deviceToken: () => string;
  readonly hasFlash: boolean;
}

/**
 * Reads a request's headers. The request gate has already replaced the forwarding headers. Properties that
 * only some flows need are computed when read: most requests only read a session.
 */
export function readIncomingRequest(world: World, headers: Pick<Headers, "get">): IncomingRequest {
  const cookie = headers.get("cookie");
  const sessionToken = readToken(cookie, world.env, "session");
  const deviceCookie = readToken(cookie, world.env, "device");
  const requestingBrowserToken = once(
    () => readToken(cookie, world.env, "mail_request") ?? world.random.token(),
  );
  const deviceToken = once(() => deviceCookie ?? world.random.token());
  const browser = once(() => formatDevice(readUserAgent(headers.get("user-agent") ?? "")));
  const ip = canonicalIp(headers.get("x-forwarded-for") ?? undefined);
  const sessionDigest = sessionToken && digest("session", sessionToken);
  const requestContext: RequestContext = {
    requestId: randomUUID(),
    sameOrigin: isSameOrigin(headers, world.env.origin.origin),
    // Known only for forms: `runWithCookies` sets it.
    shownTo: null,
    ip,
    country: headers.get("x-forwarded-country"),
    get network() {
      return networkOf(ip);
    },
    get browser() {
      return browser();
    },
    acceptsCookies: hasCookieOfOurs(cookie, world.env),
    sessionDigest,
    sessionRenewed: false,
    cookieHeader: cookie,
    get requestingBrowserDigest() {
      return digest("requesting_browser", requestingBrowserToken());
    },
    get deviceDigest() {
      return digest("device", deviceToken());
    },
    hasDeviceCookie: deviceCookie !== null,
    readSession: once(sessionReader(world, sessionDigest)),
  };
  const hasFlash = readCookie(cookie, world.env, "flash") !== null;
  return { requestContext, requestingBrowserToken, deviceToken, hasFlash };
}

/** The session part of a request's context after an earlier flow of the request renewed the token. */
export function contextOfSession(
  world: World,
  token: string,
): Pick<RequestContext, "sessionDigest" | "sessionRenewed" | "readSession"> {
  const sessionDigest = digest("session", token);
  const readSession = once(renewedSessionReader(world, sessionDigest));
  return { sessionDigest, sessionRenewed: true, readSession };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
