import {
  get,
  type IncomingMessage,
  type OutgoingHttpHeader,
  Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import compression from "compression";
import type { Env } from "@/lib/core/env";
import type { Log } from "@/lib/runtime/ports";
import { readCountry } from "@/lib/core/country";
import { clientIp } from "@/lib/core/ip";
import { bounds } from "@/lib/core/policy";
import { random } from "@/lib/core/crypto";
import {
  type CookieName,
  cookieOf,
  readCookie,
  readToken,
  serializeCookie,
} from "@/lib/web/cookies";
import { isFlashFor } from "@/lib/web/flash-page";
import { isSameOrigin } from "@/lib/web/origin";
import { collectDeletedCookies } from "@/lib/web/page-cookies";
import { noStore } from "@/lib/web/problem";
import { readVisited } from "@/lib/web/check/visited-url";
import { type Check, isCheck } from "./check";
import { closeInStages, endConnection, prepareServer } from "./connections";
import { FirstVisitPage } from "./first-visit-page";
import { type HeldPage, holdPage } from "./held-page";
import { headersOf, type JsonApi, mayBeJsonApi } from "./json-api";
import { failedPage, isBareResponse, missingPath, pageInsteadOf } from "./next-responses";
import {
  emailPolicy,
  isApi,
  isEmptyErrorPage,
  isMailboxEmail,
  isNextInternal,
  isOwnPage,
  ownPagePolicy,
  withoutFrameworkScript,
} from "./own-pages";
import { ProxyHeaders } from "./proxy-headers";
import { type Exchange, formRefusalPage, refuseEarly } from "./refusals";
import { readTarget } from "./request-target";
import { withoutAddedText } from "./token-url";

/**
 * Handles every request before Next does, in the same HTTP server: reads the request target, sets the
 * forwarding headers and Host, limits the body, refuses what Next would answer with a 500, and sets the
 * security headers of every response, Next's own errors included. A page replaces those of Next's
 * responses that people cannot use. Once it is given the JSON API, its requests no longer reach Next.
 */
export function installRequestGate(env: Env, log: Log): RequestGate {
  // Next listens before it runs instrumentation, so earlier connections have bypassed the gate.
  for (const server of listeningServers()) {
    prepareServer(server, env);
    server.closeAllConnections();
  }
  const common = commonHeaders(env);
  const proxies = new ProxyHeaders(env, log);
  const firstVisitPage = new FirstVisitPage(env);
  let api: JsonApi | undefined;
  let serveCheck: (check: Check) => void = () => {};
  const check = new Promise<Check>((resolve) => (serveCheck = resolve));
  const { emit } = Server.prototype;
  Server.prototype.emit = function (this: Server, event: string | symbol, ...rest: unknown[]) {
    if (event === "listening") prepareServer(this, env);
    if (event === "request") {
      const [request, response] = rest as [IncomingMessage, ServerResponse];
      const deleted = new Set<CookieName>();
      const next = () =>
        collectDeletedCookies(deleted, () => void Reflect.apply(emit, this, [event, ...rest]));
      gateRequest(
        { request, response, env, log, page: pageFrom(this, env) },
        { common, proxies, firstVisitPage, deleted, api, check, next },
      );
      return true;
    }
    // Only Next's development server uses WebSockets. Its production server would keep them open.
    if (event === "upgrade" && env.production) {
      endConnection(rest[1] as Duplex, "400 Bad Request");
      return true;
    }
    return Reflect.apply(emit, this, [event, ...rest]) as boolean;
  };
  return { serveApi: (given) => void (api = given), serveCheck };
}

interface RequestGate {
  /** Serves the JSON API from now on. Before, its requests wait in Next, as all others do. */
  readonly serveApi: (api: JsonApi) => void;
  /** Responds to session checks, also to those that wait already. */
  readonly serveCheck: (check: Check) => void;
}

/** The HTTP servers of this process. Node has no documented way to find Next's server. */
export const listeningServers = (): Server[] =>
  (process as unknown as { _getActiveHandles(): unknown[] })
    ._getActiveHandles()
    .filter((handle) => handle instanceof Server);

const apiMethods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
const pageMethods = ["GET", "HEAD", "POST"];
const fileMethods = ["GET", "HEAD"];

interface Gate {
  readonly common: Readonly<Record<string, string>>;
  readonly proxies: ProxyHeaders;
  readonly firstVisitPage: FirstVisitPage;
  /** The cookies that the page deletes. */
  readonly deleted: ReadonlySet<CookieName>;
  readonly api: JsonApi | undefined;
  /** Once the server is ready. */
  readonly check: Promise<Check>;
  /** Passes the request to Next. */
  readonly next: () => void;
}

function gateRequest(
  exchange: Exchange,
  { common, proxies, firstVisitPage, deleted, api, check, next }: Gate,
): void {
  const { request, response, env } = exchange;
  const target = readTarget(request.url ?? "/", request.headers.host ?? "");
  request.url =
    env.production && isNextInternal(target.path) ? missingPath : withoutAddedText(target.path);
  const visited = isCheck(request.url) && readVisited(headersOf(request), env);
  const serves = visited ? null : api && mayBeJsonApi(request.url) ? api : undefined;
  const prepare = () => {
    setHeaders(common, request, response);
    completeHeaders(exchange, deleted);
  };
  if (serves === undefined) prepare();
  else completeHeadersAtOnce(common, response);
  const forwardedProto = ofTrustedHop(env, request.headers["x-forwarded-proto"]).toLowerCase();
  normalizeForwardingHeaders(env, request);
  // For any Host, and without a redirect: it is asked by other servers, about other requests (W2).
  if (visited) return void check.then((respond) => respond(request, response, visited));
  const isRefused =
    proxies.redirectToOrigin(exchange, { ...target, forwardedProto }) ||
    rejectLargeBody(exchange) ||
    rejectCrossSiteForm(exchange) ||
    rejectUnsupported(exchange);
  if (isRefused) return;
  setBrowserCookie(env, request, response);
  // Not before: a refusal is sent at once, while the rest of the body is still read.
  const proceed = () => {
    if (serves)
      return serves(request, response, () => {
        prepare();
        next();
      });
    if (firstVisitPage.isRequestedBy(request))
      return firstVisitPage.respond(exchange, () => render(exchange, next));
    render(exchange, next);
  };
  if (!bufferBody(exchange, proceed)) proceed();
}

/** Passes a request to Next. */
function render(exchange: Exchange, next: () => void): void {
  const { request, response, env } = exchange;
  const { url = "/" } = request;
  if (isMailboxEmail(url)) allowEmailStyles(response);
  else if (env.production) rewritePages(exchange);
  if (isFile(request)) compressed(request, response, next);
  else next();
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
function rejectUnsupported(exchange: Exchange): boolean {
  const { request, response } = exchange;
  const { method = "", url = "/", headers } = request;
  // Next's development tools.
  if (url.startsWith("/__nextjs")) return false;
  const api = isApi({ url });
  const methods = api ? apiMethods : isFile(request) ? fileMethods : pageMethods;
  if (!methods.includes(method)) {
    response.setHeader("Allow", methods.join(", "));
    refuseEarly(exchange, "method_not_allowed");
    return true;
  }
  // Our own pages post forms without script. Only Next's script calls an action with this header.
  const isAction = headers["next-action"] !== undefined;
  const isForm = formType.test(headers["content-type"] ?? "") && !isAction;
  const isUsed = isForm || (isAction && !isOwnPage(url));
  if (url.startsWith("/") && isDecodable(url) && (api || isUsed || method !== "POST")) return false;
  refuseEarly(exchange, "invalid_input");
  return true;
}

/**
 * Refuses a form or a server action that another site sent, which Next would answer with a 500.
 * Requests to pages with other methods change nothing, and the runner checks the JSON API.
 */
function rejectCrossSiteForm(exchange: Exchange): boolean {
  const { request, env } = exchange;
  if (request.method !== "POST" || isApi(request)) return false;
  const get = (name: string) => (request.headers[name] as string | undefined) ?? null;
  if (!isSameOrigin({ get }, env.origin.origin)) {
    refuseEarly(exchange, "cross_site");
    return true;
  }
  // A browser may hide its origin. Next would refuse the form, or print a warning.
  request.headers.origin = env.origin.origin;
  return false;
}

const formType = /^(multipart\/form-data|application\/x-www-form-urlencoded)/i;

function isDecodable(url: string) {
  try {
    decodeURIComponent(url.split("?")[0]!);
    return true;
  } catch {
    return false;
  }
}

/** The headers of every response that are the same for each request. */
function commonHeaders({ origin }: Env): Readonly<Record<string, string>> {
  return {
    // Replaced on pages: by `rewritePages` on our own, by proxy.ts on others.
    "Content-Security-Policy":
      "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Robots-Tag": "noindex",
    ...(origin.protocol === "https:"
      ? { "Strict-Transport-Security": "max-age=63072000; includeSubDomains" }
      : {}),
  };
}

function setHeaders(common: Gate["common"], request: IncomingMessage, response: ServerResponse) {
  for (const name in common) response.setHeader(name, common[name]!);
  // Set before Next sees the request: it sets no other then. Next knows how long files may be stored.
  if (!isFile(request)) response.setHeader("Cache-Control", noStore["Cache-Control"]);
  // The path of a token page is secret. Its form still needs an Origin header (L6).
  const isToken = /^\/l(\/|\?|$)/.test(request.url ?? "/");
  response.setHeader("Referrer-Policy", isToken ? "strict-origin" : "same-origin");
}

/**
 * Completes the headers of the session check and the JSON API, which give all of theirs at once: Node then
 * needs no list of them first. A refusal may have set some before.
 */
function completeHeadersAtOnce(common: Gate["common"], response: ServerResponse) {
  const { writeHead } = response;
  response.writeHead = ((status: number, given: Record<string, OutgoingHttpHeader> = {}) => {
    const others = { ...common, ...noStore, "Referrer-Policy": "same-origin" };
    return writeHead.call(response, status, { ...others, ...response.getHeaders(), ...given });
  }) as typeof writeHead;
}

/** Completes the headers of a response when they are sent, whoever has set the others. */
function completeHeaders({ request, response, env }: Exchange, deleted: ReadonlySet<CookieName>) {
  const { writeHead } = response;
  response.writeHead = ((status: number, ...rest: unknown[]) => {
    const headers = rest.find((part) => typeof part === "object" && part !== null);
    for (const [name, value] of Object.entries(headers ?? {}))
      response.setHeader(name, value as string);
    const set = [response.getHeader("Cache-Control") ?? []].flat().map(String);
    response.setHeader("Cache-Control", cacheControl(request, set));
    const cookies = [response.getHeader("Set-Cookie") ?? []].flat().map(String);
    // The page that a redirect leads to may need the cookie, or the browser has a newer one by then.
    const isRedirect = status >= 300 && status < 400;
    for (const name of isRedirect ? [] : deleted) {
      const cookie = cookieOf(env, name, null);
      // A form's action has set it, as a sign-in does.
      if (!cookies.some((one) => one.startsWith(`${cookie.name}=`)))
        response.appendHeader("Set-Cookie", serializeCookie(cookie));
    }
    return writeHead.call(response, status);
  }) as typeof writeHead;
}

/**
 * No response may be stored, except for what says so itself: files, and pages and routes of the
 * application. Next adds a route's header to ours, as another value.
 */
function cacheControl(request: IncomingMessage, set: readonly string[]): string {
  const meant = set.filter((value) => value !== noStore["Cache-Control"]).join(", ");
  const isOurs = isApi(request) || isOwnPage(request.url ?? "/");
  return meant === "" || (isOurs && !meant.includes("no-store")) ? noStore["Cache-Control"] : meant;
}

const forwardingHeader =
  /^(x-forwarded-|x-original-|forwarded$|x-real-ip$|x-nonce$|x-own-page$|x-middleware-|content-security-policy)/;

/**
 * Replaces what a client may have forged: the forwarding headers contain the IP and the country that the
 * trusted proxies report, and the configured origin (L7, R2, S2).
 */
function normalizeForwardingHeaders(
  { origin, trustedProxyHops, countryHeader, production }: Env,
  request: IncomingMessage,
) {
  const { headers, socket, url = "/" } = request;
  const forwardedFor = trustedProxyHops > 0 ? String(headers["x-forwarded-for"] ?? "") : "";
  const ip = clientIp(socket.remoteAddress, forwardedFor, trustedProxyHops);
  const isTrusted = trustedProxyHops > 0 && countryHeader !== undefined;
  const country = isTrusted ? readCountry(headers[countryHeader]) : null;
  for (const name in headers) if (forwardingHeader.test(name)) delete headers[name];
  headers["x-forwarded-for"] = ip ?? "";
  if (country) headers["x-forwarded-country"] = country;
  headers["x-forwarded-host"] = origin.host;
  headers["x-forwarded-proto"] = origin.protocol.slice(0, -1);
  headers.host = origin.host;
  // Files are small, and Next answers a range that it does not have with a 500.
  if (isFile(request)) delete headers.range;
  if (!isOwnPage(url)) return;
  // Read by the layout, and by proxy.ts, whose nonce only pages with Next's script need.
  headers["x-own-page"] = production ? "without-framework" : "with-framework";
  // Only Next's script requests payloads instead of pages, and our own pages run without it.
  if (production)
    for (const name of Object.keys(headers))
      if (/^(rsc$|next-(router-|url$))/.test(name)) delete headers[name];
}

/**
 * Removes Next's script from our own pages (decision 23), and replaces the responses of Next that people
 * cannot use: error pages that are empty without its script, and bare texts. A path without a page gets
 * our "not found" page.
 */
function rewritePages(exchange: Exchange) {
  const { request, response, env, page } = exchange;
  const { url = "/" } = request;
  if (isApi(request) || isFile(request)) return;
  const isOwn = isOwnPage(url);
  const isPage = (type: string) => type.startsWith("text/html");
  const wanted = (status: number, type: string) =>
    isPage(type) ? isOwn || status === 404 : isBareResponse(exchange, status, type);
  holdPage(response, wanted, async (held) => {
    const { status, html } = held;
    if (!isPage(String(response.getHeader("Content-Type") ?? "")))
      return pageInsteadOf(exchange, held);
    const isEmpty = isEmptyErrorPage(html);
    if (!isOwn && isEmpty) return held;
    response.setHeader("Content-Security-Policy", ownPagePolicy(url));
    // What Next's script uses.
    for (const name of ["Link", "Vary"]) response.removeHeader(name);
    if (!isEmpty) {
      if (status === 200) clearShownFlash(env, request, response);
      return { status, html: withoutFrameworkScript(html) };
    }
    if (status < 400) return { status, html: "" };
    return status === 404 ? page(missingPath) : failedPage(exchange);
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
    (status, type) => status === 200 && type.startsWith("text/html"),
    (page) => {
      response.setHeader("Content-Security-Policy", emailPolicy);
      return page;
    },
  );
}

/** Requests a page from a server of this process over HTTP. */
const pageFrom =
  (server: Server, { origin }: Env) =>
  (path: string, given: Record<string, string> = {}) =>
    new Promise<HeldPage>((resolve, reject) => {
      const { address, port } = server.address() as AddressInfo;
      const host = { "0.0.0.0": "127.0.0.1", "::": "::1" }[address] ?? address;
      const headers = { ...given, host: origin.host };
      get({ host, port, path, headers, agent: false }, (httpResponse) => {
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
  /^\/((latchkey\/)?_next\/static\/|[^?]*\.(css|ico|js|mjs|svg|txt|webmanifest)(\?|$))/.test(url);

const compressed = compression();

/** Refuses a body whose `Content-Length` is over `bounds.bodyBytes`. */
function rejectLargeBody(exchange: Exchange): boolean {
  const length = Number(exchange.request.headers["content-length"] ?? 0);
  if (!(length > bounds.bodyBytes)) return false;
  refuseEarly(exchange, "body_too_large");
  return true;
}

/**
 * Counts the bytes of a body as it arrives, and refuses one over `bounds.bodyBytes`. Holds the bodies
 * of forms and API calls until they are complete: Next would log an aborted one as an error. Refuses
 * a form that has no effect, which Next would answer with a bare text or a 500. True when it calls
 * `proceed` itself once the body is complete.
 */
function bufferBody(exchange: Exchange, proceed: () => void): boolean {
  const { request, response } = exchange;
  const { "content-type": type = "", "content-length": length } = request.headers;
  const isForm = formType.test(type) && !isApi(request);
  const hasBody = request.headers["transfer-encoding"] !== undefined || Number(length ?? 0) > 0;
  if (!isForm && !hasBody) return false;
  const isHeld = isForm || (isApi(request) && hasBody);
  const chunks: Buffer[] = [];
  let left = bounds.bodyBytes;
  const push = request.push.bind(request);
  request.push = (chunk: Buffer | null, encoding) => {
    if (chunk === null) {
      const more = push(null);
      if (left < 0) return more;
      if (isForm)
        passForm(exchange, Buffer.concat(chunks), proceed).catch(() => response.destroy());
      else if (isHeld) proceed();
      return more;
    }
    left -= chunk.length;
    if (left < 0) {
      if (!response.headersSent) refuseEarly(exchange, "body_too_large");
      // After a pipelined request it has no socket yet, and the other response is still being sent.
      else if (response.socket) closeInStages(request);
      return true;
    }
    if (isForm) chunks.push(chunk);
    const more = push(chunk, encoding);
    // No reader exists yet, so there is no back-pressure; the size is limited.
    return isHeld || more;
  };
  return isHeld;
}

/** Passes a complete form to Next, unless it cannot be read or belongs to none of our pages' actions. */
async function passForm(exchange: Exchange, bytes: Buffer, proceed: () => void): Promise<void> {
  const { request, response } = exchange;
  const type = request.headers["content-type"] ?? "";
  const body = new Response(new Uint8Array(bytes), { headers: { "Content-Type": type } });
  const form = await body.formData().catch(() => null);
  if (form) exchange.form = form;
  const isComplete = isOwnPage(request.url ?? "/") ? namesAction(type, form) : form !== null;
  if (isComplete) return proceed();
  const { status, html } = await formRefusalPage(exchange, "invalid_input");
  response.writeHead(status, noStore).end(html);
}

/** Whether a form names actions as our pages do. Next would print any other name. */
function namesAction(type: string, form: FormData | null): boolean {
  const names = [...(form?.keys() ?? [])].filter((name) => name.startsWith("$ACTION_"));
  const areIds = names.every((name) => /^\$ACTION_ID_[0-9a-f]{42}$/.test(name));
  return /^multipart/i.test(type) && names.length > 0 && areIds;
}

/** The entry of a list header that the outermost trusted proxy wrote. */
function ofTrustedHop({ trustedProxyHops }: Env, value: string | string[] | undefined) {
  const entries = String(value ?? "")
    .split(",")
    .map((entry) => entry.trim())
    .filter(Boolean);
  return entries.at(-Math.max(1, Math.min(trustedProxyHops, entries.length))) ?? "";
}
