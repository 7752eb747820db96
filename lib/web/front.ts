import { randomUUID } from "node:crypto";
import { type IncomingMessage, Server, type ServerResponse } from "node:http";
import { type Env, isLoopback } from "@/lib/env";
import type { Log } from "@/lib/flow";
import { clientIp } from "@/lib/ip";
import { bounds } from "@/lib/policy";
import type { RefusalCode } from "@/lib/refusals";
import { problemHeaders, problemOf, problemText } from "./problem";

/**
 * What stands before Next in the same HTTP server. Here every request is put right, whatever path
 * it takes afterwards: forwarding headers are ours, Host is the origin's, bodies are counted, and
 * the headers that every response has are on every response, Next's own errors included.
 */
export function installFront(env: Env, log: Log): void {
  // Next listens before it runs instrumentation. Who came by then came past us, and has to come again.
  for (const server of listening()) server.closeAllConnections();
  const { emit } = Server.prototype;
  Server.prototype.emit = function (this: Server, event: string | symbol, ...rest: unknown[]) {
    if (event === "request") {
      const [request, response] = rest as [IncomingMessage, ServerResponse];
      const go = () => void Reflect.apply(emit, this, [event, ...rest]);
      const turnAway = (code: RefusalCode) => turnAwayFrom(request, response, code, { env, log });
      if (receive(env, request, response, { go, turnAway })) return true;
    }
    return Reflect.apply(emit, this, [event, ...rest]) as boolean;
  };
}

/** The HTTP servers of this process. Node has no documented way to find what another has opened. */
const listening = () =>
  (process as unknown as { _getActiveHandles(): unknown[] })
    ._getActiveHandles()
    .filter((handle) => handle instanceof Server);

/** What the JSON face is asked with; pages are read, and take forms. */
const apiMethods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
const pageMethods = ["GET", "HEAD", "POST"];

interface Ways {
  /** On to Next. */
  readonly go: () => void;
  readonly turnAway: (code: RefusalCode) => void;
}

/** True when the request is answered here, or `go` will hand it on when it has arrived whole. */
function receive(
  env: Env,
  request: IncomingMessage,
  response: ServerResponse,
  { go, turnAway }: Ways,
): boolean {
  for (const [name, value] of Object.entries(headersFor(env, request)))
    response.setHeader(name, value);
  const forwardedProto = last(request.headers["x-forwarded-proto"]);
  const host = request.headers.host ?? "";
  putForwardingRight(env, request);
  return (
    sendToOrigin(env, request, response, { host, forwardedProto, turnAway }) ||
    refuseLarge(request, turnAway) ||
    refuseOddities(request, response, turnAway) ||
    takeBody(request, response, { go, turnAway })
  );
}

/** Methods, paths and bodies that nobody here uses, and that Next answers with a 500. */
function refuseOddities(
  { method = "", url = "/", headers }: IncomingMessage,
  response: ServerResponse,
  turnAway: Ways["turnAway"],
): boolean {
  // Next's own tools while developing.
  if (url.startsWith("/__nextjs")) return false;
  const api = isApi({ url });
  const methods = api ? apiMethods : pageMethods;
  if (!methods.includes(method)) {
    response.setHeader("Allow", methods.join(", "));
    turnAway("method_unused");
    return true;
  }
  // Our forms are posted by the browser itself, never as a script's call of an action.
  const isForm = formType.test(headers["content-type"] ?? "") && !headers["next-action"];
  if (isDecodable(url) && (api || isForm || method !== "POST")) return false;
  turnAway("input_malformed");
  return true;
}

const isApi = ({ url = "/" }: { url?: string | undefined }) => url.startsWith("/api/");

const formType = /^(multipart\/form-data|application\/x-www-form-urlencoded)/i;

function isDecodable(url: string) {
  try {
    decodeURIComponent(url.split("?")[0]!);
    return true;
  } catch {
    return false;
  }
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
  // A browser that hides its origin and says itself that the form is ours; Next would not take it.
  if (headers.origin === "null" && headers["sec-fetch-site"] === "same-origin")
    headers.origin = origin.origin;
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
  {
    host,
    forwardedProto,
    turnAway,
  }: { host: string; forwardedProto: string; turnAway: Ways["turnAway"] },
): boolean {
  if (forMachines.test(url)) return false;
  const plain = origin.protocol === "https:" && trustedProxyHops > 0 && forwardedProto === "http";
  const otherName = loopback && host !== origin.host;
  if (!plain && !otherName) return false;
  const known =
    plain || (URL.canParse(`http://${host}`) && isLoopback(new URL(`http://${host}`).hostname));
  if (!known || !(method === "GET" || method === "HEAD")) {
    turnAway("wrong_host");
    return true;
  }
  response.writeHead(307, { Location: origin.origin + (url.startsWith("/") ? url : "/") }).end();
  return true;
}

/** Refuses a body that says of itself that it is over the bound. */
function refuseLarge({ headers }: IncomingMessage, turnAway: Ways["turnAway"]): boolean {
  if (!(Number(headers["content-length"] ?? 0) > bounds.bodyBytes)) return false;
  turnAway("body_too_large");
  return true;
}

/**
 * Counts a body as it arrives, and refuses it once it is over the bound. It is held until it is
 * whole: Next would log one that breaks off as an error of ours. A form is refused if it is none:
 * Next would say 500.
 */
function takeBody(
  request: IncomingMessage,
  response: ServerResponse,
  { go, turnAway }: Ways,
): boolean {
  const { "content-type": type = "", "content-length": length, ...others } = request.headers;
  const isForm = formType.test(type) && !isApi(request);
  const hasBody = others["transfer-encoding"] !== undefined || Number(length ?? 0) > 0;
  const isHeld = isForm || (isApi(request) && hasBody);
  const chunks: Buffer[] = [];
  let left = bounds.bodyBytes;
  const push = request.push.bind(request);
  request.push = (chunk: Buffer | null, encoding) => {
    if (chunk === null) {
      const more = push(null);
      if (left < 0) return more;
      if (isForm) void whenForm(type, chunks, go, () => turnAway("input_malformed"));
      else if (isHeld) go();
      return more;
    }
    left -= chunk.length;
    if (left < 0) {
      if (!response.headersSent) turnAway("body_too_large");
      request.destroy();
      return false;
    }
    if (isForm) chunks.push(chunk);
    const more = push(chunk, encoding);
    // Nobody reads it yet, so it must not wait for a reader; it is small.
    return isHeld || more;
  };
  return isHeld;
}

async function whenForm(type: string, chunks: Buffer[], yes: () => void, no: () => void) {
  const body = new Response(Buffer.concat(chunks), { headers: { "Content-Type": type } });
  const isOne = await body.formData().then(
    () => true,
    () => false,
  );
  if (isOne) yes();
  else no();
}

/** In the words of the face that was asked: a sentence for people, a problem for programs (X5). */
function turnAwayFrom(
  request: IncomingMessage,
  response: ServerResponse,
  code: RefusalCode,
  { env, log }: { env: Env; log: Log },
) {
  const reference = randomUUID();
  const problem = problemOf({ code, reference, origin: env.origin.origin });
  const [headers, text] = isApi(request)
    ? [problemHeaders(problem), problemText(problem)]
    : [{ "Content-Type": "text/plain; charset=utf-8" }, `${problem.title}\n`];
  if (isApi(request)) log.warn("refused", { flow: "api", code, requestId: reference });
  response.writeHead(problem.status, { ...headers, Connection: "close" }).end(text);
}

const last = (value: string | string[] | undefined) =>
  String(value ?? "")
    .split(",")
    .at(-1)!
    .trim();
