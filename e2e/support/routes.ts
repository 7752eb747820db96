import { readdirSync } from "node:fs";
import { join } from "node:path";
import { routes as apiRoutes } from "@/lib/web/api/routes";

/** Every path of the app directory and of the JSON API, with its parameters filled in or invented. */
export function routes(parameters: Readonly<Record<string, string>>): string[] {
  const ofApp = readdirSync("app", { recursive: true, withFileTypes: true })
    .filter(({ name }) => /^(page|route)\.tsx?$/.test(name))
    .map((file) =>
      join("/", file.parentPath.replace(/^app/, ""))
        .replace(/\/\([^)]*\)/g, "")
        .replace(/\[([^\]]*)\]/g, (_, name: string) => {
          return parameters[name] ?? (name.startsWith("...") ? "un/known" : "unknown");
        }),
    )
    .map((path) => path || "/");
  const ofApi = apiRoutes.map(({ path }) =>
    path.replace(/\{(\w+)\}/g, (_, name: string) => parameters[name] ?? "unknown"),
  );
  return [...new Set([...ofApp, ...ofApi])].sort();
}
