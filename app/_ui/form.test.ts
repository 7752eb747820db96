import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

it("has the only form elements, so every form that posts names the user whom its page shows as signed in", () => {
  const withForms = readdirSync("app", { recursive: true, encoding: "utf8" }).filter(
    (file) => /\.tsx?$/.test(file) && /<form\b/.test(readFileSync(`app/${file}`, "utf8")),
  );
  expect(withForms.filter((file) => !file.endsWith(".test.ts"))).toEqual(["_ui/form.tsx"]);
});
