import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { PasswordField } from "./password-field";

const common = { name: "password", show: "Show", nonce: "n0nce" };
const said = { missing: ["1 more", "2 more"], enough: "Long enough.", strong: "Good length." };
const draw = (field: Partial<Parameters<typeof PasswordField>[0]> = {}) =>
  renderToStaticMarkup(createElement(PasswordField, { ...common, label: "Password", ...field }));
const inputIn = (html: string) => /<input [^>]*>/.exec(html)![0];

test("one's own is filled in by a password manager, and nothing is said of its length", () => {
  const html = draw();
  expect(inputIn(html)).toContain('type="password" autoComplete="current-password"');
  expect(html).not.toMatch(/passwordrules|aria-live/);
});

test("a new one is made by a password manager that knows the rule", () => {
  const html = draw({
    newPassword: { minLength: 15, strongLength: 20, ...said },
    hint: "At least 15.",
  });
  expect(inputIn(html)).toContain('autoComplete="new-password"');
  expect(inputIn(html)).toContain('passwordrules="minlength: 15;"');
  expect(html).toContain("At least 15. <strong aria-live");
});

test("no value is ever in it, and none is cut, corrected or sent away", () => {
  for (const html of [
    draw(),
    draw({ newPassword: { minLength: 12, strongLength: 16, ...said } }),
  ]) {
    expect(inputIn(html)).not.toMatch(/ value=| maxlength=/i);
    expect(inputIn(html)).toMatch(/autoCapitalize="none" autoCorrect="off" spellCheck="false"/i);
  }
});

test("without script there is no button to show it", () => {
  expect(draw()).toMatch(
    /<button type="button" data-show="true" aria-pressed="false" hidden="">Show<\/button>/,
  );
});

test("its script carries the nonce of the response", () => {
  expect(draw()).toContain('<script src="/password.js" nonce="n0nce" defer=""></script>');
});

test("an error is tied to it", () => {
  const html = draw({ error: "Enter a password." });
  expect(inputIn(html)).toContain('aria-invalid="true" aria-describedby="password-error"');
});
