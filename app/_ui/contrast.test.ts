import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const css = readFileSync(new URL("../keyline.css", import.meta.url), "utf8");

/** Every colour token in file order: the light theme's value, then the dark theme's. */
const values = (token: string) =>
  [...css.matchAll(new RegExp(`--${token}: (#[0-9a-f]{6});`, "g"))].map((found) => found[1]!);

const luminance = (hex: string) => {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const channel = parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
};

const contrast = (one: string, other: string) => {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light! + 0.05) / (dark! + 0.05);
};

const tones = ["accent", "danger", "warn", "ok", "info"];
const grounds = ["bg", "surface", "sunken"];

const text: [string, string][] = [
  ...["text", "text-2", "text-3", ...tones].flatMap((ink) =>
    grounds.map((ground): [string, string] => [ink, ground]),
  ),
  // Hints are never on soft backgrounds: text-3 on accent-soft has a contrast of only 4.8.
  ...tones.flatMap((tone): [string, string][] => [
    ["text", `${tone}-soft`],
    ["text-2", `${tone}-soft`],
    [tone, `${tone}-soft`],
  ]),
  ["accent-hover", "bg"],
  ["on-accent", "accent"],
  ["on-accent", "accent-hover"],
];

const shapes: [string, string][] = ["line-strong", "accent", "danger", "focus"].flatMap((shape) =>
  grounds.map((ground): [string, string] => [shape, ground]),
);

describe.each([
  ["light", 0],
  ["dark", 1],
] as const)("in the %s theme", (_, theme) => {
  test.each(text)("%s can be read on %s", (ink, ground) => {
    expect(contrast(values(ink)[theme]!, values(ground)[theme]!)).toBeGreaterThanOrEqual(4.9);
  });

  test.each(shapes)("%s can be seen against %s", (shape, ground) => {
    expect(contrast(values(shape)[theme]!, values(ground)[theme]!)).toBeGreaterThanOrEqual(3);
  });
});

test("defines every colour in each theme", () => {
  const named = [...css.matchAll(/--([a-z0-9-]+): #/g)].map((found) => found[1]!);
  for (const token of named) expect(values(token), token).toHaveLength(2);
});
