import { expect, test } from "vitest";
import { readCountry } from "./country";

test.each([
  ["DE", "DE"],
  [" nl ", "NL"],
])("%s is a country", (header, code) => expect(readCountry(header)).toBe(code));

test.each(["", "XX", "ZZ", "T1", "DEU", "D", "DE, FR", "D\u0395", "<b>", undefined, ["DE", "FR"]])(
  "%s is none",
  (header) => expect(readCountry(header)).toBeNull(),
);
