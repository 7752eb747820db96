import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { Field, type FieldProps } from "./field";

const draw = (field: Partial<FieldProps> = {}) =>
  renderToStaticMarkup(
    createElement(Field, { name: "email", label: "Email", hint: "Yours.", ...field }),
  );
const inputIn = (html: string) => /<input [^>]*>/.exec(html)![0];

test("is described by its hint, and takes no focus by itself", () => {
  const html = draw();
  expect(inputIn(html)).toContain('aria-describedby="email-hint"');
  expect(html).toContain('<p class="hint" id="email-hint">Yours.');
  expect(inputIn(html)).not.toMatch(/autofocus|aria-invalid/i);
});

test("says an error once, in place of its hint, and takes the focus", () => {
  const html = draw({ error: "Enter your email address." });
  expect(inputIn(html)).toMatch(/aria-invalid="true" aria-describedby="email-error"/);
  expect(inputIn(html)).toMatch(/autofocus=""/i);
  expect(html.split("Enter your email address.")).toHaveLength(2);
  expect(html).not.toContain("Yours.");
  expect(html).not.toContain("hint");
});

test("shows what is said of the typed text beside a hint and beside an error", () => {
  for (const error of [undefined, "That password is too short."])
    expect(draw({ error, status: "3 more characters." })).toContain("3 more characters.");
});
