import { notFound, redirect } from "next/navigation";
import { after } from "next/server";
import type { z } from "zod";
import type { Flow, Requires } from "@/lib/runtime/flow";
import { getWorld } from "@/lib/runtime/world";
import { ok, type Result } from "@/lib/core/result";
import type { IncomingRequest } from "./incoming-request";
import { setCookies } from "./next-cookies";
import { deleteCookie } from "./page-cookies";
import { restorePath, stepUpPath, withNext } from "./redirects";
import { readRequest } from "./request";
import { type RunOptions, type Outcome, runWithCookies } from "./run-with-cookies";

/**
 * Runs a flow for a page or an action. Refuses what `runFlow` refuses. After a bug it redirects to a
 * page with status 500, because Next's own error page is empty without JavaScript.
 */
export async function runForRequest<Schema extends z.ZodType, Out, R extends Requires>(
  flow: Flow<Schema, Out, R>,
  input: unknown,
  { form, sharedKey, ...options }: PageRunOptions = {},
): Promise<Result<Out>> {
  const runOptions = { ...options, shownTo: shownTo(flow, form) };
  const response = await runFlowForRequest(flow, input, runOptions, sharedKey);
  if (response.failed) redirect(`/failed?reference=${response.reference}`);
  return response.result;
}

/** Runs a step-up. Returns its value and the session's new token, which the suspended action needs. */
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

/** The form field with the id of the user that the page showed as signed in; `_ui/form` writes it. */
export const shownToField = "shown-to";

/**
 * The user that a form's page showed as signed in. When an action for a signed-in user passes no form,
 * or one without the field, the result is "" and the runner refuses: an action cannot omit the check.
 */
function shownTo(
  { kind, requires }: Pick<Flow, "kind" | "requires">,
  form: PageRunOptions["form"],
) {
  if (form === "adopters") return null;
  if (!form) return kind === "write" && requires !== "anyone" && requires !== "local" ? "" : null;
  const [value, ...more] = form.getAll(shownToField);
  return typeof value === "string" && more.length === 0 ? value : "";
}

/** Runs of requests that arrived twice, by what they have in common. */
const sharedRuns = new Map<string, Promise<Outcome<unknown>>>();

/**
 * Runs a flow once for all requests with this key that arrive while it runs. Each of them gets its result
 * and its cookies; its tasks after the response run once, for the first request.
 */
async function runShared<Out>(
  key: string,
  run: () => Promise<Outcome<Out>>,
): Promise<Outcome<Out>> {
  const running = sharedRuns.get(key) as Promise<Outcome<Out>> | undefined;
  if (running) return running.then((outcome) => ({ ...outcome, afterResponse: [] }));
  const started = run().finally(() => sharedRuns.delete(key));
  sharedRuns.set(key, started);
  return started;
}

interface PageRunOptions extends Omit<RunOptions, "shownTo"> {
  /**
   * Requests with the same key at the same time share one run. Only for requests of one browser: it
   * contains a secret of that browser.
   */
  readonly sharedKey?: string;
  /**
   * The posted form, when its effect depends on the signed-in user. `adopters`: a form of a page that
   * an adopter added to this app, which lacks the field.
   */
  readonly form?: FormData | "adopters";
}

async function runFlowForRequest<Schema extends z.ZodType, Out, R extends Requires>(
  flow: Flow<Schema, Out, R>,
  input: unknown,
  options?: RunOptions,
  sharedKey?: string,
): Promise<Outcome<Out>> {
  const incoming = await readRequest();
  const run = () => runWithCookies(getWorld(), flow, incoming, input, options);
  const outcome = sharedKey ? await runShared(sharedKey, run) : await run();
  if (outcome.failed) return outcome;
  await deleteDeadSession(incoming, outcome.result);
  await setCookies(outcome.cookies);
  for (const task of outcome.afterResponse) after(task);
  return outcome;
}

/** Deletes the cookie of a session that has ended, so that the browser sends it no more. */
async function deleteDeadSession({ requestContext }: IncomingRequest, result: Result<unknown>) {
  if (!requestContext.sessionDigest) return;
  // Whether it has ended is not known then.
  if (!result.ok && result.refusal.code === "unavailable") return;
  if (!(await requestContext.readSession())) deleteCookie("session");
}

/**
 * Runs a read that a page cannot render without. Redirects on a refusal: to `/unavailable`, to step-up
 * or to the sign-in page, which both return to `here`, to the page that restores an account, or else shows
 * "not found".
 */
export async function readOrRedirect<Schema extends z.ZodType, Out, R extends Requires>(
  flow: Flow<Schema, Out, R>,
  here: string,
  input: unknown = {},
): Promise<Out> {
  const result = await runForRequest(flow, input);
  if (result.ok) return result.value;
  if (result.refusal.code === "unavailable") redirect("/unavailable");
  if (result.refusal.code === "step_up_required") redirect(stepUpPath(here));
  if (result.refusal.code === "account_deleted") redirect(restorePath);
  // The bar of the account pages says why.
  if (result.refusal.code === "access_link_session") redirect("/account");
  if (result.refusal.code !== "sign_in_required") notFound();
  const { requestContext } = await readRequest();
  const ended = requestContext.sessionDigest ? "&note=session_ended" : "";
  redirect(withNext("/sign-in", here) + ended);
}

/**
 * A form's fields as a flow's input, without Next's fields and `shownToField`. A repeated field becomes
 * an array, which the schema refuses, as it refuses a file.
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

/** The fields of a link's form. Its address is named `username` for password managers. */
export function linkFields(form: FormData): Record<string, unknown> {
  const { username, ...rest } = fields(form);
  return username === undefined ? rest : { ...rest, email: username };
}
