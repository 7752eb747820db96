import type { z } from "zod";
import type { Flow, Requires } from "@/lib/runtime/flow";
import type { World } from "@/lib/runtime/ports";
import { bounds } from "@/lib/core/policy";
import { ok, type Refusal, refuse, type Result } from "@/lib/core/result";
import { type ResponseCookie, serializeCookie } from "../cookies";
import { type IncomingRequest, readIncomingRequest } from "../incoming-request";
import { english, type Problem, problemHeaders, problemOf, problemText, noStore } from "../problem";
import { runWithCookies } from "../run-with-cookies";
import { flowFor } from "./operation";
import { allowedMethods, type Endpoint, findRoute } from "./routes";

type AfterResponse = (task: () => unknown) => void;

/** What is read of a request. */
export interface ApiRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly headers: Pick<Headers, "get">;
  readonly arrayBuffer: () => Promise<ArrayBuffer | Uint8Array>;
}

/** A response that is not sent yet. */
export interface ApiResponse {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly cookies: readonly string[];
  readonly body: string | null;
}

/**
 * The JSON API. The request gate has checked the request before. Responses are JSON or problem+json
 * (RFC 9457). Refuses what the flows refuse, and `not_found`, `method_not_allowed`,
 * `unsupported_media_type`, `body_too_large` and `invalid_input`. A bug gives a 500 with the request id
 * that the log has.
 */
export async function respondToApi(
  world: World,
  request: ApiRequest,
  afterResponse: AfterResponse,
): Promise<ApiResponse> {
  const response = await new ApiCall(world, request, afterResponse).respond();
  return request.method === "HEAD" ? { ...response, body: null } : response;
}

/** The JSON API as a Web-standard handler. */
export const createApiHandler =
  (world: World, afterResponse: AfterResponse) =>
  async (request: Request): Promise<Response> => {
    const { status, cookies, body, ...response } = await respondToApi(
      world,
      {
        method: request.method,
        path: new URL(request.url).pathname,
        headers: request.headers,
        arrayBuffer: () => request.arrayBuffer(),
      },
      afterResponse,
    );
    const headers = new Headers(response.headers);
    for (const cookie of cookies) headers.append("Set-Cookie", cookie);
    return new Response(body, { status, headers });
  };

/** Whether the JSON API has this path. */
export const isApiPath = (path: string): boolean => findRoute(path) !== null;

class ApiCall {
  readonly #world: World;
  readonly #request: ApiRequest;
  readonly #afterResponse: AfterResponse;
  readonly #incoming: IncomingRequest;
  /** By name: a later cookie replaces an earlier one. */
  readonly #cookies = new Map<string, ResponseCookie>();

  constructor(world: World, request: ApiRequest, afterResponse: AfterResponse) {
    this.#world = world;
    this.#request = request;
    this.#afterResponse = afterResponse;
    this.#incoming = readIncomingRequest(world, request.headers);
  }

  async respond(): Promise<ApiResponse> {
    try {
      const response = await this.#route();
      return { ...response, cookies: [...this.#cookies.values()].map(serializeCookie) };
    } catch (error) {
      if (!(error instanceof LoggedBug))
        this.#world.log.error("api.failed", { requestId: this.#requestId, error });
      return internalError(this.#requestId);
    }
  }

  get #requestId() {
    return this.#incoming.requestContext.requestId;
  }

  async #route(): Promise<ApiResponse> {
    const found = findRoute(this.#request.path);
    if (!found) return this.#reject({ code: "not_found" });
    const { route, parameters } = found;
    const method = this.#request.method === "HEAD" ? "GET" : this.#request.method;
    const endpoint = route.endpoints.get(method);
    if (!endpoint)
      return this.#reject({ code: "method_not_allowed" }, { Allow: allowedMethods(route) });
    const input = parameters ? ok(parameters) : await readBody(this.#request);
    return input.ok ? this.#runForRequest(endpoint, input.value) : this.#reject(input.refusal);
  }

  async #runForRequest(endpoint: Endpoint, input: unknown): Promise<ApiResponse> {
    if ("document" in endpoint) return json(endpoint.document(), 200);
    const { status, output } = endpoint;
    const result = await this.#run(flowFor(endpoint, input), input);
    if (!result.ok) return problem(result.refusal);
    if (!output) return { status, headers: noStore, cookies: [], body: null };
    return json(output.schema.parse(output.from(result.value, this.#world.env)), status);
  }

  async #run<Schema extends z.ZodType, Out, R extends Requires>(
    flow: Flow<Schema, Out, R>,
    input: unknown,
  ): Promise<Result<Out>> {
    const outcome = await runWithCookies(this.#world, flow, this.#incoming, input, {
      sameOriginVerified: isSameOriginVerified(this.#request),
      mayLackCookies: true,
    });
    if (outcome.failed) throw new LoggedBug();
    for (const cookie of outcome.cookies) this.#cookies.set(cookie.name, cookie);
    for (const task of outcome.afterResponse) this.#afterResponse(task);
    return outcome.result;
  }

  /** Refuses a request for which no flow could be run; logged like a flow's own refusals. */
  #reject(refusal: Refusal, headers: Record<string, string> = {}): ApiResponse {
    const requestId = this.#requestId;
    this.#world.log.warn("refused", { flow: "api", code: refusal.code, requestId });
    return problem({ ...refusal, reference: requestId }, headers);
  }
}

/** A flow threw, and `runWithCookies` has logged it. */
class LoggedBug extends Error {}

/**
 * Programs send neither Origin nor Sec-Fetch-Site. They are accepted with JSON or a method other
 * than a form's: no page of another site can send either without a preflight, which is refused.
 */
function isSameOriginVerified({ headers, method }: ApiRequest): boolean {
  const silent = headers.get("origin") === null && headers.get("sec-fetch-site") === null;
  return silent && (isJson(headers) || method === "DELETE");
}

const isJson = (headers: ApiRequest["headers"]) =>
  /^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i.test(headers.get("content-type") ?? "");

/** The body as JSON. Without one (GET, most DELETEs) the input is empty. */
async function readBody(request: ApiRequest): Promise<Result<unknown>> {
  const { method, headers } = request;
  if (method === "GET" || method === "HEAD") return ok({});
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

const json = (value: unknown, status: number): ApiResponse => ({
  status,
  headers: { "Content-Type": "application/json", ...noStore },
  cookies: [],
  body: JSON.stringify(value),
});

const problem = (refusal: Refusal, headers?: Record<string, string>) =>
  problemResponse(problemOf(refusal), headers);

const internalError = (requestId: string) =>
  problemResponse({
    status: 500,
    code: "internal_error",
    title: english.message("failed.problem"),
    requestId,
  });

const problemResponse = (problem: Problem, headers: Record<string, string> = {}): ApiResponse => ({
  status: problem.status,
  headers: { ...problemHeaders(problem), ...headers },
  cookies: [],
  body: problemText(problem),
});
