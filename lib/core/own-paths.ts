/**
 * The paths of this origin that are Latchkey's, each with all below it. Where another app lives on the
 * same origin, a proxy passes these here, and all others there (docs/beside-your-app.md).
 */

/** Pages. They work without Next's script; `lib/server/own-pages.ts` says how. */
export const ownPages = [
  "/sign-in",
  "/sign-up",
  "/verify-email",
  "/password",
  "/l",
  "/account",
  "/admin",
  "/mailbox",
  "/return",
  "/unavailable",
  "/failed",
] as const;

/** Files: those of `public/latchkey`, and of the build. */
export const ownFiles = "/latchkey";

/** What the programs of visitors request. */
export const ownRoutes = [
  "/api/v1",
  "/api/auth",
  "/api/mailbox",
  "/.well-known/change-password",
] as const;

/** What only the operator's servers request, at the address where Latchkey listens. */
export const serverRoutes = ["/check", "/livez", "/readyz", "/metrics"] as const;

const isAt = (path: string, own: string) => path === own || path.startsWith(`${own}/`);

/** Whether a path, without its query, is that of a page of Latchkey or of a path below it. */
export function isOwnPagePath(path: string): boolean {
  const end = path.indexOf("/", 1);
  return path === "/" || firstSegments.has(end === -1 ? path : path.slice(0, end));
}

/** Each page of ours has one segment. */
const firstSegments = new Set<string>(ownPages);

/** Whether a path is that of a page that people without a session need, to sign in or to read why not. */
export const isSignedOutPath = (path: string): boolean =>
  ownPages.some((own) => own !== "/account" && own !== "/admin" && isAt(path, own));
