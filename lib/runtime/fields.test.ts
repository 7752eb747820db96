import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyText } from "@/test/support/texts";
import type { z } from "zod";
import { isRefusalCode } from "@/lib/core/errors";
import { checkbox, code, email, next, uuid, token, optionalEmail } from "./fields";

/** The refusal's code of a field; null when it accepted the value. */
const no = (field: z.ZodType, value: unknown) =>
  field.safeParse(value).error?.issues[0]?.message ?? null;

const notText: [string, unknown][] = [
  ["nothing", undefined],
  ["null", null],
  ["a number", 482193],
  ["a list", ["482193"]],
  ["two values", ["482193", "111111"]],
  ["an object", { $ne: null }],
  ["an object that reads as text", { toString: () => "482193" }],
  ["a boxed text", new String("482193")],
  ["a file", new Blob(["482193"])],
];

describe("a code as people type and paste it", () => {
  it.each([
    ["as it is", "482193"],
    ["with leading zeros", "000042", "000042"],
    ["in two groups", "482 193"],
    ["in three", "48 21 93"],
    ["with a hyphen", "482-193"],
    ["with blanks around", "  482193\t"],
    ["with the line end of a copied line", "482193\r\n"],
    ["with no-break spaces", "482\u00a0193"],
    ["with narrow no-break spaces", "482\u202f193"],
    ["with zero-width spaces", "\u200b482\u200b193"],
    ["with a byte order mark", "\ufeff482193"],
    ["with text direction marks", "\u200e482193\u200f"],
    ["in full-width digits", "\uff14\uff18\uff12\uff11\uff19\uff13"],
    ["in full-width digits with a full-width space", "\uff14\uff18\uff12\u3000\uff11\uff19\uff13"],
    ["with a full-width hyphen", "482\uff0d193"],
    ["in raised digits", "\u2074\u2078\u00b2\u00b9\u2079\u00b3"],
    ["in Arabic-Indic digits", "\u0664\u0668\u0662\u0661\u0669\u0663"],
    ["in Extended Arabic digits", "\u06f4\u06f8\u06f2\u06f1\u06f9\u06f3"],
    ["in Devanagari digits", "\u096a\u096e\u0968\u0967\u096f\u0969"],
    ["in Bengali digits", "\u09ea\u09ee\u09e8\u09e7\u09ef\u09e9"],
    ["in Thai digits", "\u0e54\u0e58\u0e52\u0e51\u0e59\u0e53"],
    ["in mathematical bold digits", "\u{1d7d2}\u{1d7d6}\u{1d7d0}\u{1d7cf}\u{1d7d7}\u{1d7d1}"],
    ["in several scripts at once", "4\u0668\uff12\u09679\u06f3"],
  ])("is accepted: %s", (_, typed, digits = "482193") => {
    expect(code.parse(typed)).toBe(digits);
  });

  it("is accepted in the digits of every script", () => {
    const scripts = Intl.supportedValuesOf("numberingSystem").filter((script) =>
      /^\p{Nd}$/u.test(new Intl.NumberFormat("en", { numberingSystem: script }).format(7)),
    );
    expect(scripts.length).toBeGreaterThan(40);
    for (const script of scripts) {
      const format = new Intl.NumberFormat("en", { numberingSystem: script, useGrouping: false });
      for (const number of [102_345, 678_901]) {
        const typed = format.format(number);
        expect([script, code.parse(typed)]).toEqual([script, String(number)]);
      }
    }
  });

  it.each([
    "",
    " ",
    "48219",
    "4821933",
    "48219 ",
    "482193482193",
    "48219a",
    "abcdef",
    "0x7599",
    "4.8e5",
    "+82193",
    "48219,3",
    "482193.",
    "482193;",
    "4821\u00b2\u00b3x",
    "\u2463\u2467\u2461\u2460\u2468",
    "\u56db\u516b\u4e8c\u4e00\u4e5d\u4e09",
    "\u2166\u2166\u2166\u2166\u2166\u2166",
    "' or 1=1--",
    `${"0".repeat(59)}482193`,
    "1".repeat(9_000),
    " ".repeat(9_000),
    "\ufdfa".repeat(60),
  ])("is refused when it cannot be six digits: %j", (typed) => {
    expect(no(code, typed)).toBe("code_malformed");
  });

  it.each(notText)("is refused when it is no text: %s", (_, value) => {
    expect(no(code, value)).toBe("code_malformed");
  });

  it("is six ASCII digits or a refusal, for any input", () => {
    fc.assert(
      fc.property(fc.oneof(anyText(), fc.anything()), (typed) => {
        const read = code.safeParse(typed);
        if (read.success) expect(read.data).toMatch(/^[0-9]{6}$/);
        else expect(read.error.issues[0]?.message).toBe("code_malformed");
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("an email address in a form", () => {
  it("is read into its canonical form", () => {
    expect(email.parse("  Ada@Example.COM ")).toBe("ada@example.com");
  });

  it.each(["", " ", "\t", "\n", "\u00a0", "\u3000"])("is missing when there is none: %j", (typed) =>
    expect(no(email, typed)).toBe("email_missing"),
  );

  it.each(notText)("is missing when it is no text: %s", (_, value) =>
    expect(no(email, value)).toBe("email_missing"),
  );

  it.each([
    "ada",
    "ada@",
    "ada@example.com,leo@example.com",
    "Ada <ada@example.com>",
    "a".repeat(9_000),
  ])("is refused when no email could be sent to it: %j", (typed) =>
    expect(no(email, typed)).toBe("email_invalid"),
  );
});

describe("an address typed to confirm that the person knows it", () => {
  it("is read as any other address", () => {
    expect(optionalEmail.parse(" ADA@example.com")).toBe("ada@example.com");
  });

  it.each([undefined, "", "ada", "ada@", "\0"])(
    "does not match when it cannot be read: %j",
    (typed) => {
      expect(optionalEmail.parse(typed)).toBeNull();
    },
  );

  it.each(notText.slice(1))("is refused when it is no text: %s", (_, value) => {
    expect(optionalEmail.safeParse(value).success).toBe(false);
  });
});

describe("a link's token, a return path and an id", () => {
  it.each(notText.slice(1))("are refused when they are no text: %s", (_, value) => {
    expect(token.safeParse(value).success).toBe(false);
    expect(next.safeParse(value).success).toBe(false);
    expect(no(uuid, value)).toBe("not_found");
  });

  it("are refused when they are longer than ours can be", () => {
    expect(token.safeParse("a".repeat(1_001)).success).toBe(false);
    expect(next.safeParse(`/${"a".repeat(2_048)}`).success).toBe(false);
  });

  it.each([
    "",
    "1",
    "../1",
    "0190a1b2",
    "'; drop table sessions; --",
    "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b\n",
  ])("match no row when they are no id: %j", (id) => expect(no(uuid, id)).toBe("not_found"));

  it("are accepted when they are ours", () => {
    const id = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
    expect(uuid.parse(id)).toBe(id);
    expect(next.parse(undefined)).toBe("");
    expect(token.parse("")).toBe("");
  });
});

describe("a checkbox", () => {
  it("is ticked or not", () => {
    expect(checkbox.parse("on")).toBe(true);
    expect(checkbox.parse(undefined)).toBe(false);
  });

  it.each(["off", "true", "1", "", "ON", null, 1, ["on"], {}])(
    "is refused with any other value: %j",
    (value) => {
      expect(checkbox.safeParse(value).success).toBe(false);
    },
  );
});

it("every code that a field refuses with has a message", () => {
  const codes = [code, email, uuid].flatMap((field) =>
    notText.map(([, value]) => no(field, value) ?? ""),
  );
  for (const message of codes) expect(isRefusalCode(message)).toBe(true);
});
