import { createElement, Fragment } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, test } from "vitest";
import { Address, email, withBreaks } from "./markup";

const draw = (content: ReturnType<typeof withBreaks>) =>
  renderToStaticMarkup(createElement(Fragment, null, content));

/** A text with the places where it may break, which have no text of their own. */
const breaks = (content: ReturnType<typeof withBreaks>) =>
  draw(content)
    .replaceAll('</span><span class="unbroken">', "|")
    .replace(/<[^>]*>/g, "");

describe("a long address", () => {
  test("may break after its @ and dots, and is the same text when it is copied", () => {
    const address = "bea.with-a-long-name@mail.example.com";
    expect(breaks(withBreaks(address))).toBe("bea.|with-a-long-name@|mail.|example.|com");
    expect(draw(withBreaks(address)).replace(/<[^>]*>/g, "")).toBe(address);
  });

  test("breaks within a sentence, whose other words stay as they are", () => {
    expect(breaks(withBreaks("You’re now signed in as bea.long-name@mail.example.com, so."))).toBe(
      "You’re now signed in as bea.|long-name@|mail.|example.|com, so.",
    );
  });

  test("may break between the groups of an IPv6 address", () => {
    expect(breaks(withBreaks("2001:db8:1:2:3:4:5:6789:abcd"))).toMatch(/^2001:\|db8:\|1:\|/);
  });

  test("reads from left to right, also where the sentence does not", () => {
    expect(draw(withBreaks("bea.with-a-long-name@mail.example.com"))).toMatch(/^<bdi dir="ltr">/);
  });
});

test("a short address has no places to break", () => {
  for (const text of ["ada@example.com", "203.0.113.7", "A.sentence.without.any.space.at.all.", ""])
    expect(draw(withBreaks(text))).toBe(text);
});

test("an address is read from left to right in every language", () => {
  expect(draw(email("ada@example.com"))).toBe(
    '<strong dir="ltr" class="unbroken">ada@example.com</strong>',
  );
  expect(draw(createElement(Address, null, "ada@example.com"))).toBe(
    '<bdi dir="ltr" class="unbroken">ada@example.com</bdi>',
  );
});
