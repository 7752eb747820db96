import type { z } from "zod";
import type { Flow } from "@/lib/runtime/flow";
import { getWorld } from "@/lib/runtime/world";
import { bounds } from "@/lib/core/policy";
import { ok, type Refusal, refuse, type Result } from "@/lib/core/result";
import { runFlowForRequest } from "./run-for-request";
import { english, type Problem, problemHeaders, problemOf, problemText, noStore } from "./problem";
import { readRequest } from "./request";

/** What a route does, as data: the document of the API is made from the same. */
interface Operation<Out, Told = Out> {
  /** The flow it runs; where the body decides which, a function of it. */
  readonly flow: OneFlow<Out> | ((body: unknown) => OneFlow<Out>);
  readonly status: 200 | 201 | 202 | 204;
  /** What there is to tell, where that takes more than the flow. */
  readonly then?: (value: Out) => Promise<Result<Told>>;
  /** What is said of the outcome; a strict shape, so that nothing slips out that is not promised. */
  readonly says?: { readonly shape: z.ZodType; readonly of: (value: Told) => unknown };
}

/**
 * Runs a flow for a JSON request: reads the body strictly, and answers as JSON, problems as
 * problem+json (RFC 9457). Besides the flow's own refusals: `unsupported_media_type`, `body_too_large`,
 * `invalid_input`. A throw is a 500 with the reference that the log has.
 */
export async function respondJson<Out, Told = Out>(
  request: Request,
  { flow, status, then, says }: Operation<Out, Told>,
  given?: Record<string, unknown>,
): Promise<Response> {
  const body = given ? ok(given) : await readBody(request);
  if (!body.ok) return reject(body.refusal);
  const chosen = typeof flow === "function" ? flow(body.value) : flow;
  const run = await runFlowForRequest(chosen, body.value, {
    sameOriginVerified: isSameOriginVerified(request),
  });
  if (run.failed) return internalError(run.reference);
  if (!run.result.ok) return problem(run.result.refusal);
  const { value } = run.result;
  const response = then ? await then(value) : ok(value as unknown as Told);
  if (!response.ok) return problem(response.refusal);
  const said = says ? says.shape.parse(says.of(response.value)) : undefined;
  return said === undefined
    ? new Response(null, { status, headers: noStore })
    : Response.json(said, { status, headers: noStore });
}

/** Describes what a route does; its type follows from the flow. */
export const operation = <Out, Told = Out>(described: Operation<Out, Told>) => described;

// Which input a flow takes is its schema's to check.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type OneFlow<Out> = Flow<any, Out, any>;

/** A request that no flow could be run for; logged like a flow's own refusals. */
async function reject(refusal: Refusal): Promise<Response> {
  const { requestId } = (await readRequest()).requestContext;
  getWorld().log.warn("refused", { flow: "api", code: refusal.code, requestId });
  return problem({ ...refusal, reference: requestId });
}

/** Nothing lives at this address. */
export const notFoundResponse = () => reject({ code: "not_found" });

/**
 * Programs send neither Origin nor Sec-Fetch-Site. They are let in with JSON, or a method other
 * than a form's: no foreign page can send either without asking first, and nobody here says yes.
 */
function isSameOriginVerified({ headers, method }: Request): boolean {
  const silent = headers.get("origin") === null && headers.get("sec-fetch-site") === null;
  return silent && (isJson(headers) || method === "DELETE");
}

const isJson = (headers: Headers) =>
  /^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i.test(headers.get("content-type") ?? "");

/** The body as JSON. What has none (GET, most DELETEs) is an empty input. */
async function readBody(request: Request): Promise<Result<unknown>> {
  const { method, headers } = request;
  if (method === "GET") return ok({});
  const bytes = await request.arrayBuffer();
  if (method === "DELETE" && bytes.byteLength === 0) return ok({});
  if (!isJson(headers)) return refuse("unsupported_media_type");
  if (bytes.byteLength > bounds.bodyBytes) return refuse("body_too_large");
  try {
    return ok(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch {
    return refuse("invalid_input");
  }
}

const problem = (refusal: Refusal) => problemResponse(problemOf(refusal));

const internalError = (requestId: string) =>
  problemResponse({
    status: 500,
    code: "internal_error",
    title: english.message("failed.problem"),
    requestId,
  });

const problemResponse = (response: Problem) =>
  new Response(problemText(response), {
    status: response.status,
    headers: problemHeaders(response),
  });
