import { expect, it } from "vitest";
import { identity, inHeader } from "./identity";

it("is empty for nobody", () => {
  expect(identity(null)).toEqual({ "Remote-User": "", "Remote-Email": "" });
});

it.each([
  ["ada@example.com", "ada@example.com"],
  ["a\r\nRemote-User: root", "a%0D%0ARemote-User:%20root"],
  ["\u0000\u007f\t", "%00%7F%09"],
  ["jürgen@例え.example", "j%C3%BCrgen@%E4%BE%8B%E3%81%88.example"],
  // Otherwise an app that decodes would take it for another person's.
  ["a%64a@example.com", "a%2564a@example.com"],
])("is a plain header value that decodes to the same text: %j", (text, value) => {
  expect(inHeader(text)).toBe(value);
  expect(decodeURIComponent(inHeader(text))).toBe(text);
});
