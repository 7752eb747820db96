import { notFound, redirect } from "next/navigation";
import { after } from "next/server";
import type { z } from "zod";
import type { Flow, Handover, Requires } from "@/lib/flow";
import { theWorld } from "@/lib/outside/world";
import { lifetimes } from "@/lib/policy";
import type { Result } from "@/lib/result";
import { runFlow } from "@/lib/run-flow";
import { writeCookie } from "./cookies";
import { readRequest } from "./request";

/**
 * Runs a flow for this request and gives the browser what comes with the answer. Every action and
 * route goes through here. Refusals are the flow's and the runner's; see `runFlow`. A flow that
 * throws ends the request at `/failed`.
 */
export async function perform<Schema extends z.ZodType, Out, R extends Requires>(
  flow: Flow<Schema, Out, R>,
  input: unknown,
): Promise<Result<Out>> {
  const request = await readRequest();
  const { result, handover, afterwards } = await runFlow(
    theWorld(),
    flow,
    request.evidence,
    input,
  ).catch((error: unknown) => failed(flow.name, request.evidence.requestId, error));
  await hand(handover, request);
  // What an earlier attempt was told is settled now.
  if (result.ok && flow.kind === "write" && request.hasFlash)
    await writeCookie(theWorld().env, "flash", null, lifetimes.flash);
  for (const task of afterwards) after(task);
  return result;
}

/**
 * A throw is a bug. It is logged once, with the request's id, and the person lands on a page that
 * says so with status 500; Next alone would print the statement with its parameters, and draw an
 * empty page where there is no JavaScript.
 */
function failed(flow: string, requestId: string, error: unknown): never {
  theWorld().log.error("flow.failed", { flow, requestId, error });
  redirect(`/failed?reference=${requestId}`);
}

async function hand(
  { session, asking, device }: Handover,
  { askingToken, deviceToken }: Awaited<ReturnType<typeof readRequest>>,
) {
  const { env } = theWorld();
  if (session === "ended") await writeCookie(env, "session", null, lifetimes.session);
  else if (session) await writeCookie(env, "session", session.token, session.lifetime);
  if (asking) await writeCookie(env, "asking", askingToken, lifetimes.askingBrowser);
  if (device) await writeCookie(env, "device", deviceToken, lifetimes.deviceMark);
}

/**
 * Reads for a page that cannot be drawn without the answer. Where there is none, the request goes
 * on to where that is explained: to the sign-in page and back to `here`, to `/unavailable`, or
 * to "not found".
 */
export async function read<Schema extends z.ZodType, Out, R extends Requires>(
  flow: Flow<Schema, Out, R>,
  here: string,
): Promise<Out> {
  const result = await perform(flow, {});
  if (result.ok) return result.value;
  if (result.refusal.code === "unavailable") redirect("/unavailable");
  if (result.refusal.code !== "sign_in_required") notFound();
  const { evidence } = await readRequest();
  const ended = evidence.sessionDigest ? "&note=session_ended" : "";
  redirect(`/sign-in?next=${encodeURIComponent(here)}${ended}`);
}

/** A form's fields as a flow's input. A field sent twice, or a file, is no text: the schema refuses it. */
export function fields(form: FormData): Record<string, unknown> {
  const names = new Set([...form.keys()].filter((name) => !name.startsWith("$ACTION_")));
  return Object.fromEntries(
    [...names].map((name) => {
      const values = form.getAll(name);
      return [name, values.length === 1 ? values[0] : values];
    }),
  );
}
