import { readdirSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { isEmptyErrorPage, isOwnPage, withoutFrameworkScript } from "./own-pages";

it("recognises every page of the app directory as one of Latchkey's own", () => {
  const pages = readdirSync("app", { recursive: true, encoding: "utf8" })
    .filter((file) => /(^|\/)page\.tsx$/.test(file))
    .map((file) => path.join("/", path.dirname(file)).replace(/\/\([^)]*\)/g, "") || "/");
  expect(pages.length).toBeGreaterThan(20);
  expect(pages.filter((page) => !isOwnPage(page))).toEqual([]);
});

it.each(["/sign-in", "/sign-in?x=/y", "/l/abc", "/%6c/abc", "/account/methods", "/?x"])(
  "treats %s as a page of its own",
  (url) => expect(isOwnPage(url)).toBe(true),
);

it.each(["/sign-inn", "/accounts", "/x?/sign-in", "/x/account", "/api/v1/session", "/%"])(
  "does not treat %s as a page of its own",
  (url) => expect(isOwnPage(url)).toBe(false),
);

it.each([
  ["a file of Next", '<script src="/latchkey/_next/a.js" async=""></script>', ""],
  ["an inline script", "<script>self.a=1<2</script>", ""],
  ["an inline script with a nonce", '<script nonce="x" id="y">a("</p>")</script>', ""],
  [
    "a script that is loaded early",
    '<link rel="preload" as="script" href="/latchkey/_next/a.js"/>',
    "",
  ],
  ["a module that is loaded early", '<link rel="modulepreload" href="/latchkey/_next/a.js"/>', ""],
])("removes %s", (_, html, left) => {
  expect(withoutFrameworkScript(`<p>before</p>${html}<p>after</p>`)).toBe(
    `<p>before</p>${left}<p>after</p>`,
  );
});

it.each([
  '<script src="/latchkey/latchkey.js" defer=""></script>',
  '<link rel="stylesheet" href="/latchkey/_next/a.css" data-precedence="next"/>',
  "<p>&lt;script&gt;what a user typed&lt;/script&gt;</p>",
  '<input value="&lt;script src=&quot;/latchkey/_next/a.js&quot;&gt;"/>',
])("does not remove %s", (html) => expect(withoutFrameworkScript(html)).toBe(html));

it("recognises a document that only Next's script would fill", () => {
  expect(isEmptyErrorPage('<!DOCTYPE html><html id="__next_error__"><head>')).toBe(true);
  expect(isEmptyErrorPage('<!DOCTYPE html><html lang="en"><body>__next_error__')).toBe(false);
});
