import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { PasswordField } from "./password-field";

const common = { name: "password", show: "Show", nonce: "n0nce" };
const said = { missing: ["1 more", "2 more"], enough: "Long enough.", strong: "Good length." };
const draw = (field: Partial<Parameters<typeof PasswordField>[0]> = {}) =>
  renderToStaticMarkup(createElement(PasswordField, { ...common, label: "Password", ...field }));
const inputIn = (html: string) => /<input [^>]*>/.exec(html)![0];

test("lets a password manager fill in the current password and states no length rule", () => {
  const html = draw();
  expect(inputIn(html)).toContain('type="password" autoComplete="current-password"');
  expect(html).not.toMatch(/passwordrules|aria-live/);
});

test("lets a password manager generate a new password by the length rule", () => {
  const html = draw({
    newPassword: { minLength: 15, strongLength: 20, ...said },
    hint: "At least 15.",
  });
  expect(inputIn(html)).toContain('autoComplete="new-password"');
  expect(inputIn(html)).toContain('passwordrules="minlength: 15;"');
  expect(html).toContain("At least 15. <strong aria-live");
});

test("never renders, cuts or autocorrects a password", () => {
  for (const html of [
    draw(),
    draw({ newPassword: { minLength: 12, strongLength: 16, ...said } }),
  ]) {
    expect(inputIn(html)).not.toMatch(/ value=| maxlength=/i);
    expect(inputIn(html)).toMatch(/autoCapitalize="none" autoCorrect="off" spellCheck="false"/i);
  }
});

test("has no reveal button without script", () => {
  expect(draw()).toMatch(
    /<button type="button" data-show="true" aria-pressed="false" hidden="">Show<\/button>/,
  );
});

test("gives its script the nonce of the response", () => {
  expect(draw()).toContain('<script src="/latchkey/password.js" nonce="n0nce" defer=""></script>');
});

test("links an error to its field", () => {
  const html = draw({ error: "Enter a password." });
  expect(inputIn(html)).toContain('aria-invalid="true" aria-describedby="password-error"');
});
