import type { IncomingMessage, ServerResponse } from "node:http";
import type { World } from "@/lib/runtime/ports";
import type { Visited } from "@/lib/web/check/visited-url";
import type { AfterResponses } from "./after-responses";
import { closeInStages } from "./connections";
import { headersOf } from "./json-api";

/** Responds to a request to `/check`. */
export type Check = (request: IncomingMessage, response: ServerResponse, visited: Visited) => void;

export const isCheck = (url: string): boolean => /^\/check(\?|$)/.test(url);

/**
 * The session check without Next: it is asked with every request of other servers. The request gate has
 * read which URL is visited, and then replaced the headers that say so.
 */
export function createCheck(world: World, afterResponses: AfterResponses): Check {
  const load = () => import("@/lib/web/check/check");
  let loaded: Awaited<ReturnType<typeof load>> | undefined;

  async function respond(request: IncomingMessage, response: ServerResponse, visited: Visited) {
    loaded ??= await load();
    const { method = "", url = "" } = request;
    const query = new URLSearchParams(url.split("?")[1]);
    const { status, headers } = await loaded.respondToCheck(
      world,
      { method, query, headers: headersOf(request), visited },
      afterResponses.of(response),
    );
    // A response with this status has no length (RFC 9110, section 8.6).
    const length = status === 204 ? {} : { "Content-Length": 0 };
    if (!hasBody(request) || !response.socket)
      return response.writeHead(status, { ...headers, ...length }).end();
    // Nobody reads the body.
    response.writeHead(status, { ...headers, ...length, Connection: "close" }).flushHeaders();
    closeInStages(request);
  }

  return (request, response, visited) => {
    respond(request, response, visited).catch((error: unknown) => {
      world.log.error("check.failed", { error });
      response.destroy();
    });
  };
}

const hasBody = ({ headers }: IncomingMessage) =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
