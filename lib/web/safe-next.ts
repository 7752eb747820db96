import { bounds } from "@/lib/core/policy";

const home = "/account";
// What paths of ours are made of. Backslashes, control characters, user info and whatever else a
// browser might read as another host are not among them.
const plainPath = /^\/[A-Za-z0-9\-._~/%?&=+#:,]*$/;
const encodedTrick = /%(2f|5c|[01][0-9a-f]|7f|(?![0-9a-f]{2}))/i;

/**
 * Where to go after signing in: a path of this origin, or the account page. The one place where
 * `next` is judged; it is never shown.
 */
export function safeNext(next: unknown): string {
  if (typeof next !== "string" || next.length > bounds.nextLength) return home;
  if (!plainPath.test(next) || encodedTrick.test(next)) return home;
  const base = "http://latchkey.invalid";
  if (!URL.canParse(next, base)) return home;
  const { origin, pathname, search, hash } = new URL(next, base);
  // Dots are folded by now: "/.//host" has become "//host".
  return origin === base && !pathname.includes("//") ? pathname + search + hash : home;
}
