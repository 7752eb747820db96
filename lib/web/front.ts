import { type IncomingMessage, Server, type ServerResponse } from "node:http";
import { type Env, isLoopback } from "@/lib/env";
import { clientIp } from "@/lib/ip";
import { bounds } from "@/lib/policy";
import { refusals } from "@/lib/refusals";

/**
 * What stands before Next in the same HTTP server. Here every request is put right, whatever path
 * it takes afterwards: forwarding headers are ours, Host is the origin's, bodies are counted, and
 * the headers that every response has are on every response, Next's own errors included.
 */
export function installFront(env: Env): void {
  const { emit } = Server.prototype;
  Server.prototype.emit = function (this: Server, event: string | symbol, ...rest: unknown[]) {
    if (event === "request") {
      const [request, response] = rest as [IncomingMessage, ServerResponse];
      if (receive(env, request, response)) return true;
    }
    return Reflect.apply(emit, this, [event, ...rest]) as boolean;
  };
}

/** True when the request is answered here and goes no further. */
function receive(env: Env, request: IncomingMessage, response: ServerResponse): boolean {
  for (const [name, value] of Object.entries(headersFor(env, request)))
    response.setHeader(name, value);
  const forwardedProto = last(request.headers["x-forwarded-proto"]);
  const host = request.headers.host ?? "";
  putForwardingRight(env, request);
  return (
    sendToOrigin(env, request, response, { host, forwardedProto }) || capBody(request, response)
  );
}

function headersFor({ origin }: Env, { url = "/" }: IncomingMessage): Record<string, string> {
  return {
    // Pages get a policy with a nonce from proxy.ts in place of this one; nothing else runs or embeds.
    "Content-Security-Policy":
      "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    // A token page tells nobody its path, and still sends an Origin with its form (L6).
    "Referrer-Policy": /^\/l(\/|\?|$)/.test(url) ? "strict-origin" : "same-origin",
    "X-Robots-Tag": "noindex",
    ...(origin.protocol === "https:"
      ? { "Strict-Transport-Security": "max-age=63072000; includeSubDomains" }
      : {}),
  };
}

/**
 * Nobody downstream sees what a client wrote about itself: the forwarding headers hold the IP that
 * the trusted hops vouch for, and the configured origin (L7, R2).
 */
function putForwardingRight({ origin, trustedProxyHops }: Env, request: IncomingMessage) {
  const { headers, socket } = request;
  const forwardedFor = trustedProxyHops > 0 ? String(headers["x-forwarded-for"] ?? "") : "";
  const ip = clientIp(socket.remoteAddress, forwardedFor, trustedProxyHops);
  for (const name of Object.keys(headers))
    if (
      /^(x-forwarded-|forwarded$|x-real-ip$|x-nonce$|x-middleware-|content-security-policy)/.test(
        name,
      )
    )
      delete headers[name];
  headers["x-forwarded-for"] = ip ?? "";
  headers["x-forwarded-host"] = origin.host;
  headers["x-forwarded-proto"] = origin.protocol.slice(0, -1);
  headers.host = origin.host;
}

/** Health and metrics answer to any name; machines ask by address. */
const forMachines = /^\/(livez|readyz|metrics)(\?|$)/;

/**
 * Sends a browser that came by another name of this machine, or by plain http, on to the origin
 * with its path. On a loopback origin a foreign name is refused: it is somebody's DNS pointing at us.
 */
function sendToOrigin(
  { origin, loopback, trustedProxyHops }: Env,
  { url = "/", method }: IncomingMessage,
  response: ServerResponse,
  { host, forwardedProto }: { host: string; forwardedProto: string },
): boolean {
  if (forMachines.test(url)) return false;
  const plain = origin.protocol === "https:" && trustedProxyHops > 0 && forwardedProto === "http";
  const otherName = loopback && host !== origin.host;
  if (!plain && !otherName) return false;
  const known =
    plain || (URL.canParse(`http://${host}`) && isLoopback(new URL(`http://${host}`).hostname));
  if (!known || !(method === "GET" || method === "HEAD")) {
    answer(response, 421, `This server is ${origin.origin}.`);
    return true;
  }
  response.writeHead(307, { Location: origin.origin + (url.startsWith("/") ? url : "/") }).end();
  return true;
}

/** Refuses a body over the bound, by what it says of itself or by what arrives. */
function capBody(request: IncomingMessage, response: ServerResponse): boolean {
  const tooLarge = () => answer(response, 413, refusals.body_too_large.sentence);
  if (Number(request.headers["content-length"] ?? 0) > bounds.bodyBytes) {
    tooLarge();
    return true;
  }
  let left = bounds.bodyBytes;
  const push = request.push.bind(request);
  request.push = (chunk: Buffer | null, encoding) => {
    left -= chunk?.length ?? 0;
    if (left >= 0 || chunk === null) return push(chunk, encoding);
    if (!response.headersSent) tooLarge();
    request.destroy();
    return false;
  };
  return false;
}

function answer(response: ServerResponse, status: 413 | 421, text: string) {
  response
    .writeHead(status, { "Content-Type": "text/plain; charset=utf-8", Connection: "close" })
    .end(`${text}\n`);
}

const last = (value: string | string[] | undefined) =>
  String(value ?? "")
    .split(",")
    .at(-1)!
    .trim();
