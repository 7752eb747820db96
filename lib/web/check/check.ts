import { isSignedOutPath } from "@/lib/core/own-paths";
import { intervals } from "@/lib/core/policy";
import { readSession } from "@/lib/flows/sessions/read-session";
import type { World } from "@/lib/runtime/ports";
import { activeSession } from "../auth-session";
import { readIncomingRequest } from "../incoming-request";
import { noStore } from "../problem";
import { runWithCookies } from "../run-with-cookies";
import { identity } from "./identity";
import { returnPathTo } from "./return-to";
import { readVisited, type Visited } from "./visited-url";

/** What is read of a request to `/check`. */
export interface CheckRequest {
  readonly method: string;
  readonly query: URLSearchParams;
  readonly headers: Pick<Headers, "get">;
  readonly visited: Visited;
}

/** A response without a body. */
export interface CheckResponse {
  readonly status: 204 | 302 | 401 | 403 | 405 | 500 | 503;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Who is signed in, for reverse proxies and other back ends: 204 for a session, 401 for none, or 302 to
 * sign in where a proxy asks about a page navigation; 403 for a URL of another site (W2, W4, W5). Every
 * response names the user, with empty headers where there is none: a proxy copies them over those that
 * the client has sent (W3). It counts in no limit.
 */
export async function respondToCheck(
  world: World,
  { method, query, headers, visited }: CheckRequest,
  afterResponse: (task: () => unknown) => void,
): Promise<CheckResponse> {
  const respond = (status: CheckResponse["status"], more: Record<string, string> = {}) => ({
    status,
    headers: { ...noStore, ...identity(null), ...more },
  });
  if (!checkMethods.includes(method)) return respond(405, { Allow: checkMethods.join(", ") });
  if (visited.is === "refused") return respond(403);
  const incoming = readIncomingRequest(world, headers);
  const outcome = await runWithCookies(world, readSession, incoming, {});
  // It is logged.
  if (outcome.failed) return respond(500);
  for (const task of outcome.afterResponse) afterResponse(task);
  const { result } = outcome;
  if (!result.ok) return respond(503, { "Retry-After": String(intervals.unavailable) });
  const session = activeSession(result.value);
  if (session) return respond(204, identity(session));
  const signIn = isNavigation(headers, visited) ? signInUrl(world, visited) : null;
  if (signIn === null) return respond(401);
  return respond(query.get("answer") === "status" ? 401 : 302, { Location: signIn });
}

const checkMethods = ["GET", "HEAD"];

type Allowed = Extract<Visited, { is: "allowed" }>;

/** Whether a browser opens a page, which a redirect can replace. Programs and scripts need the status. */
function isNavigation(headers: CheckRequest["headers"], visited: Visited): visited is Allowed {
  if (visited.is !== "allowed" || visited.method !== "GET") return false;
  const mode = headers.get("sec-fetch-mode");
  return mode === null ? /\btext\/html\b/.test(headers.get("accept") ?? "") : mode === "navigate";
}

/** Where to sign in. Null where that page itself is guarded by the check: it would never be shown. */
function signInUrl(world: World, visited: Allowed): string | null {
  const { origin } = world.env.origin;
  if (visited.origin === origin && isSignedOutPath(visited.path.split("?", 1)[0]!)) return null;
  const next = returnPathTo(world, visited);
  return `${origin}/sign-in${next ? `?${String(new URLSearchParams({ next }))}` : ""}`;
}

/** The check as a Web-standard handler, for those who deploy without the request gate. */
export const createCheckHandler =
  (world: World, afterResponse: (task: () => unknown) => void) =>
  async ({ method, url, headers }: Request): Promise<Response> => {
    const query = new URL(url).searchParams;
    const visited = readVisited(headers, world.env);
    const response = await respondToCheck(
      world,
      { method, query, headers, visited },
      afterResponse,
    );
    return new Response(null, response);
  };
