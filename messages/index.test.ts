import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { IntlMessageFormat } from "intl-messageformat";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, it } from "vitest";
import { minutes } from "@/lib/core/duration";
import { deviceName } from "./device";
import { en } from "./en";
import { type MessageKey, messagesIn } from "./index";
import { richMessage } from "./rich";

const keys = Object.keys(en) as MessageKey[];
const english = messagesIn("en");

type Element = ReturnType<IntlMessageFormat["getAst"]>[number];
const kinds = ["literal", "slot", "number", "date", "time", "select", "plural", "#", "tag"];
const elementsOf = (elements: readonly Element[]): Element[] =>
  elements.flatMap((element) => [
    element,
    ...("children" in element ? elementsOf(element.children) : []),
    ...("options" in element
      ? Object.values(element.options).flatMap(({ value }) => elementsOf(value))
      : []),
  ]);

describe("the catalogue", () => {
  it.each(keys)("has a message that can be read and typed: %s", (key) => {
    const elements = elementsOf(new IntlMessageFormat(en[key], "en").getAst());
    const used = elements.map(({ type }) => kinds[type]!);
    // The types of slots know no others.
    expect(["number", "date", "time"].filter((kind) => used.includes(kind))).toEqual([]);
    const names = (kind: string) =>
      elements.flatMap((element) =>
        kinds[element.type] === kind && "value" in element ? [element.value as string] : [],
      );
    expect(names("slot").filter((name) => names("tag").includes(name))).toEqual([]);
    for (const name of [...names("slot"), ...names("tag")]) expect(name).toMatch(/^[a-zA-Z]+$/);
  });

  it.each(keys)("has a message without straight quotes, of which ICU reads one: %s", (key) => {
    expect(en[key]).not.toMatch(/['"]|\s\s|^\s|\s$/);
  });

  it("has no message that nothing uses", () => {
    const code = ["app", "emails", "lib", "messages"]
      .flatMap((folder) =>
        readdirSync(folder, { recursive: true, encoding: "utf8" }).map((file) =>
          path.join(folder, file),
        ),
      )
      .filter((file) => /(?<!\.test)\.tsx?$/.test(file) && file !== "messages/en.ts")
      .map((file) => readFileSync(file, "utf8"))
      .join("\n");
    // A key may be put together from a beginning and a code: `error.${code}`.
    const beginnings = [...code.matchAll(/`([a-zA-Z]+\.(?:[a-zA-Z]+\.)?)\$\{/g)].map(
      ([, beginning]) => beginning!,
    );
    const isUsed = (key: string) =>
      code.includes(`"${key}"`) || beginnings.some((beginning) => key.startsWith(beginning));
    expect(keys.filter((key) => !isUsed(key))).toEqual([]);
  });
});

describe("a message", () => {
  it("is filled in, counted and chosen", () => {
    expect(english.message("signIn.title", { appName: "Ada & Co" })).toBe("Sign in to Ada & Co");
    expect(english.message("account.deviceCount", { count: 1 })).toBe("1 device");
    expect(english.message("account.deviceCount", { count: 1_200 })).toBe("1,200 devices");
    expect(english.message("setPassword.lead", { others: 0 })).toBe(
      "No other device is signed in.",
    );
  });

  it("shows what it is filled with as it is", () => {
    expect(english.message("signIn.title", { appName: "<b>{x}</b> '{y}'" })).toBe(
      "Sign in to <b>{x}</b> '{y}'",
    );
  });

  it("is not compiled with a slot missing, too many, or of the wrong kind", () => {
    const compiled = () => {
      // @ts-expect-error a slot is missing
      english.message("signIn.title");
      // @ts-expect-error a slot is missing
      english.message("signIn.title", {});
      // @ts-expect-error there is no such slot
      english.message("signIn.title", { appName: "Latchkey", name: "Ada" });
      // @ts-expect-error there is no slot
      english.message("common.cancel", { appName: "Latchkey" });
      // @ts-expect-error a count is a number
      english.message("account.deviceCount", { count: "1" });
      // @ts-expect-error a name is a text
      english.message("signIn.title", { appName: 7 });
      // @ts-expect-error there is no such option
      english.message("device.heading", { known: "phone", browser: "", system: "" });
      // @ts-expect-error there is no such message
      english.message("signIn.tite", { appName: "Latchkey" });
      // @ts-expect-error it has markup
      english.message("common.reference", { reference: "1" });
      // @ts-expect-error a tag is missing
      void richMessage(english, "common.reference", { reference: "1" });
      // @ts-expect-error a slot within an option is missing
      english.message("confirmProviders.lead", { count: 1 });
      english.message("confirmProviders.lead", { count: 1, providers: "Google" });
    };
    expect(compiled).toBeTypeOf("function");
  });
});

describe("a message with markup", () => {
  it("is an element, in which what was filled in is text", () => {
    const drawn = richMessage(english, "checkEmail.sent.signIn", {
      address: "<i>@example.com",
      digits: "6",
      email: (content) => createElement("strong", null, content),
    });
    expect(renderToStaticMarkup(createElement("p", null, drawn))).toBe(
      "<p>If <strong>&lt;i&gt;@example.com</strong> can sign in here, a link and a 6-digit code are on their way.</p>",
    );
  });

  it("takes elements for its slots", () => {
    const when = createElement("time", null, "just now");
    expect(
      renderToStaticMarkup(
        createElement("p", null, richMessage(english, "methods.lastUsed", { when })),
      ),
    ).toBe("<p>Last used <time>just now</time></p>");
  });
});

describe("a time", () => {
  const at = new Date("2026-07-29T13:05:00.000Z");

  it("names its zone", () => {
    expect(english.time(at, "UTC")).toBe("29 Jul 2026, 13:05 UTC");
    expect(english.time(at, "Europe/Berlin")).toBe("29 Jul 2026, 15:05 CEST");
  });

  it("is said as people say it while it is recent", () => {
    const after = (seconds: number) => english.timeAgo(at, new Date(at.getTime() + seconds * 1000));
    expect([after(5), after(120), after(2 * 3_600), after(23 * 3_600)]).toEqual([
      "just now",
      "2 minutes ago",
      "2 hours ago",
      "23 hours ago",
    ]);
    expect(after(25 * 3_600)).toBeNull();
  });
});

describe("a stored device", () => {
  it.each([
    ["firefox/linux", "Firefox on Linux", "Firefox on Linux"],
    ["samsung/android", "Samsung Internet on Android", "Samsung Internet on Android"],
    ["unknown/mac", "A browser on Mac", "a browser on Mac"],
    ["safari/unknown", "Safari", "Safari"],
    ["unknown/unknown", "A browser", "a browser"],
  ])("is worded when it is read: %s", (stored, heading, sentence) => {
    expect(deviceName(english, stored, "heading")).toBe(heading);
    expect(deviceName(english, stored, "sentence")).toBe(sentence);
  });

  it.each(["Firefox on Linux", "a/b/c", "firefox/beos", "toString/linux", ""])(
    "of another form is shown as it is: %j",
    (stored) => expect(deviceName(english, stored, "heading")).toBe(stored),
  );

  it.each([
    ["A browser", "a browser"],
    ["A browser on Mac", "a browser on Mac"],
    ["Firefox on Linux", "Firefox on Linux"],
  ])("that was stored in words fits into a sentence: %j", (stored, sentence) =>
    expect(deviceName(english, stored, "sentence")).toBe(sentence),
  );
});

describe("a pseudo-language", () => {
  it("en-XA changes every letter of ours and none of what is filled in", () => {
    const accented = messagesIn("en-XA").message("signIn.title", { appName: "Latchkey" });
    expect(accented).toMatch(/^\[.*Latchkey\]$/);
    expect(accented.replace("Latchkey", "")).not.toMatch(/[A-Za-z]/);
  });

  it("en-XA is about 40 % longer", () => {
    const [plain, accented] = ["en", "en-XA"].map((locale) =>
      keys
        .filter((key) => !/[{<]/.test(en[key]))
        .map(
          (key) =>
            messagesIn(locale as "en")
              .parts(key, {})
              .join("").length,
        )
        .reduce((sum, length) => sum + length),
    );
    expect(accented! / plain!).toBeGreaterThan(1.3);
    expect(accented! / plain!).toBeLessThan(1.5);
  });

  it("en-XA still counts and chooses", () => {
    const { message } = messagesIn("en-XA");
    expect(message("account.deviceCount", { count: 2 })).toMatch(/^\[2 \P{ASCII}+\]$/u);
    expect(message("account.deviceCount", { count: 1 })).not.toBe(
      message("account.deviceCount", { count: 2 }),
    );
  });

  it("ar-XB turns our words around and isolates what is filled in", () => {
    const text = messagesIn("ar-XB").message("signIn.title", { appName: "Latchkey" });
    expect(text).toContain("\u202eSign\u202c \u202ein\u202c");
    expect(text).toContain("\u2068Latchkey\u2069");
    expect(messagesIn("ar-XB").direction).toBe("rtl");
  });

  it.each(["en-XA", "ar-XB"] as const)("%s changes durations, times and lists", (locale) => {
    const { exactDuration, list, time } = messagesIn(locale);
    for (const text of [
      exactDuration(minutes(10)),
      time(new Date(0), "UTC"),
      list(["1", "2"], "disjunction"),
    ])
      expect(text.replace(/\u202e[^\u202c]*\u202c/g, "")).not.toMatch(/[A-Za-z]/);
  });

  it.each(["en-XA", "ar-XB"] as const)("%s has every message", (locale) => {
    const english = messagesIn("en");
    for (const key of keys.filter((key) => !/[{<]/.test(en[key])))
      expect(messagesIn(locale).parts(key, {})).not.toEqual(english.parts(key, {}));
  });
});
