import { messages } from "@/lib/web/messages";
import { plainPage } from "@/lib/web/plain-page";
import { siteConfig } from "@/lib/web/site";

interface StaticPage {
  readonly status: 200 | 409 | 500 | 503;
  readonly title: string;
  readonly lead: string;
  /** The text of the link. */
  readonly link: string;
  /** Where the link leads; to the start page by default. */
  readonly href?: string;
  /** Continues there by itself. */
  readonly isOnTheWay?: boolean;
  readonly reference?: string;
  /** Seconds for the Retry-After header. */
  readonly retryAfter?: number;
}

/** A page without React, data or assets of a build, for when one of them fails. */
export function staticPage({
  status,
  link,
  href = "/",
  retryAfter,
  ...page
}: StaticPage): Response {
  const html = plainPage(messages(), siteConfig().appName, {
    ...page,
    link: { href, text: link },
  });
  return new Response(html, {
    status,
    headers: {
      "Content-Type": "text/html; charset=utf-8",
      "Cache-Control": "private, no-store",
      ...(retryAfter ? { "Retry-After": String(retryAfter) } : {}),
    },
  });
}
