import type { IncomingMessage } from "node:http";
import type { Env } from "@/lib/core/env";
import { hasOnlyCookies } from "@/lib/web/cookies";
import { isInApp } from "@/lib/web/in-app-browser";
import { ownPagePolicy } from "./own-pages";
import type { Exchange } from "./refusals";

const path = "/sign-in";

/** The same page with an empty query, with which it is always rendered. */
const renderedPath = `${path}?`;

/** A User-Agent of each kind of browser that the page tells apart. */
const userAgents = { usual: "Mozilla/5.0", inApp: "Mozilla/5.0 (Linux; Android 15; wv)" };

/**
 * The sign-in page of a browser without cookies: rendered once for each kind of browser, and sent from memory
 * from then on (decision 44). The server requests it from itself, so nothing in it is of a visitor. Whatever
 * the page reads besides settings must be told apart here.
 */
export class FirstVisitPage {
  readonly #rendered = new Map<string, Promise<Buffer | null> | Buffer>();

  constructor(readonly env: Env) {}

  /** Whether the page depends on nothing of this request but the kind of browser. */
  isRequestedBy({ method, url, headers }: IncomingMessage): boolean {
    const isRead = method === "GET" || method === "HEAD";
    return (
      this.env.production &&
      isRead &&
      url === path &&
      hasOnlyCookies(headers.cookie ?? null, this.env, ["mail_request", "time-zone"])
    );
  }

  /** Sends the page; calls `render` where it cannot be rendered beforehand. */
  respond(exchange: Exchange, render: () => void): void {
    const { request, response } = exchange;
    const kind = isInApp(request.headers["user-agent"] ?? "") ? "inApp" : "usual";
    const send = (page: Buffer | null) => {
      if (!page) return render();
      response.writeHead(200, {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Length": page.length,
        "Content-Security-Policy": ownPagePolicy(path),
      });
      response.end(request.method === "HEAD" ? undefined : page);
    };
    const page = this.#page(kind, exchange.page);
    if (Buffer.isBuffer(page)) return send(page);
    page.then(send).catch(() => response.destroy());
  }

  /** Null after a failure, which the next request tries again. */
  #page(kind: keyof typeof userAgents, render: Exchange["page"]) {
    const known = this.#rendered.get(kind);
    if (known) return known;
    const rendering = render(renderedPath, { "user-agent": userAgents[kind] }).then(
      ({ status, html }) => (status === 200 ? Buffer.from(html) : null),
      () => null,
    );
    this.#rendered.set(kind, rendering);
    void rendering.then((page) =>
      page ? this.#rendered.set(kind, page) : this.#rendered.delete(kind),
    );
    return rendering;
  }
}
