import { bounds } from "./policy";

// The characters of RFC 3986. Excludes all that a browser could read as another host, such as
// backslashes and control characters. The leading slash excludes schemes and user info.
const plainPath = /^\/[A-Za-z0-9\-._~/%?&=+#:,@!$'()*;[\]]*$/;
/** Paths that respond with data, redirect on or tell of a failure: nobody wants to return there. */
const noPage = /^\/(api|_[^/]*|livez|readyz|metrics|check|\.well-known|failed|unavailable)(\/|$)/i;
/** Schemes that run a script, for readers that drop the slash. */
const scriptScheme = /^\/(javascript|data|vbscript):/i;
const encodedTrick = /%(5c|[01][0-9a-f]|7f|(?![0-9a-f]{2}))/i;

/** A return path, if it is one of a page of this origin; otherwise null. */
export function safePath(next: unknown): string | null {
  if (typeof next !== "string" || next.length > bounds.nextLength) return null;
  if (!plainPath.test(next) || encodedTrick.test(next)) return null;
  const base = "http://latchkey.invalid";
  if (!URL.canParse(next, base)) return null;
  const { origin, pathname, search, hash } = new URL(next, base);
  // `URL` has resolved dot segments: "/.//host" is "//host" now.
  if (origin !== base || pathname.includes("//")) return null;
  // A proxy may decode slashes, and then read another host, or leave the folder.
  const decoded = pathname.replace(/%2f/gi, "/");
  if (decoded.includes("//") || new URL(decoded, base).pathname !== decoded) return null;
  if (noPage.test(fullyDecoded(pathname)) || scriptScheme.test(decoded)) return null;
  const path = pathname + search + hash;
  return path.length > bounds.nextLength ? null : path;
}

/** Next, too, decodes a path before it looks for its page. */
function fullyDecoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
