import { randomUUID } from "node:crypto";
import { get, type IncomingMessage, Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import compression from "compression";
import { type Env, isLoopback } from "@/lib/core/env";
import type { Log } from "@/lib/runtime/ports";
import { clientIp } from "@/lib/core/ip";
import { bounds } from "@/lib/core/policy";
import type { RefusalCode } from "@/lib/core/errors";
import { messagesIn } from "@/messages";
import { messageOf } from "@/messages/refusal-message";
import { type HeldPage, holdPage } from "./held-page";
import { random } from "@/lib/core/crypto";
import { withoutAddedText } from "./token-url";
import { cookieOf, readCookie, readToken, serializeCookie } from "@/lib/web/cookies";
import { isFlashFor } from "@/lib/web/flash-page";
import { isSameOrigin } from "@/lib/web/origin";
import {
  emailPolicy,
  isEmptyErrorPage,
  isMailboxEmail,
  isOwnPage,
  ownPagePolicy,
  withoutFrameworkScript,
} from "./own-pages";
import { problemHeaders, problemOf, problemText, noStore } from "@/lib/web/problem";

/**
 * Handles every request before Next does, in the same HTTP server: sets the forwarding headers and
 * Host, limits the body, refuses what Next would answer with a 500, and sets the security headers of
 * every response, Next's own errors included.
 */
export function installRequestGate(env: Env, log: Log): void {
  // Next listens before it runs instrumentation, so earlier connections have bypassed the gate.
  for (const server of listeningServers()) server.closeAllConnections();
  const { emit } = Server.prototype;
  Server.prototype.emit = function (this: Server, event: string | symbol, ...rest: unknown[]) {
    if (event === "request") {
      const [request, response] = rest as [IncomingMessage, ServerResponse];
      request.url = withoutAddedText(request.url ?? "/");
      const next = () => void Reflect.apply(emit, this, [event, ...rest]);
      const proceed = isFile(request) ? () => compressed(request, response, next) : next;
      if (isMailboxEmail(request.url ?? "")) allowEmailStyles(response);
      else if (env.production)
        rewritePages(request, response, { env, log, page: pageFrom(this, env) });
      const reject = (code: RefusalCode) => rejectRequest(request, response, code, { env, log });
      if (!gateRequest(env, request, response, { proceed, reject })) proceed();
      return true;
    }
    // Only Next's development server uses WebSockets. Its production server would keep them open.
    if (event === "upgrade" && env.production) {
      const [, socket] = rest as [IncomingMessage, Duplex];
      socket.on("error", () => {});
      socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      return true;
    }
    return Reflect.apply(emit, this, [event, ...rest]) as boolean;
  };
}

/** The HTTP servers of this process. Node has no documented way to find Next's server. */
export const listeningServers = (): Server[] =>
  (process as unknown as { _getActiveHandles(): unknown[] })
    ._getActiveHandles()
    .filter((handle) => handle instanceof Server);

const apiMethods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
const pageMethods = ["GET", "HEAD", "POST"];

interface Next {
  /** Passes the request to Next. */
  readonly proceed: () => void;
  readonly reject: (code: RefusalCode) => void;
}

/** True when the gate has responded, or calls `proceed` itself once the body is complete. */
function gateRequest(
  env: Env,
  request: IncomingMessage,
  response: ServerResponse,
  { proceed, reject }: Next,
): boolean {
  for (const [name, value] of Object.entries(headersFor(env, request)))
    response.setHeader(name, value);
  const forwardedProto = ofTrustedHop(env, request.headers["x-forwarded-proto"]);
  const host = request.headers.host ?? "";
  normalizeForwardingHeaders(env, request);
  const hasResponded =
    redirectToOrigin(env, request, response, { host, forwardedProto, reject }) ||
    rejectLargeBody(request, reject) ||
    rejectCrossSiteForm(env, request, reject) ||
    rejectUnsupported(request, response, reject);
  if (hasResponded) return true;
  setBrowserCookie(env, request, response);
  return bufferBody(request, response, { proceed, reject });
}

/**
 * Sets the cookie of a browser that opens a page of ours. A form that arrives without any cookie then
 * comes from a browser that accepts none, and is refused before it has an effect; and a browser that
 * repeats a form is known as the same. Only with pages that no cache stores.
 */
function setBrowserCookie(
  env: Env,
  { method, url = "/", headers }: IncomingMessage,
  response: ServerResponse,
) {
  if (method !== "GET" || !isOwnPage(url)) return;
  if (readToken(headers.cookie ?? null, env, "mail_request")) return;
  response.appendHeader(
    "Set-Cookie",
    serializeCookie(cookieOf(env, "mail_request", random.token())),
  );
}

/** Refuses methods, paths and bodies that no page uses, and that Next would answer with a 500. */
function rejectUnsupported(
  { method = "", url = "/", headers }: IncomingMessage,
  response: ServerResponse,
  reject: Next["reject"],
): boolean {
  // Next's development tools.
  if (url.startsWith("/__nextjs")) return false;
  const api = isApi({ url });
  const methods = api ? apiMethods : pageMethods;
  if (!methods.includes(method)) {
    response.setHeader("Allow", methods.join(", "));
    reject("method_not_allowed");
    return true;
  }
  // Our own pages post forms without script. Only Next's script calls an action with this header.
  const isAction = headers["next-action"] !== undefined;
  const isForm = formType.test(headers["content-type"] ?? "") && !isAction;
  const isUsed = isForm || (isAction && !isOwnPage(url));
  if (isDecodable(url) && (api || isUsed || method !== "POST")) return false;
  reject("invalid_input");
  return true;
}

/**
 * Refuses a form or a server action that another site sent, which Next would answer with a 500.
 * Requests to pages with other methods change nothing, and the runner checks the JSON API.
 */
function rejectCrossSiteForm(
  { origin }: Env,
  request: IncomingMessage,
  reject: Next["reject"],
): boolean {
  if (request.method !== "POST" || isApi(request)) return false;
  const get = (name: string) => (request.headers[name] as string | undefined) ?? null;
  if (isSameOrigin({ get }, origin.origin)) return false;
  reject("cross_site");
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

function headersFor({ origin }: Env, { url = "/" }: IncomingMessage) {
  return {
    // Replaced on pages: by `rewritePages` on our own, by proxy.ts on others.
    "Content-Security-Policy":
      "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ...((isOwnPage(url) || isApi({ url }) || url.startsWith("/.well-known/")) && noStore),
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    // The path of a token page is secret. Its form still needs an Origin header (L6).
    "Referrer-Policy": /^\/l(\/|\?|$)/.test(url) ? "strict-origin" : "same-origin",
    "X-Robots-Tag": "noindex",
    ...(origin.protocol === "https:"
      ? { "Strict-Transport-Security": "max-age=63072000; includeSubDomains" }
      : {}),
  };
}

/**
 * Replaces what a client may have forged: the forwarding headers contain the IP that the trusted
 * proxies report, and the configured origin (L7, R2).
 */
function normalizeForwardingHeaders(
  { origin, trustedProxyHops, production }: Env,
  request: IncomingMessage,
) {
  const { headers, socket, url = "/" } = request;
  const forwardedFor = trustedProxyHops > 0 ? String(headers["x-forwarded-for"] ?? "") : "";
  const ip = clientIp(socket.remoteAddress, forwardedFor, trustedProxyHops);
  for (const name of Object.keys(headers))
    if (
      /^(x-forwarded-|forwarded$|x-real-ip$|x-nonce$|x-own-page$|x-middleware-|content-security-policy)/.test(
        name,
      )
    )
      delete headers[name];
  // A same-origin form of a browser that hides its origin. Next would refuse it.
  if (headers.origin === "null" && headers["sec-fetch-site"] === "same-origin")
    headers.origin = origin.origin;
  headers["x-forwarded-for"] = ip ?? "";
  headers["x-forwarded-host"] = origin.host;
  headers["x-forwarded-proto"] = origin.protocol.slice(0, -1);
  headers.host = origin.host;
  if (!isOwnPage(url)) return;
  // Read by the layout, and by proxy.ts, whose nonce only pages with Next's script need.
  headers["x-own-page"] = production ? "without-framework" : "with-framework";
  // Only Next's script requests payloads instead of pages, and our own pages run without it.
  if (production)
    for (const name of Object.keys(headers))
      if (/^(rsc$|next-(router-|url$))/.test(name)) delete headers[name];
}

interface Pages {
  readonly env: Env;
  readonly log: Log;
  /** Requests another page of this server. */
  readonly page: (path: string) => Promise<HeldPage>;
}

/**
 * Removes Next's script from our own pages (decision 23), and replaces the error pages of Next that
 * are empty without it. A path without a page gets our "not found" page.
 */
function rewritePages(
  request: IncomingMessage,
  response: ServerResponse,
  { env, log, page }: Pages,
) {
  const { url = "/" } = request;
  if (isApi(request) || isFile(request)) return;
  const isOwn = isOwnPage(url);
  const wanted = (status: number) => isOwn || status === 404;
  holdPage(response, wanted, async ({ status, html }) => {
    const isEmpty = isEmptyErrorPage(html);
    if (!isOwn && isEmpty) return { status, html };
    response.setHeader("Content-Security-Policy", ownPagePolicy(url));
    response.removeHeader("Link");
    if (!isEmpty) {
      if (status === 200) clearShownFlash(env, request, response);
      return { status, html: withoutFrameworkScript(html) };
    }
    if (status < 400) return { status, html: "" };
    if (status === 404) return page(missingPath);
    const reference = randomUUID();
    log.error("page.failed", { requestId: reference, path: url });
    return page(`/failed?reference=${reference}`);
  });
}

/**
 * Clears the message that this page has shown, which pages cannot do themselves: another tab must not
 * show it again. Requests that nobody sees leave it.
 */
function clearShownFlash(
  env: Env,
  { headers, method, url = "/" }: IncomingMessage,
  response: ServerResponse,
) {
  const isSeen =
    method === "GET" && !headers["x-latchkey-check"] && !headers["sec-purpose"] && !headers.purpose;
  if (isSeen && isFlashFor(readCookie(headers.cookie ?? null, env, "flash"), url))
    response.appendHeader("Set-Cookie", serializeCookie(cookieOf(env, "flash", null)));
}

/**
 * Gives an email of the local mailbox its own policy. Next appends a route's headers to ours, and a
 * browser would apply both policies.
 */
function allowEmailStyles(response: ServerResponse) {
  holdPage(
    response,
    (status) => status === 200,
    (page) => {
      response.setHeader("Content-Security-Policy", emailPolicy);
      return page;
    },
  );
}

/** Requests a page from a server of this process over HTTP. */
const pageFrom =
  (server: Server, { origin }: Env) =>
  (path: string) =>
    new Promise<HeldPage>((resolve, reject) => {
      const { address, port } = server.address() as AddressInfo;
      const host = { "0.0.0.0": "127.0.0.1", "::": "::1" }[address] ?? address;
      get({ host, port, path, headers: { host: origin.host }, agent: false }, (httpResponse) => {
        const chunks: Buffer[] = [];
        httpResponse.on("data", (chunk: Buffer) => chunks.push(chunk));
        httpResponse.on("error", reject);
        httpResponse.on("end", () =>
          resolve({
            status: httpResponse.statusCode ?? 500,
            html: Buffer.concat(chunks).toString(),
          }),
        );
      }).on("error", reject);
    });

/** Files of the build and of `public`. They contain no secrets, so compressing them is safe (BREACH). */
const isFile = ({ url = "/" }: IncomingMessage) =>
  !isOwnPage(url) &&
  /^\/(_next\/static\/|[^?]*\.(css|ico|js|mjs|svg|txt|webmanifest)(\?|$))/.test(url);

const compressed = compression();

/** No page can exist at this path: Next does not serve folders that begin with "_". */
const missingPath = "/_nowhere";

/** Paths that accept any Host header: health checks use the server's address. */
const healthPaths = /^\/(livez|readyz|metrics)(\?|$)/;

/**
 * Redirects a request to another name of this machine, or over plain http, to the same path of the
 * origin. On a loopback origin other host names are refused, because an attacker's DNS can point
 * at this machine (DNS rebinding).
 */
function redirectToOrigin(
  { origin, loopback, trustedProxyHops }: Env,
  { url = "/", method }: IncomingMessage,
  response: ServerResponse,
  {
    host,
    forwardedProto,
    reject,
  }: { host: string; forwardedProto: string; reject: Next["reject"] },
): boolean {
  if (healthPaths.test(url)) return false;
  const plain = origin.protocol === "https:" && trustedProxyHops > 0 && forwardedProto === "http";
  const otherName = loopback && host !== origin.host;
  if (!plain && !otherName) return false;
  const known =
    plain || (URL.canParse(`http://${host}`) && isLoopback(new URL(`http://${host}`).hostname));
  if (!known || !(method === "GET" || method === "HEAD")) {
    reject("misdirected_request");
    return true;
  }
  response.writeHead(307, { Location: origin.origin + (url.startsWith("/") ? url : "/") }).end();
  return true;
}

/** Refuses a body whose `Content-Length` is over `bounds.bodyBytes`. */
function rejectLargeBody({ headers }: IncomingMessage, reject: Next["reject"]): boolean {
  if (!(Number(headers["content-length"] ?? 0) > bounds.bodyBytes)) return false;
  reject("body_too_large");
  return true;
}

/**
 * Counts the bytes of a body as it arrives, and refuses one over `bounds.bodyBytes`. Holds the bodies
 * of forms and API calls until they are complete: Next would log an aborted one as an error. Refuses
 * a malformed form, which Next would answer with a 500.
 */
function bufferBody(
  request: IncomingMessage,
  response: ServerResponse,
  { proceed, reject }: Next,
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
      if (isForm) void validateForm(type, chunks, proceed, () => reject("invalid_input"));
      else if (isHeld) proceed();
      return more;
    }
    left -= chunk.length;
    if (left < 0) {
      if (!response.headersSent) reject("body_too_large");
      request.destroy();
      return false;
    }
    if (isForm) chunks.push(chunk);
    const more = push(chunk, encoding);
    // No reader exists yet, so there is no back-pressure; the size is limited.
    return isHeld || more;
  };
  return isHeld;
}

