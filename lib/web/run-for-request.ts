import { notFound, redirect } from "next/navigation";
import { after } from "next/server";
import type { z } from "zod";
import type { RequestContext, CookieChanges } from "@/lib/runtime/request-context";
import type { Flow, Requires } from "@/lib/runtime/flow";
import { getWorld } from "@/lib/runtime/world";
import { lifetimes } from "@/lib/core/policy";
import { ok, type Result } from "@/lib/core/result";
import { runFlow } from "@/lib/runtime/run-flow";
import { writeCookie } from "./cookies";
import { stepUpPath, withNext } from "./redirects";
import { readRequest, signedInBy } from "./request";

/**
 * Runs a flow for a page or an action; every one of them goes through here. Refusals are the flow's
 * and the runner's, see `runFlow`. A throw is a bug: the person lands on a page that says so with
 * status 500, where Next alone would draw an empty one without JavaScript.
 */
export async function runForRequest<Schema extends z.ZodType, Out, R extends Requires>(
  flow: Flow<Schema, Out, R>,
  input: unknown,
  { form, ...options }: PageRunOptions = {},
): Promise<Result<Out>> {
  const response = await runFlowForRequest(flow, input, {
    ...options,
    shownTo: shownTo(flow, form),
  });
  if (response.failed) redirect(`/failed?reference=${response.reference}`);
  return response.result;
}

/**
 * Runs a step-up, and returns its value with the token that the session goes on under: for what it
 * interrupted.
 */
export async function stepUp<Schema extends z.ZodType, Out, R extends Requires>(
  flow: Flow<Schema, Out, R>,
  input: unknown,
  form: FormData,
): Promise<Result<{ value: Out; renewed: string }>> {
  const response = await runFlowForRequest(flow, input, { shownTo: shownTo(flow, form) });
  if (response.failed) redirect(`/failed?reference=${response.reference}`);
  const { result, renewed = "" } = response;
  return result.ok ? ok({ value: result.value, renewed }) : result;
}

/** The field in which a form says whom its page showed as signed in; `_ui/form` writes it. */
export const shownToField = "shown-to";

/**
 * Whom a form's page showed as signed in. An action that changes what is somebody's and passes no
 * form, or one without the field, counts as shown to nobody, so the runner refuses it: nobody can
 * forget either.
 */
function shownTo(
  { kind, requires }: Pick<Flow, "kind" | "requires">,
  form: PageRunOptions["form"],
) {
  if (form === "adopters") return null;
  if (!form) return kind === "write" && requires === "session" ? "" : null;
  const [said, ...more] = form.getAll(shownToField);
  return typeof said === "string" && more.length === 0 ? said : "";
}

interface RunOptions {
  /** The same-origin proof, where the face has one of its own. */
  readonly sameOriginVerified?: boolean;
  /** The session's token since a flow before this one, in the same request, renewed it. */
  readonly renewed?: string | undefined;
  /** See `Evidence`. */
  readonly shownTo?: string | null;
}

interface PageRunOptions extends Omit<RunOptions, "shownTo"> {
  /**
   * The form that was posted, where what it does depends on who is signed in. `adopters`: one of a
   * page that is not ours, which names nobody.
   */
  readonly form?: FormData | "adopters";
}

/** What a request came to: the flow's answer, or the reference of a bug that is in the log now. */
type RequestRun<Out> =
  | {
      readonly failed: false;
      readonly result: Result<Out>;
      readonly renewed: string | undefined;
    }
  | { readonly failed: true; readonly reference: string };

/**
 * The road that pages, actions and routes share: runs a flow for this request and gives the browser
 * what comes with the answer.
 */
export async function runFlowForRequest<Schema extends z.ZodType, Out, R extends Requires>(
  flow: Flow<Schema, Out, R>,
  input: unknown,
  { sameOriginVerified = false, renewed, shownTo = null }: RunOptions = {},
): Promise<RequestRun<Out>> {
  const request = await readRequest();
  const { requestContext } = request;
  const world = getWorld();
  // Not a copy, as in the runner.
  const asked = Object.assign(
    Object.create(requestContext) as RequestContext,
    sameOriginVerified && { sameOrigin: true },
    { shownTo },
    renewed && signedInBy(renewed),
  );
  const flowRun = await runFlow(world, flow, asked, input).catch((error: unknown) => {
    // Logged here and once: Next would print the statement with its parameters.
    world.log.error("flow.failed", { flow: flow.name, requestId: requestContext.requestId, error });
    return null;
  });
  if (!flowRun) return { failed: true, reference: requestContext.requestId };
  const { result, cookieChanges, afterResponse } = flowRun;
  await writeCookies(cookieChanges, request);
  // What an earlier attempt was told is settled now.
  if (result.ok && flow.kind === "write" && request.hasFlash)
    await writeCookie(world.env, "flash", null, lifetimes.flash);
  for (const task of afterResponse) after(task);
  const { session } = cookieChanges;
  return { failed: false, result, renewed: session === "ended" ? undefined : session?.token };
}

async function writeCookies(
  { session, mailRequest, device, ...tokens }: CookieChanges,
  { requestingBrowserToken, deviceToken }: Awaited<ReturnType<typeof readRequest>>,
) {
  const { env } = getWorld();
  if (session === "ended") await writeCookie(env, "session", null, lifetimes.session);
  else if (session) await writeCookie(env, "session", session.token, session.lifetime);
  if (session && session !== "ended" && session.method)
    await writeCookie(env, "method", session.method, lifetimes.lastMethod);
  for (const [name, token] of [
    ["oauth_attempt", tokens.oauthAttempt],
    ["pending_identity", tokens.pendingIdentity],
  ] as const)
    if (token)
      await writeCookie(env, name, token === "ended" ? null : token, lifetimes.oauthAttempt);
  if (mailRequest)
    await writeCookie(env, "mail_request", requestingBrowserToken(), lifetimes.requestingBrowser);
  if (device) await writeCookie(env, "device", deviceToken(), lifetimes.knownDevice);
}

/**
 * Reads for a page that cannot be drawn without the answer. Where there is none, the request goes
 * on to where that is explained: to the sign-in page and back to `here`, to step-up and back,
 * to `/unavailable`, or to "not found".
 */
export async function readOrRedirect<Schema extends z.ZodType, Out, R extends Requires>(
  flow: Flow<Schema, Out, R>,
  here: string,
): Promise<Out> {
  const result = await runForRequest(flow, {});
  if (result.ok) return result.value;
  if (result.refusal.code === "unavailable") redirect("/unavailable");
  if (result.refusal.code === "step_up_required") redirect(stepUpPath(here));
  if (result.refusal.code !== "sign_in_required") notFound();
  const { requestContext } = await readRequest();
  const ended = requestContext.sessionDigest ? "&note=session_ended" : "";
  redirect(withNext("/sign-in", here) + ended);
}

/**
 * A form's fields as a flow's input, without Next's own and the one that says whose form it is. A
 * field sent twice, or a file, is no text: the schema refuses it.
 */
export function fields(form: FormData): Record<string, unknown> {
  const names = new Set(
    [...form.keys()].filter((name) => !name.startsWith("$ACTION_") && name !== shownToField),
  );
  return Object.fromEntries(
    [...names].map((name) => {
      const values = form.getAll(name);
      return [name, values.length === 1 ? values[0] : values];
    }),
  );
}
