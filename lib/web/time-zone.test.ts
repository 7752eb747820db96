import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { lifetimes } from "@/lib/core/policy";
import { readTimeZone } from "./time-zone";

it.each(["Europe/Berlin", "America/New_York", "Etc/GMT+5", "UTC"])(
  "accepts a time zone that a browser names: %s",
  (name) => expect(readTimeZone(name)).toBe(name),
);

it.each([
  null,
  "",
  "+01:00",
  "Mars/Olympus",
  "Europe/Berlin;",
  "Europe/Berlin\n",
  "../../etc/passwd",
  "<script>",
  "x".repeat(5_000),
  "__proto__",
])("falls back to UTC for anything else: %j", (name) => expect(readTimeZone(name)).toBe("UTC"));

it("spells a name in one way, so that formats are not made for every spelling", () => {
  expect(readTimeZone("eUROPE/bERLIN")).toBe("Europe/Berlin");
});

it("lives as long as the policy says: the script has the same number", () => {
  expect(readFileSync("public/latchkey/latchkey.js", "utf8")).toContain(
    `max-age=${lifetimes.timeZone};`,
  );
});