async function validateForm(type: string, chunks: Buffer[], yes: () => void, no: () => void) {
  const body = new Response(Buffer.concat(chunks), { headers: { "Content-Type": type } });
  const isOne = await body.formData().then(
    () => true,
    () => false,
  );
  if (isOne) yes();
  else no();
}

/** Responds with problem+json to API calls, and with the sentence as plain text to others (X5). */
function rejectRequest(
  request: IncomingMessage,
  response: ServerResponse,
  code: RefusalCode,
  { env, log }: { env: Env; log: Log },
) {
  const reference = randomUUID();
  const refusal = { code, reference, origin: env.origin.origin };
  const problem = problemOf(refusal);
  const [headers, text] = isApi(request)
    ? [problemHeaders(problem), problemText(problem)]
    : [
        { "Content-Type": "text/plain; charset=utf-8", ...noStore },
        `${messageOf(messagesIn(env.locale), refusal)}\n`,
      ];
  if (isApi(request)) log.warn("refused", { flow: "api", code, requestId: reference });
  response.writeHead(problem.status, { ...headers, Connection: "close" }).end(text);
}

/** The entry of a list header that the outermost trusted proxy wrote. */
function ofTrustedHop({ trustedProxyHops }: Env, value: string | string[] | undefined) {
  const entries = String(value ?? "").split(",");
  return entries.at(-Math.max(1, Math.min(trustedProxyHops, entries.length)))!.trim();
}
