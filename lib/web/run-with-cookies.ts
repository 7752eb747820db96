import type { z } from "zod";
import type { RequestContext, CookieChanges } from "@/lib/runtime/request-context";
import type { Flow, Requires } from "@/lib/runtime/flow";
import type { World } from "@/lib/runtime/ports";
import { lifetimes } from "@/lib/core/policy";
import type { Result } from "@/lib/core/result";
import { runFlow } from "@/lib/runtime/run-flow";
import { cookieFromAuth, cookieOf, oauthCookies, type ResponseCookie } from "./cookies";
import { type IncomingRequest, signedInBy } from "./incoming-request";

/** What an entry point knows of a request beside its headers. */
export interface RunOptions {
  /** The entry point has verified by a check of its own that no other site sent the request. */
  readonly sameOriginVerified?: boolean;
  /** The session's new token, where an earlier flow of the same request renewed it. */
  readonly renewed?: string | undefined;
  /** See `Evidence`. */
  readonly shownTo?: string | null;
}

/** The result of a flow and what the response carries with it; or the reference of a logged bug. */
export type Outcome<Out> =
  | {
      readonly failed: false;
      readonly result: Result<Out>;
      readonly cookies: readonly ResponseCookie[];
      readonly afterResponse: readonly (() => unknown)[];
      readonly renewed: string | undefined;
    }
  | { readonly failed: true; readonly reference: string };

/**
 * Runs a flow for a request and says which cookies its response sets. Pages, actions and the JSON
 * API all run flows through this function.
 */
export async function runWithCookies<Schema extends z.ZodType, Out, R extends Requires>(
  world: World,
  flow: Flow<Schema, Out, R>,
  incoming: IncomingRequest,
  input: unknown,
  { sameOriginVerified = false, renewed, shownTo = null }: RunOptions = {},
): Promise<Outcome<Out>> {
  const { requestContext } = incoming;
  // Not a copy, as in the runner.
  const asked = Object.assign(
    Object.create(requestContext) as RequestContext,
    sameOriginVerified && { sameOrigin: true },
    { shownTo },
    renewed && signedInBy(world, renewed),
  );
  const flowRun = await runFlow(world, flow, asked, input).catch((error: unknown) => {
    // Logged here and once: Next would print the statement with its parameters.
    world.log.error("flow.failed", { flow: flow.name, requestId: requestContext.requestId, error });
    return null;
  });
  if (!flowRun) return { failed: true, reference: requestContext.requestId };
  const { result, cookieChanges, afterResponse } = flowRun;
  const cookies = cookiesOf(world, cookieChanges, incoming);
  // A message about an earlier attempt is settled now.
  if (result.ok && flow.kind === "write" && incoming.hasFlash)
    cookies.push(cookieOf(world.env, "flash", null, lifetimes.flash));
  const { session } = cookieChanges;
  return {
    failed: false,
    result,
    cookies,
    afterResponse,
    renewed: session === "ended" ? undefined : session?.token,
  };
}

/** The cookies by which a browser learns what a flow hands over. */
function cookiesOf(
  { env }: Pick<World, "env">,
  { session, mailRequest, device, ...tokens }: CookieChanges,
  { requestingBrowserToken, deviceToken }: IncomingRequest,
): ResponseCookie[] {
  const cookies: ResponseCookie[] = [];
  if (session === "ended") cookies.push(cookieOf(env, "session", null, lifetimes.session));
  else if (session) {
    cookies.push(cookieOf(env, "session", session.token, session.lifetime));
    if (session.method) cookies.push(cookieOf(env, "method", session.method, lifetimes.lastMethod));
  }
  for (const [name, token] of [
    ["oauth_attempt", tokens.oauthAttempt],
    ["pending_identity", tokens.pendingIdentity],
  ] as const)
    if (token)
      cookies.push(cookieOf(env, name, token === "ended" ? null : token, lifetimes.oauthAttempt));
  if (tokens.oauthProtocol === "ended")
    for (const name of [...oauthCookies, "oauth_redirect"] as const)
      cookies.push(cookieOf(env, name, null, lifetimes.oauthAttempt));
  else if (tokens.oauthProtocol)
    cookies.push(...tokens.oauthProtocol.map((cookie) => cookieFromAuth(env, cookie)));
  if (mailRequest)
    cookies.push(
      cookieOf(env, "mail_request", requestingBrowserToken(), lifetimes.requestingBrowser),
    );
  if (device) cookies.push(cookieOf(env, "device", deviceToken(), lifetimes.knownDevice));
  return cookies;
}
