import { randomUUID } from "node:crypto";
import { plainPage } from "@/lib/web/plain-page";
import { messagesIn } from "@/messages";
import { formRefusalPage, acceptsPages, type Exchange } from "./refusals";
import type { HeldPage } from "./held-page";
import { isOwnPage, ownPagePolicy } from "./own-pages";

/** A path without a page. */
export const missingPath = "/_nowhere";

/** Next's header for a form or call whose action the present build does not have. */
const unknownAction = "x-nextjs-action-not-found";

/** The statuses of Next's own responses without a page; an application uses others, too. */
const bareStatuses = [400, 404, 405, 500];

/** The texts of Next's responses that people cannot use. */
const bareTexts = /^(Bad Request|Internal Server Error|Method Not Allowed|Not Found|)$/;

/**
 * Whether a response that is no HTML may be one of Next's own, which is replaced by a page. An
 * application's routes respond with texts of their own, so those of other pages are compared first.
 */
export function isBareResponse(
  { request, response }: Exchange,
  status: number,
  type: string,
): boolean {
  if (status < 400 || request.headers["next-action"] !== undefined) return false;
  if (response.hasHeader(unknownAction) || isOwnPage(request.url ?? "/")) return true;
  if (!bareStatuses.includes(status) || !acceptsPages(request)) return false;
  return type === "" || type.startsWith("text/plain");
}

/** The page instead of a response of Next's own; an application's own response is returned unchanged. */
export async function pageInsteadOf(
  exchange: Exchange,
  { status, html: text }: HeldPage,
): Promise<HeldPage> {
  const { request, response, page } = exchange;
  if (response.hasHeader(unknownAction)) {
    response.removeHeader(unknownAction);
    return formRefusalPage(exchange, status === 409 ? "form_outdated" : "invalid_input");
  }
  if (!isOwnPage(request.url ?? "/") && !bareTexts.test(text.trim())) return { status, html: text };
  if (request.method === "POST" && status < 500)
    return { ...(await formRefusalPage(exchange, "invalid_input")), status };
  response.setHeader("Content-Type", "text/html; charset=utf-8");
  response.setHeader("Content-Security-Policy", ownPagePolicy(request.url ?? "/"));
  const instead = status < 500 ? await page(missingPath) : await failedPage(exchange);
  return { status, html: request.method === "HEAD" ? "" : instead.html };
}

/** The page after a bug, with a reference that the log has, too. */
export async function failedPage({ request, env, log, page }: Exchange): Promise<HeldPage> {
  const { url = "/" } = request;
  const reference = randomUUID();
  log.error("page.failed", { requestId: reference, path: url });
  if (!url.startsWith("/failed")) return page(`/failed?reference=${reference}`);
  const messages = messagesIn(env.locale);
  const html = plainPage(messages, env.appName, {
    title: messages.message("failed.title"),
    lead: messages.message("failed.lead"),
    link: { href: "/", text: messages.message("failed.back") },
    reference,
  });
  return { status: 500, html };
}
