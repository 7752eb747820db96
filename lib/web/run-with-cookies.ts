import type { z } from "zod";
import type { RequestContext, CookieChanges } from "@/lib/runtime/request-context";
import type { Flow, Requires } from "@/lib/runtime/flow";
import type { World } from "@/lib/runtime/ports";
import type { MethodId } from "@/lib/core/method-id";
import type { Result } from "@/lib/core/result";
import { runFlow } from "@/lib/runtime/run-flow";
import {
  attemptCookieOf,
  cookieOf,
  endedAttempts,
  oldestAttempts,
  type ResponseCookie,
} from "./cookies";
import { contextOfSession, type IncomingRequest } from "./incoming-request";

/** What an entry point knows about a request besides its headers. */
export interface RunOptions {
  /** The entry point itself has verified that no other site sent the request. */
  readonly sameOriginVerified?: boolean;
  /**
   * The request may have no cookie of ours although its sender accepts cookies: the first one of a
   * program, or what another site's page posts, which browsers send without SameSite=Lax cookies.
   */
  readonly mayLackCookies?: boolean;
  /** The session's new token, when an earlier flow of the same request renewed it. */
  readonly renewed?: string | undefined;
  /** See `RequestContext`. */
  readonly shownTo?: string | null;
  /** The OAuth attempt that the request is the callback of. */
  readonly callbackOf?: OAuthCallback | undefined;
}

/** A provider's callback. Without a state, the attempt is not known. */
export interface OAuthCallback {
  readonly provider: MethodId;
  readonly state: string | null;
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
  {
    sameOriginVerified = false,
    mayLackCookies = false,
    renewed,
    shownTo = null,
    callbackOf,
  }: RunOptions = {},
): Promise<Outcome<Out>> {
  const { requestContext } = incoming;
  // Inherits instead of copying: a copy would compute every lazy property.
  const context = Object.assign(
    Object.create(requestContext) as RequestContext,
    sameOriginVerified && { sameOrigin: true },
    mayLackCookies && { acceptsCookies: true },
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
  const cookies = cookiesOf(world, cookieChanges, incoming, callbackOf);
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
  { session, mailRequest, device, oauthAttempt, oauthProtocol, pendingIdentity }: CookieChanges,
  { requestContext, requestingBrowserToken, deviceToken }: IncomingRequest,
  callbackOf: OAuthCallback | undefined,
): ResponseCookie[] {
  const cookies: ResponseCookie[] = [];
  if (session === "ended") cookies.push(cookieOf(env, "session", null));
  else if (session) {
    const lifetime = session.remember ? session.lifetime : "browser";
    cookies.push(cookieOf(env, "session", session.token, lifetime));
    if (session.method) cookies.push(cookieOf(env, "method", session.method));
  }
  if (pendingIdentity)
    cookies.push(
      cookieOf(env, "pending_identity", pendingIdentity === "ended" ? null : pendingIdentity),
    );
  if (oauthAttempt === "ended") {
    const { provider, state } = callbackOf ?? {};
    if (provider && state) cookies.push(attemptCookieOf(env, { provider, state }, null));
    else if (provider) {
      const ended = endedAttempts(requestContext.cookieHeader, env, provider);
      // Which of several it was cannot be told, and the others go on.
      if (ended.length === 1 || !env.methods.includes(provider)) cookies.push(...ended);
    }
    cookies.push(cookieOf(env, "oauth_redirect", null));
  } else if (oauthAttempt && oauthProtocol) {
    const value = { token: oauthAttempt, checks: oauthProtocol.checks };
    cookies.push(
      ...oldestAttempts(requestContext.cookieHeader, env),
      attemptCookieOf(env, oauthProtocol, value),
    );
  }
  if (mailRequest) cookies.push(cookieOf(env, "mail_request", requestingBrowserToken()));
  if (device) cookies.push(cookieOf(env, "device", deviceToken()));
  return cookies;
}
