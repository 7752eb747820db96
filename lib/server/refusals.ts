import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Env } from "@/lib/core/env";
import { type RefusalCode, refusals } from "@/lib/core/errors";
import type { Log } from "@/lib/runtime/ports";
import { cookieOf, serializeCookie } from "@/lib/web/cookies";
import { encodeFlash, flashPageOf, flashValues } from "@/lib/web/flash-page";
import { inHtml, plainPage } from "@/lib/web/plain-page";
import { problemHeaders, problemOf, problemText } from "@/lib/web/problem";
import { type Messages, messagesIn } from "@/messages";
import { messageOf } from "@/messages/refusal-message";
import { closeInStages } from "./connections";
import type { HeldPage } from "./held-page";
import { isApi, isOwnPage, ownPagePolicy } from "./own-pages";

/** A request in the request gate, and its response. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly env: Env;
  readonly log: Log;
  /** Requests another page of this server. */
  readonly page: (path: string, headers?: Record<string, string>) => Promise<HeldPage>;
  /** The posted form, once it is complete. */
  form?: FormData;
}

/**
 * Refuses a request whose body may still be on its way: API calls with problem+json (X5), browsers with a
 * page, others with the sentence as plain text. Then reads the rest of the body and closes the connection.
 */
export function refuseEarly(exchange: Exchange, code: RefusalCode, { asPage = false } = {}): void {
  const { request, response, env, log } = exchange;
  const reference = randomUUID();
  const refusal = { code, reference, origin: env.origin.origin };
  const problem = problemOf(refusal);
  const messages = messagesIn(env.locale);
  const [headers, text] = isApi(request)
    ? [problemHeaders(problem), problemText(problem)]
    : asPage || acceptsPages(request)
      ? [
          { "Content-Type": html, "Content-Security-Policy": ownPagePolicy("/") },
          refusalPage(exchange, messages, code),
        ]
      : [
          { "Content-Type": "text/plain; charset=utf-8" },
          `${sentenceOf(exchange, messages, code)}\n`,
        ];
  if (isApi(request)) log.warn("refused", { flow: "api", code, requestId: reference });
  response.writeHead(problem.status, {
    ...headers,
    "Content-Length": Buffer.byteLength(text),
    Connection: "close",
  });
  // After a pipelined request, whose response has to be sent before.
  if (!response.socket) return void response.end(text);
  // A response to HEAD has no body that would bring the headers along.
  response.flushHeaders();
  response.write(text);
  closeInStages(request);
}

const html = "text/html; charset=utf-8";

export const acceptsPages = ({ headers }: IncomingMessage): boolean =>
  /\btext\/html\b/.test(headers.accept ?? "");

function refusalPage(
  { request, env, ...exchange }: Exchange,
  messages: Messages,
  code: RefusalCode,
) {
  const isForm = isFormPost(request);
  return plainPage(messages, env.appName, {
    title: messages.message("refused.title"),
    lead: sentenceOf({ request, env, ...exchange }, messages, code),
    link:
      isForm && code !== "cross_site"
        ? { href: pathOf(request), text: messages.message("refused.back") }
        : { href: env.origin.origin, text: messages.message("notFound.back") },
  });
}

/** `invalid_input` is about a form; an address that cannot be read leads nowhere. */
const sentenceOf = ({ request, env }: Exchange, messages: Messages, code: RefusalCode) =>
  messageOf(messages, {
    code: code === "invalid_input" && !isFormPost(request) ? "not_found" : code,
    origin: env.origin.origin,
  });

const isFormPost = ({ method }: IncomingMessage) => method === "POST";

/** The requested path as a link's target. "//host" would be another origin. */
const pathOf = ({ url = "/" }: IncomingMessage) => url.replace(/^\/+/, "/");

/**
 * What a form gets that has no effect: its own page, which says why and has the values that were entered;
 * where that page shows no messages, a plain page with a link to it.
 */
export async function formRefusalPage(exchange: Exchange, code: RefusalCode): Promise<HeldPage> {
  const { request, response, env, page, form } = exchange;
  const { status } = refusals[code];
  const messages = messagesIn(env.locale);
  response.setHeader("Content-Type", html);
  response.setHeader("Content-Security-Policy", ownPagePolicy(request.url ?? "/"));
  const isOwn = isOwnPage(request.url ?? "/");
  const entered = flashValues({
    email: form?.get("email") ?? form?.get("username"),
    remember: form?.get("remember"),
  });
  const path = pathOf(request);
  const flash = cookieOf(env, "flash", encodeFlash({ page: flashPageOf(path), code, ...entered }));
  if (isOwn) {
    const shown = await page(path, { cookie: withCookie(request.headers.cookie, flash) });
    if (shown.status === 200 && shown.html.includes(inHtml(sentenceOf(exchange, messages, code))))
      return { status, html: shown.html };
    response.appendHeader("Set-Cookie", serializeCookie(flash));
  }
  return { status, html: refusalPage(exchange, messages, code) };
}

const withCookie = (header: string | undefined, { name, value }: { name: string; value: string }) =>
  [
    ...(header ?? "").split(/;\s*/).filter((pair) => pair && !pair.startsWith(`${name}=`)),
    `${name}=${value}`,
  ].join("; ");
