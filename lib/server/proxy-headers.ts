import { type Env, isLoopback } from "@/lib/core/env";
import { bounds, intervals } from "@/lib/core/policy";
import type { Log } from "@/lib/runtime/ports";
import { type Exchange, refuseEarly } from "./refusals";
import type { RequestTarget } from "./request-target";

/** Paths that accept any Host header: health checks use the server's address. */
const healthPaths = /^\/(livez|readyz|metrics)(\?|$)/;

interface Received extends RequestTarget {
  /** The scheme that the trusted proxy reports; empty when it reports none. */
  readonly forwardedProto: string;
}

/** Compares what proxies say about a request with the origin, and redirects to it. */
export class ProxyHeaders {
  /** When each client was redirected to an address, newest last. */
  readonly #redirects = new Map<string, readonly number[]>();
  readonly #logged = new Set<string>();

  constructor(
    readonly env: Env,
    readonly log: Log,
  ) {}

  /**
   * Redirects a request to another name of this machine, or over plain http, to the same path of the
   * origin. Refuses other names on a loopback origin, because an attacker's DNS can point at this
   * machine (DNS rebinding), and everywhere in a target of the absolute form. Where a redirect would
   * lead back here, it refuses too and logs which header contradicts which setting. True when it has
   * responded.
   */
  redirectToOrigin(exchange: Exchange, { host, isAbsolute, forwardedProto }: Received): boolean {
    const { origin, loopback, trustedProxyHops } = this.env;
    const { request, response } = exchange;
    const { url = "/", method } = request;
    if (healthPaths.test(url)) return false;
    const isOurs = host === origin.host;
    const isPlain =
      origin.protocol === "https:" && trustedProxyHops > 0 && forwardedProto === "http";
    if (isOurs && !isPlain) return false;
    const isThisMachine =
      loopback && URL.canParse(`http://${host}`) && isLoopback(new URL(`http://${host}`).hostname);
    const isForeign = isAbsolute && !isOurs && !isThisMachine;
    const isOtherName = loopback && !isOurs;
    if (!isForeign && !isPlain && !isOtherName) return false;
    const header = isPlain ? "X-Forwarded-Proto" : "Host";
    const isRead = method === "GET" || method === "HEAD";
    if (isForeign || !(isPlain || isThisMachine) || !isRead) {
      const isByProxy = isPlain
        ? this.#camePerHttps(exchange)
        : trustedProxyHops > 0 || (isThisMachine && !isRead);
      if (!isForeign && isByProxy) this.#warn(header);
      refuseEarly(exchange, "misdirected_request");
    } else if ((isPlain && this.#camePerHttps(exchange)) || this.#isLoop(exchange, host)) {
      this.#warn(header);
      refuseEarly(exchange, "redirect_loop", { asPage: true });
    } else {
      const path = url.startsWith("/") ? url : "/";
      response.writeHead(307, { Location: origin.origin + path }).end();
    }
    return true;
  }

  /** Browsers send this header only over https, and to this machine. */
  #camePerHttps({ request }: Exchange): boolean {
    return !this.env.loopback && request.headers["sec-fetch-mode"] !== undefined;
  }

  /** Counts a redirect. True when the same client was redirected to that path too often just before. */
  #isLoop({ request }: Exchange, host: string): boolean {
    const now = performance.now();
    const key = `${String(request.headers["x-forwarded-for"])} ${host} ${request.url}`;
    const earliest = now - intervals.redirectLoop * 1000;
    const recent = (this.#redirects.get(key) ?? []).filter((at) => at > earliest);
    if (recent.length >= bounds.repeatedRedirects) return true;
    if (this.#redirects.size >= bounds.rememberedRedirects) this.#redirects.clear();
    this.#redirects.set(key, [...recent, now]);
    return false;
  }

  /** Once for each header: such requests come in floods. */
  #warn(header: "Host" | "X-Forwarded-Proto") {
    if (this.#logged.has(header)) return;
    this.#logged.add(header);
    const { origin } = this.env;
    this.log.warn("proxy.contradicts_settings", {
      header,
      expected: header === "Host" ? origin.host : origin.protocol.slice(0, -1),
      settings: header === "Host" ? ["AUTH_URL"] : ["AUTH_URL", "TRUSTED_PROXY_HOPS"],
    });
  }
}
