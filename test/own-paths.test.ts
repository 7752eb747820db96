import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { isOwnPagePath, ownFiles, ownPages, ownRoutes, serverRoutes } from "@/lib/core/own-paths";
import { cookieTable, scriptCookieTable } from "@/lib/web/cookies";
import { routes as apiRoutes } from "@/lib/web/api/routes";

/** The paths that are ours on an origin that another app shares, compared with all that name them. */

const publicPaths: readonly string[] = [...ownPages, ...ownRoutes, ownFiles];
const paths = [...publicPaths, ...serverRoutes];

const isAt = (one: string, own: string) => one === own || one.startsWith(`${own}/`);

const appRoutes = readdirSync("app", { recursive: true, encoding: "utf8" })
  .filter((file) => /(^|\/)(page|route)\.tsx?$/.test(file))
  .map((file) => `/${path.dirname(file)}`.replace(/\/\([^)]*\)/g, "").replace(/^\/\.$/, "/"));
const built = [
  // The catch-all answers what is nobody's.
  ...appRoutes.filter((one) => one !== "/" && one !== "/api/[...path]"),
  ...apiRoutes.map((route) => route.path),
  ...readdirSync("public", { recursive: true, encoding: "utf8" }).map((file) => `/${file}`),
];

describe("the paths that are ours", () => {
  it("cover every page, route and file, except the start page", () => {
    expect(built.filter((one) => !paths.some((own) => isAt(one, own)))).toEqual([]);
    expect(built.length).toBeGreaterThan(50);
  });

  it.each(paths)("have something there: %s", (own) => {
    expect(built.some((one) => isAt(one, own))).toBe(true);
  });

  it.each(ownPages)("are recognised with all below them, and nothing else: %s", (own) => {
    expect([own, `${own}/below`, `${own}x`].map(isOwnPagePath)).toEqual([true, true, false]);
  });

  it("are those of the document", () => {
    const text = readFileSync("docs/beside-your-app.md", "utf8");
    const [, section = ""] = /^## One origin\n([^]*?)^## /m.exec(text) ?? [];
    const lists = [...section.matchAll(/^- [^:]+:([^]*?)(?=^- |^$)/gm)].map(([, list]) => list!);
    const named = lists.flatMap((list) => [...list.matchAll(/`([^`]+)`/g)].map(([, one]) => one));
    expect(named.sort()).toEqual([...publicPaths].sort());
    for (const one of serverRoutes) expect(section).toContain(`\`${one}\``);
  });

  it.each(["caddy/Caddyfile", "nginx/latchkey.conf", "traefik/dynamic.yml"])(
    "are those that the recipe passes to us: %s",
    (recipe) => {
      const text = readFileSync(`examples/${recipe}`, "utf8");
      const [, list = ""] = /\^\/\(([^)]+)\)\(\/\|\$\)/.exec(text) ?? [];
      const named = list.split("|").map((one) => `/${one.replace("\\.", ".")}`);
      expect(named.sort()).toEqual([...publicPaths].sort());
    },
  );
});

describe("the document for apps beside ours", () => {
  const text = readFileSync("docs/beside-your-app.md", "utf8");

  it("names every cookie", () => {
    const [, list = ""] = /other names than ([^]*?)\./.exec(text) ?? [];
    const names = [...list.matchAll(/`([\w-]+)`/g)].map(([, name]) => name);
    const all = [...Object.keys(cookieTable), ...Object.keys(scriptCookieTable)];
    expect(names.sort()).toEqual(all.sort());
  });

  it("names every recipe, and each has less than 40 lines", () => {
    const named = [...text.matchAll(/^\| `(examples\/[^`]+)`/gm)].map(([, file]) => file!);
    const files = readdirSync("examples", { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name));
    // Recipes have folders. The document for operators names the others.
    const recipes = files.filter((file) => path.dirname(file) !== "examples");
    expect(named.sort()).toEqual(recipes.sort());
    const operate = readFileSync("docs/operate.md", "utf8");
    for (const file of files.filter((one) => !recipes.includes(one)))
      expect(operate).toContain(`\`${file}\``);
    for (const file of named) {
      expect(existsSync(file)).toBe(true);
      expect(readFileSync(file, "utf8").trimEnd().split("\n").length, file).toBeLessThan(40);
    }
  });
});
