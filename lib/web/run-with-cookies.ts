import type { z } from "zod";
import type { RequestContext, CookieChanges } from "@/lib/runtime/request-context";
import type { Flow, Requires } from "@/lib/runtime/flow";
import type { World } from "@/lib/runtime/ports";
import type { Result } from "@/lib/core/result";
import { runFlow } from "@/lib/runtime/run-flow";
import { cookieFromAuth, cookieOf, type ResponseCookie } from "./cookies";
import { contextOfSession, type IncomingRequest } from "./incoming-request";

/** What an entry point knows about a request besides its headers. */
export interface RunOptions {
  /** The entry point itself has verified that no other site sent the request. */
  readonly sameOriginVerified?: boolean;
  /** The request comes from a program, which keeps the cookies that it wants. */
  readonly isProgram?: boolean;
  /** The session's new token, when an earlier flow of the same request renewed it. */
  readonly renewed?: string | undefined;
  /** See `RequestContext`. */
  readonly shownTo?: string | null;
}

/** A flow's result with the cookies and tasks of the response; or the reference of a logged bug. */
export type Outcome<Out> =
  | {
      readonly failed: false;
      readonly result: Result<Out>;
      readonly cookies: readonly ResponseCookie[];
      readonly afterResponse: readonly (() => unknown)[];
      readonly renewed: string | undefined;
    }
  | { readonly failed: true; readonly reference: string };

/** Runs a flow for a request, of a page or of the JSON API, and returns the cookies to set. */
export async function runWithCookies<Schema extends z.ZodType, Out, R extends Requires>(
  world: World,
  flow: Flow<Schema, Out, R>,
  incoming: IncomingRequest,
  input: unknown,
  { sameOriginVerified = false, isProgram = false, renewed, shownTo = null }: RunOptions = {},
): Promise<Outcome<Out>> {
  const { requestContext } = incoming;
  // Inherits instead of copying: a copy would compute every lazy property.
  const context = Object.assign(
    Object.create(requestContext) as RequestContext,
    sameOriginVerified && { sameOrigin: true },
    isProgram && { acceptsCookies: true },
    { shownTo },
    renewed && contextOfSession(world, renewed),
  );
  const flowRun = await runFlow(world, flow, context, input).catch((error: unknown) => {
    // Caught here, because Next would log SQL statements with their parameters.
    world.log.error("flow.failed", { flow: flow.name, requestId: requestContext.requestId, error });
    return null;
  });
  if (!flowRun) return { failed: true, reference: requestContext.requestId };
  const { result, cookieChanges, afterResponse } = flowRun;
  const cookies = cookiesOf(world, cookieChanges, incoming);
  // After a success the message about an earlier attempt is outdated.
  if (result.ok && flow.kind === "write" && incoming.hasFlash)
    cookies.push(cookieOf(world.env, "flash", null));
  const { session } = cookieChanges;
  return {
    failed: false,
    result,
    cookies,
    afterResponse,
    renewed: session === "ended" ? undefined : session?.token,
  };
}

function cookiesOf(
  { env }: Pick<World, "env">,
  { session, mailRequest, device, ...tokens }: CookieChanges,
  { requestingBrowserToken, deviceToken }: IncomingRequest,
): ResponseCookie[] {
  const cookies: ResponseCookie[] = [];
  if (session === "ended") cookies.push(cookieOf(env, "session", null));
  else if (session) {
    const lifetime = session.remember ? session.lifetime : "browser";
    cookies.push(cookieOf(env, "session", session.token, lifetime));
    if (session.method) cookies.push(cookieOf(env, "method", session.method));
  }
  for (const [name, token] of [
    ["oauth_attempt", tokens.oauthAttempt],
    ["pending_identity", tokens.pendingIdentity],
  ] as const)
    if (token) cookies.push(cookieOf(env, name, token === "ended" ? null : token));
  if (tokens.oauthProtocol === "ended")
    for (const name of ["oauth_state", "oauth_verifier", "oauth_nonce", "oauth_redirect"] as const)
      cookies.push(cookieOf(env, name, null));
  else if (tokens.oauthProtocol)
    cookies.push(...tokens.oauthProtocol.map((cookie) => cookieFromAuth(env, cookie)));
  if (mailRequest) cookies.push(cookieOf(env, "mail_request", requestingBrowserToken()));
  if (device) cookies.push(cookieOf(env, "device", deviceToken()));
  return cookies;
}
