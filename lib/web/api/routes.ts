import { openapiDocument } from "./openapi";
import type { AnyOperation } from "./operation";
import { operations, readAuthJsSession } from "./operations";

/** A document that is the same for every caller. */
interface Document {
  readonly method: "GET";
  readonly path: `/api/${string}`;
  readonly document: () => unknown;
}

export type Endpoint = AnyOperation | Document;

const endpoints: readonly Endpoint[] = [
  ...operations,
  readAuthJsSession,
  { method: "GET", path: "/api/v1/openapi.json", document: openapiDocument },
];

/** What can be requested at a path. */
export interface Route {
  readonly path: string;
  readonly endpoints: ReadonlyMap<string, Endpoint>;
}

const byPath = new Map<string, Map<string, Endpoint>>();
for (const endpoint of endpoints) {
  const methods = byPath.get(endpoint.path) ?? new Map<string, Endpoint>();
  byPath.set(endpoint.path, methods.set(endpoint.method, endpoint));
}

export const routes: readonly Route[] = [...byPath].map(([path, methods]) => ({
  path,
  endpoints: methods,
}));

/** The methods of a route as its `Allow` header lists them. */
export const allowedMethods = ({ endpoints: methods }: Route): string =>
  [...methods.keys()]
    .flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]))
    .join(", ");

const patterns = routes
  .filter(({ path }) => path.includes("{"))
  .map((route) => ({
    route,
    pattern: new RegExp(`^${route.path.replace(/\{(\w+)\}/, "(?<$1>[^/]+)")}$`),
  }));

/**
 * The route of a path with the values of its parameters. Null when there is none, or a parameter is
 * no percent-encoded text.
 */
export function findRoute(
  path: string,
): { readonly route: Route; readonly parameters: Readonly<Record<string, string>> | null } | null {
  const literal = routes.find((route) => route.path === path);
  if (literal) return { route: literal, parameters: null };
  for (const { route, pattern } of patterns) {
    const { groups } = pattern.exec(path) ?? {};
    if (!groups) continue;
    const parameters = decoded(groups);
    return parameters && { route, parameters };
  }
  return null;
}

function decoded(groups: Record<string, string>): Record<string, string> | null {
  try {
    return Object.fromEntries(
      Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]),
    );
  } catch {
    return null;
  }
}
