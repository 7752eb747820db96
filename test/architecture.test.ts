import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { inWords } from "@/lib/core/duration";
import { flows } from "@/lib/flows";
import { isForStaff } from "@/lib/runtime/flow";
import { lifetimes, type LimitName, limits } from "@/lib/core/policy";
import { refusals } from "@/lib/core/errors";
import { oauthMethods } from "@/lib/methods";

/** The architecture test checks the project's own rules, which no compiler checks. */

const files = (folder: string, ending: RegExp): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((file) => path.join(folder, file))
    .filter((file) => ending.test(file));

const textOf = (found: string[]) => found.map((file) => readFileSync(file, "utf8")).join("\n");

const flowFiles = files("lib/flows", /^lib\/flows\/[^/]+\/[^/]+(?<!\.test)\.ts$/).filter(
  (file) => !/\/shared\/|\/steps\.ts$/.test(file),
);
const constantName = (file: string) =>
  /export const (\w+) = defineFlow/.exec(readFileSync(file, "utf8"))?.[1] ?? `no flow in ${file}`;

describe("the catalogue", () => {
  it("holds every flow", () => {
    const index = readFileSync("lib/flows/index.ts", "utf8");
    const listed = /flows: readonly AnyFlow\[\] = \[([^\]]*)\]/.exec(index)?.[1] ?? "";
    expect(listed.match(/\w+/g)?.sort()).toEqual(flowFiles.map(constantName).sort());
  });

  it("gives each flow a name of its own in the audit log", () => {
    const names = flows.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it("limits every flow with which strangers can write", () => {
    const unlimited = flows.filter(
      ({ kind, requires, limits }) =>
        kind === "write" && requires === "anyone" && limits.length === 0,
    );
    expect(unlimited).toEqual([]);
  });

  it("consumes no limit before a read, except where staff read about everybody", () => {
    const limited = flows.filter(({ kind, limits }) => kind === "read" && limits.length > 0);
    expect(limited.filter(({ requires }) => !isForStaff(requires))).toEqual([]);
  });

  it.each(flowFiles)("has a test beside %s", (file) => {
    expect(existsSync(file.replace(/\.ts$/, ".flow.test.ts"))).toBe(true);
  });

  it.each(flowFiles)("has an entry point for %s", (file) => {
    // The JSON API and the callback of Auth.js are entry points, too.
    const entryPoints = textOf([
      ...files("app", /\.tsx?$/),
      "lib/web/authjs.ts",
      "lib/web/api/operations.ts",
    ]);
    expect(entryPoints).toMatch(new RegExp(`import \\{[^}]*\\b${constantName(file)}\\b`));
  });
});

describe("every declared name is used", () => {
  const code = textOf(
    files("lib", /(?<!\.test)\.tsx?$/).filter((file) => !/refusals\.ts$/.test(file)),
  );

  it.each(Object.keys(refusals))("refusal %s", (refusal) => {
    expect(code).toContain(`"${refusal}"`);
  });

  it.each(Object.keys(limits))("limit %s", (limit) => {
    const used = flows.flatMap((flow) =>
      flow.limits.flatMap((rule) => [rule.limit, rule.knownDevice]),
    );
    expect(used).toContain(limit);
  });
});

describe("the README matches the code", () => {
  const readme = readFileSync("README.md", "utf8");
  const table = (heading: string) => {
    const section = readme.split(`### ${heading}\n`)[1]?.split(/\n#/)[0] ?? "";
    return section
      .split("\n")
      .filter((entry) => entry.startsWith("| "))
      .slice(2)
      .map((entry) =>
        entry
          .split("|")
          .slice(1, -1)
          .map((cell) => cell.trim().replaceAll("`", "")),
      );
  };
  const limitInWords = (name: LimitName) => `${limits[name].max} per ${inWords(limits[name].per)}`;

  it("about flows: their names, required access and limits", () => {
    const declared = flows.map(({ name, kind, requires, maxAuthAge, limits: rules }) => [
      name,
      kind,
      maxAuthAge ? `${requires}, authenticated within ${inWords(maxAuthAge)}` : requires,
      rules.map((rule) => rule.limit).join(", ") || "–",
    ]);
    expect(table("Flows")).toEqual(declared);
  });

  it("about limits", () => {
    const declared = Object.keys(limits).map((name) => [name, limitInWords(name as LimitName)]);
    expect(table("Limits").map((row) => row.slice(0, 2))).toEqual(declared);
  });

  it("about lifetimes", () => {
    const declared = Object.entries(lifetimes).map(([name, length]) => [name, inWords(length)]);
    expect(table("Lifetimes").map((row) => row.slice(0, 2))).toEqual(declared);
  });

  it("about the environment, as does .env.example", () => {
    const schema = /const schema = z\.object\(\{([^]*?)^\}\);/m.exec(
      readFileSync("lib/core/env.ts", "utf8"),
    )!;
    const ofProviders = oauthMethods().flatMap(({ id }) =>
      ["ID", "SECRET", "ISSUER"].map((what) => `AUTH_${id.toUpperCase()}_${what}`),
    );
    const read = [...schema[1]!.matchAll(/^ {2}([A-Z][A-Z_]+): /gm)]
      .map(([, name]) => name)
      .concat(ofProviders)
      .filter((name) => name !== "NODE_ENV");
    const example = [...readFileSync(".env.example", "utf8").matchAll(/^#?\s?([A-Z_]+)=/gm)];
    expect(
      table("Environment")
        .flatMap(([names]) => names!.split(", "))
        .sort(),
    ).toEqual(read.sort());
    expect(example.map(([, name]) => name).sort()).toEqual(read.sort());
  });
});

describe("the code reads", () => {
  const code = ["app", "lib", "messages"].flatMap((folder) =>
    files(folder, /(?<!\.test)\.tsx?$/).filter((file) => file !== "lib/adapters/clock.ts"),
  );
  const filesWith = (found: string[], pattern: RegExp) =>
    found.filter((file) => pattern.test(readFileSync(file, "utf8")));

  it("the present time from the clock alone, which tests control", () => {
    expect(code).toContain("lib/server/start.ts");
    expect(filesWith(code, /\bnew Date\(\)/)).toEqual([]);
  });

  it("in the files that Next runs first only the two variables that its build replaces", () => {
    const other = /process\.env(?!\.(NODE_ENV|NEXT_RUNTIME)\b)/;
    expect(filesWith(["proxy.ts", "instrumentation.ts"], other)).toEqual([]);
  });
});
