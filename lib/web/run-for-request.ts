import { notFound, redirect } from "next/navigation";
import { after } from "next/server";
import type { z } from "zod";
import type { Flow, Requires } from "@/lib/runtime/flow";
import { getWorld } from "@/lib/runtime/world";
import { ok, type Result } from "@/lib/core/result";
import { setCookies } from "./next-cookies";
import { stepUpPath, withNext } from "./redirects";
import { readRequest } from "./request";
import { type RunOptions, type Outcome, runWithCookies } from "./run-with-cookies";

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

interface PageRunOptions extends Omit<RunOptions, "shownTo"> {
  /**
   * The form that was posted, where what it does depends on who is signed in. `adopters`: one of a
   * page that is not ours, which names nobody.
   */
  readonly form?: FormData | "adopters";
}

/** Runs a flow for this request of Next's, and sets its cookies. */
async function runFlowForRequest<Schema extends z.ZodType, Out, R extends Requires>(
  flow: Flow<Schema, Out, R>,
  input: unknown,
  options?: RunOptions,
): Promise<Outcome<Out>> {
  const outcome = await runWithCookies(getWorld(), flow, await readRequest(), input, options);
  if (outcome.failed) return outcome;
  await setCookies(outcome.cookies);
  for (const task of outcome.afterResponse) after(task);
  return outcome;
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

/** The fields of a link's form. Its address is named `username` for password managers. */
export function linkFields(form: FormData): Record<string, unknown> {
  const { username, ...rest } = fields(form);
  return username === undefined ? rest : { ...rest, email: username };
}
