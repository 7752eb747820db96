import type { Env } from "@/lib/core/env";

/** What a reverse proxy says about the request that it asks about. */
export type Visited =
  /** No trusted proxy says which URL. */
  | { readonly is: "unknown" }
  /** Its origin is not ours and not in `APP_ORIGINS`, or the headers cannot be read. */
  | { readonly is: "refused" }
  | {
      readonly is: "allowed";
      readonly origin: string;
      /** Path and query. */
      readonly path: string;
      readonly method: string;
    };

type Headers = { readonly get: (name: string) => string | null };

interface Reported {
  readonly origin: string;
  readonly target: string;
  readonly method: string;
}

const authorityShape = /^([a-z0-9][a-z0-9.-]*|\[[0-9a-f:.]+\])(:\d{1,5})?$/i;
// A header that was sent twice arrives joined by a comma and a space.
const targetShape = /^\/[\x21-\x7e]*$/;
const methodShape = /^[A-Z]{1,20}$/;

/**
 * The URL that somebody visits, as a proxy reports it in X-Forwarded-Proto, -Host, -Uri and -Method
 * (Caddy, Traefik) or in X-Original-URL and -Method (nginx). Only with a trusted proxy: otherwise the
 * client itself has sent them. Two that contradict each other are refused: one of them was forged.
 */
export function readVisited(headers: Headers, env: Env): Visited {
  if (env.trustedProxyHops === 0) return { is: "unknown" };
  const urls = [forwardedUrl(headers), originalUrl(headers)].filter((one) => one !== null);
  const [first, ...others] = urls.map((one) => one !== "malformed" && allowed(one, env));
  if (first === undefined) return { is: "unknown" };
  const isClear = first && others.every((one) => JSON.stringify(one) === JSON.stringify(first));
  return isClear ? first : { is: "refused" };
}

const valueOf = (headers: Headers, name: string) => headers.get(name) ?? "";

/** Null without a URI: proxies send the other headers with every request. */
function forwardedUrl(headers: Headers): Reported | "malformed" | null {
  const target = valueOf(headers, "x-forwarded-uri");
  if (target === "") return null;
  return reported(
    valueOf(headers, "x-forwarded-proto").toLowerCase(),
    valueOf(headers, "x-forwarded-host"),
    target,
    valueOf(headers, "x-forwarded-method"),
  );
}

function originalUrl(headers: Headers): Reported | "malformed" | null {
  const url = valueOf(headers, "x-original-url");
  if (url === "") return null;
  const [, scheme = "", authority = "", target = ""] =
    /^([a-z]+):\/\/([^/?#]*)(.*)$/i.exec(url) ?? [];
  const method = valueOf(headers, "x-original-method");
  return reported(scheme.toLowerCase(), authority, target || "/", method);
}

function reported(scheme: string, authority: string, target: string, method: string) {
  const isReadable =
    /^https?$/.test(scheme) &&
    authorityShape.test(authority) &&
    targetShape.test(target) &&
    (method === "" || methodShape.test(method)) &&
    URL.canParse(`${scheme}://${authority}${target}`);
  if (!isReadable) return "malformed";
  return { origin: new URL(`${scheme}://${authority}`).origin, target, method: method || "GET" };
}

function allowed({ origin, target, method }: Reported, env: Env): Visited | false {
  if (origin !== env.origin.origin && !env.appOrigins.includes(origin)) return false;
  const { pathname, search } = new URL(origin + target);
  return { is: "allowed", origin, path: inPlainCharacters(pathname + search), method };
}

/** Browsers leave some characters in a query as they are that RFC 3986 does not allow. */
const inPlainCharacters = (path: string) => path.replace(/["<>\\^`{|}]/g, encodeURIComponent);
