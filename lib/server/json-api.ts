import type { IncomingMessage, ServerResponse } from "node:http";
import type { World } from "@/lib/runtime/ports";
import type { ApiRequest } from "@/lib/web/api/handler";
import type { AfterResponses } from "./after-responses";

/** Serves a request of the JSON API; calls `next` when the API has no such path. */
export type JsonApi = (
  request: IncomingMessage,
  response: ServerResponse,
  next: () => void,
) => void;

/** Whether a URL may be one of the JSON API. An adopter's own routes below /api are Next's. */
export const mayBeJsonApi = (url: string): boolean => /^\/api\/(v1\/|auth\/session)/.test(url);

/**
 * The JSON API without Next, whose own work costs several times what reading a session does. Its flows
 * are loaded by the first request. The request gate has checked the request and holds its whole body.
 */
export function createJsonApi(world: World, afterResponses: AfterResponses): JsonApi {
  const load = () => import("@/lib/web/api/handler");
  let api: Awaited<ReturnType<typeof load>> | undefined;

  async function respond(request: IncomingMessage, response: ServerResponse, next: () => void) {
    api ??= await load();
    const [path = ""] = (request.url ?? "").split("?", 1);
    if (!api.isApiPath(path)) return next();
    const after = afterResponses.of(response);
    const { status, headers, cookies, body } = await api.respondToApi(
      world,
      readRequest(request, path),
      after,
    );
    const length = body === null ? {} : { "Content-Length": Buffer.byteLength(body) };
    const setCookie = cookies.length > 0 ? { "Set-Cookie": [...cookies] } : {};
    response.writeHead(status, { ...headers, ...length, ...setCookie }).end(body);
  }

  return (request, response, next) => {
    respond(request, response, next).catch((error: unknown) => {
      world.log.error("api.failed", { error });
      response.destroy();
    });
  };
}

const readRequest = (request: IncomingMessage, path: string): ApiRequest => ({
  method: request.method ?? "",
  path,
  headers: headersOf(request),
  async arrayBuffer() {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  },
});

/** Node's headers, as a Web-standard request has them. */
export const headersOf = ({ headers }: IncomingMessage): Pick<Headers, "get"> => ({
  get(name) {
    const value = headers[name.toLowerCase()];
    return value === undefined ? null : String(value);
  },
});
