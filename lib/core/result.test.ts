import { describe, expect, it } from "vitest";
import { isRefusalCode, type RefusalCode, refusals } from "./errors";
import { ok, refuse } from "./result";

const codes = Object.keys(refusals) as RefusalCode[];

describe("a code from a cookie or a program", () => {
  it.each(codes)("is one of ours: %s", (code) => expect(isRefusalCode(code)).toBe(true));

  it.each([
    "",
    "toString",
    "constructor",
    "__proto__",
    "hasOwnProperty",
    "LINK_DEAD",
    "link_invalid ",
  ])("is unknown: %j", (code) => expect(isRefusalCode(code)).toBe(false));
});

describe("a result", () => {
  it("is a value or a refusal's code", () => {
    expect(ok(7)).toEqual({ ok: true, value: 7 });
    expect(refuse("link_invalid", { cause: "used" })).toEqual({
      ok: false,
      refusal: { code: "link_invalid", cause: "used" },
    });
  });
});
