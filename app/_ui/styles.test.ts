import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const files = readdirSync("app", { recursive: true, encoding: "utf8" });
const read = (wanted: RegExp) =>
  files.filter((file) => wanted.test(file)).map((file) => readFileSync(`app/${file}`, "utf8"));

/** The classes of a text; one whose end is filled in stands for all that begin like it. */
const used = new Set(
  read(/\.tsx$/).flatMap((source) =>
    [...source.matchAll(/className=(?:"([^"]*)"|\{`([^`]*)`\})/g)].flatMap(([, plain, template]) =>
      (plain ?? template!).replace(/\$\{[^}]*\}/g, "*").split(" "),
    ),
  ),
);
const styled = new Set(
  read(/\.css$/).flatMap((css) =>
    [...css.replace(/\{[^{}]*\}/g, "{}").matchAll(/\.([a-z][\w-]*)/g)].map(([, name]) => name!),
  ),
);
const covers = (name: string, other: string) =>
  name.endsWith("*") ? other.startsWith(name.slice(0, -1)) : name === other;

test("every class of a page has a style", () => {
  const all = [...styled];
  expect([...used].filter((name) => !all.some((style) => covers(name, style)))).toEqual([]);
});

test("every style is of a class that a page has", () => {
  const all = [...used];
  expect([...styled].filter((style) => !all.some((name) => covers(name, style)))).toEqual([]);
});

test("every drawing has a size of its own, for a page without its styles", () => {
  const drawings = [...read(/\.tsx$/), readFileSync("public/latchkey/icon.svg", "utf8")].flatMap(
    (source) => [...source.matchAll(/<svg\b[^>]*>/g)].map(([tag]) => tag),
  );
  expect(drawings.length).toBeGreaterThan(2);
  expect(drawings.filter((tag) => !/ width="\d+" height="\d+"/.test(tag))).toEqual([]);
});
