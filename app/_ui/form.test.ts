import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

it("is the only form element, so every form names the user whom its page shows as signed in", () => {
  const withForms = readdirSync("app", { recursive: true, encoding: "utf8" }).filter(
    (file) => /\.tsx?$/.test(file) && /<form\b/.test(readFileSync(`app/${file}`, "utf8")),
  );
  expect(withForms.filter((file) => !file.endsWith(".test.ts"))).toEqual(["_ui/form.tsx"]);
});
