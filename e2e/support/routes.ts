import { readdirSync } from "node:fs";
import { join } from "node:path";

/** Every route of the app directory, with its parameters filled in or invented. */
export function routes(parameters: Readonly<Record<string, string>>): string[] {
  return readdirSync("app", { recursive: true, withFileTypes: true })
    .filter(({ name }) => /^(page|route)\.tsx?$/.test(name))
    .map((file) =>
      join("/", file.parentPath.replace(/^app/, ""))
        .replace(/\/\([^)]*\)/g, "")
        .replace(/\[([^\]]*)\]/g, (_, name: string) => {
          return parameters[name] ?? (name.startsWith("...") ? "un/known" : "unknown");
        }),
    )
    .map((path) => path || "/")
    .sort();
}
