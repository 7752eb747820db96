import { describe, expect, it } from "vitest";
import { displayAddress } from "./display-address";
import { masked, parseIdentifier } from "./identifier";

describe("an address with an international domain", () => {
  it.each([
    "ada@münchen.de",
    "ada@straße.example",
    "ada@łódź.pl",
    "ada@例え.jp",
    "ada@пример.рф",
    "ada@παράδειγμα.gr",
    "ada@도메인.kr",
    "ada@中文.com",
    "ada@אב.com",
    "ada+x@bücher.straße.example",
  ])("is shown in its own letters: %s", (typed) => {
    const identifier = parseIdentifier(typed)!;
    expect(identifier).toContain("@");
    expect(identifier).not.toBe(typed);
    expect(displayAddress(identifier)).toBe(typed);
    expect(displayAddress(masked(identifier))).toBe(`a**${typed.slice(typed.indexOf("@"))}`);
    expect(parseIdentifier(displayAddress(identifier))).toBe(identifier);
  });

  it.each([
    ["Cyrillic letters that look like apple", "ada@аррӏе.com"],
    ["one Cyrillic letter among Latin ones", "ada@аpple.com"],
    ["a dotless i", "ada@twıtter.com"],
    ["a script g", "ada@ɡoogle.com"],
    ["a Greek omicron", "ada@gοogle.com"],
    ["letters of a script that is not listed", "ada@օօօ.com"],
    ["Han among Latin letters", "ada@a中.com"],
    ["one such label", "ada@münchen.аррӏе.com"],
  ])("stays in ASCII where another domain looks like it: %s", (_, typed) => {
    const identifier = parseIdentifier(typed)!;
    expect(identifier).toContain("xn--");
    expect(displayAddress(identifier)).toBe(identifier);
  });

  it.each(["ada@example.com", "ada@xn--.com", "xn--mnchen-3ya.de", "someone else", "", "@xn--a"])(
    "leaves other texts as they are: %j",
    (text) => expect(displayAddress(text)).toBe(text),
  );
});
