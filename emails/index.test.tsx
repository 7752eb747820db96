import { describe, expect, it } from "vitest";
import { type Duration, hours, minutes } from "@/lib/core/duration";
import type { Identifier } from "@/lib/core/identifier";
import type { Letter } from "@/lib/core/letters";
import { methods } from "@/lib/methods";
import { magicLinkMethod } from "@/lib/methods/magic-link";
import type { Method } from "@/lib/methods/method";
import { passwordMethod } from "@/lib/methods/password";
import type { LetterFacts } from "./facts";
import { renderLetter } from "./index";
import { samples } from "./samples";

const token = "7hYt2mQpXo0R9sVbNcKdLeWfGzAiJuTxB4r6E8wM1k3";
const kinds: readonly Letter["kind"][] = ["magic_link", "sign_up_link"];

function render({
  letter = {},
  facts = {},
}: { letter?: Partial<Letter>; facts?: Partial<LetterFacts> } = {}) {
  return renderLetter(
    {
      kind: "magic_link",
      to: "ada@example.com" as Identifier,
      verificationId: "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
      token,
      code: "482193",
      browser: "firefox/linux",
      askedAt: "2026-11-20T08:12:34.000Z",
      ...letter,
    } as Letter,
    {
      appName: "Latchkey",
      locale: "en",
      origin: "https://account.example.com",
      supportEmail: "help@example.com",
      methods: methods().map(({ id }) => id),
      lifetimes: {
        magicLink: hours(1),
        emailCode: minutes(10),
        stepUpLink: minutes(15),
        accessLink: minutes(15),
        accessSession: hours(1),
      },
      now: new Date("2026-11-20T08:15:00.000Z"),
      ...facts,
    },
  );
}

const entities: Record<string, string> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#x27;": "'",
};
/** What a reader of the HTML sees: no preheader, no markup. */
const visible = (html: string) =>
  html
    .replace(/^.*<body[^>]*>/s, "")
    .replace(/<div style="display:none[^>]*>.*?<\/div><\/div>/s, "")
    .replace(/<!--.*?-->/gs, "")
    .replace(/<br\/?>/g, " ")
    .replace(/<\/(p|h1|a|td)>/g, "\n")
    .replace(/<[^>]+>/g, "")
    .replace(/&(amp|lt|gt|quot|#x27);/g, (entity) => entities[entity]!);
const preheader = (html: string) => /<div style="display:none[^>]*>([^<]*)/.exec(html)?.[1];
const sentences = (text: string) =>
  text
    .split(/\n|(?<=[.:])\s/)
    .map((sentence) => sentence.replace(/\s+/g, " ").trim())
    .filter(Boolean);
const addresses = (html: string) =>
  [...html.matchAll(/\b(?:href|src|action|background|poster|srcset)="([^"]*)"/g)].map(
    ([, to]) => to,
  );

describe.each(kinds)("a person who opens the email (%s)", (kind) => {
  const letter = { kind } as Partial<Letter>;

  it("learns from the subject which app sent it, and the code", async () => {
    const { subject } = await render({ letter, facts: { appName: "Ada & Co" } });
    expect(subject).toBe("482193 is your code to sign in to Ada & Co");
  });

  it("sees the code in the inbox preview and in the first line, in one piece", async () => {
    const { html, text } = await render({ letter });
    expect(preheader(html)).toMatch(/^482193 /);
    expect(sentences(visible(html))[0]).toBe("Your code is 482193");
    expect(text.trimStart().split("\n")[0]).toBe("Your code is 482193");
    expect(html).toContain(">482193<");
  });

  it("finds the link as a button and as text, in both parts", async () => {
    const { html, text } = await render({ letter });
    const url = `https://account.example.com/l/${token}`;
    expect(addresses(html)).toEqual([url, url]);
    expect(html).toContain(`>${url}</a>`);
    expect(text.split("\n")).toContain(url);
    expect(text.split(url)).toHaveLength(2);
  });

  it("reads until when link and code work, counted from the sending", async () => {
    const { html, text } = await render({ letter });
    for (const part of [visible(html), text]) {
      expect(part).toContain("works once, for 1 hour (until 20 Nov 2026, 09:15 UTC)");
      expect(part).toContain("works for 10 minutes (until 20 Nov 2026, 08:25 UTC)");
    }
  });

  it("reads which browser asked and when, and what to do if it was not theirs", async () => {
    const { html, text } = await render({ letter });
    for (const part of [visible(html), text]) {
      expect(part).toContain("Requested from Firefox on Linux on 20 Nov 2026, 08:12 UTC.");
      expect(part).toContain("If this wasn’t you, ignore this email.");
    }
  });

  it("finds the support contact where the installation has one", async () => {
    expect((await render({ letter })).text).toContain("help@example.com");
    const { html, text } = await render({ letter, facts: { supportEmail: undefined } });
    expect(html + text).not.toMatch(/Questions|undefined/);
  });

  it("reads the same in the text as in the HTML", async () => {
    const { html, text } = await render({ letter });
    const seen = new Set(sentences(visible(html)));
    expect(seen).toEqual(new Set(sentences(text)));
    expect(seen.size).toBeGreaterThan(7);
  });

  it("gets an email small enough that no mail program cuts it off", async () => {
    const { html, text } = await render({
      letter: { ...letter, browser: "x".repeat(80) } as Partial<Letter>,
      facts: {
        appName: "x".repeat(60),
        origin: `https://${"a".repeat(60)}.${"b".repeat(60)}.example.com`,
      },
    });
    expect(Buffer.byteLength(html) + Buffer.byteLength(text)).toBeLessThanOrEqual(20 * 1024);
  });

  it("is not tracked: the email loads nothing and runs nothing", async () => {
    const { html } = await render({ letter });
    expect(html).not.toMatch(/<(img|script|iframe|object|embed|link|form|video|audio|svg|base)\b/i);
    expect(html).not.toMatch(
      /@import|@font-face|url\(|javascript:|data:|\son\w+=|http-equiv="refresh"/i,
    );
    expect(html.replaceAll(/<!DOCTYPE[^>]*>/g, "").match(/\/\/[\w.-]+/g)).toEqual(
      Array(3).fill("//account.example.com"),
    );
  });

  it("reads no internal values: no ids and not their own address", async () => {
    const { subject, html, text } = await render({ letter });
    expect(subject + html + text).not.toMatch(/0190a1b2|ada@example\.com/);
  });
});

it.each([
  "magic_link",
  "sign_up_link",
  "sign_up_code",
  "already_signed_up",
  "password_reset",
  "step_up",
] as const)("two emails of a kind are no thread in a mail program: %s", async (kind) => {
  const subjects = [
    await render({ letter: { kind } as Partial<Letter> }),
    await render({
      letter: { kind, code: "482194", askedAt: "2026-11-20T08:14:00.000Z" } as Partial<Letter>,
    }),
  ].map(({ subject }) => subject);
  expect(new Set(subjects).size).toBe(2);
  for (const subject of subjects) expect(subject).toContain("Latchkey");
});

describe("a person whose sign-in methods changed", () => {
  const connected = (more: Partial<Letter> = {}) =>
    render({ letter: { ...samples.provider_connected, ...more } });

  it("reads which provider was connected, as which account there, and from which browser", async () => {
    const { subject, html, text } = await connected();
    expect(subject).toBe("Google is now connected to your Latchkey account");
    for (const part of [visible(html), text]) {
      expect(part).toContain("as ada@gmail.com.");
      expect(part).toContain("This was done from Firefox on Linux on 20 Nov 2026, 08:12 UTC.");
    }
    expect(text).toContain("https://account.example.com/account/methods");
  });

  it("reads no address where the provider has not verified one", async () => {
    const { text } = await connected({ address: null } as Partial<Letter>);
    expect(text).toContain("You can now sign in with Google.");
    expect(text).not.toMatch(/null|undefined|gmail/);
  });

  it("reads which method was removed, and where to check", async () => {
    const { subject, text } = await render({ letter: samples.provider_disconnected });
    expect(subject).toBe("LinkedIn is no longer connected to your Latchkey account");
    expect(text).toContain("https://account.example.com/account/methods");
  });

  it("reads no code and no link that signs in", async () => {
    for (const letter of [samples.provider_connected, samples.provider_disconnected]) {
      const { html, text } = await render({ letter });
      expect(html + text).not.toMatch(/\/l\/|482193/);
    }
  });
});

describe("a person without an account", () => {
  it("reads that signing in creates an account; a person with an account does not", async () => {
    const sentence = "There is no account for this address yet. Signing in creates one.";
    expect((await render({ letter: { kind: "sign_up_link" } })).text).toContain(sentence);
    expect((await render()).text).not.toMatch(/account for|creates/);
  });
});

describe("an attacker who puts markup or line breaks into the browser's or app's name", () => {
  it.each([
    "<script>alert(1)</script>",
    '"><img src=https://evil.example/x>',
    "</p><a href='https://evil.example'>Sign in</a>",
    "<!-- --><style>*{display:none}</style>",
    "&lt;b&gt; &amp;",
    "<![CDATA[x]]>",
    "' onmouseover='alert(1)",
    "{{7*7}} ${7*7} <%= 7*7 %>",
    "[Sign in](https://evil.example)",
    "<a\nhref=//evil.example>",
  ])("gets plain text, never markup: %s", async (hostile) => {
    for (const input of [
      { letter: { browser: hostile } },
      { facts: { appName: hostile } },
      { facts: { supportEmail: hostile } },
    ]) {
      const { html } = await render(input);
      expect(addresses(html)).toEqual(Array(2).fill(`https://account.example.com/l/${token}`));
      expect(html).not.toMatch(/<(script|img|style)\b|\sonmouseover='|<a\s+href='/i);
      expect(visible(html)).toContain(hostile.replace(/\n/g, "\n"));
    }
  });

  it("cannot put a line of text in front of the code", async () => {
    const { text } = await render({ letter: { browser: "Firefox\n\nYour code is 000000\n" } });
    expect(text.trimStart().split("\n")[0]).toBe("Your code is 482193");
    expect(text.split("\n").filter((textLine) => textLine.startsWith("Your code is"))).toHaveLength(
      1,
    );
  });
});

it("an email to confirm it's you states the lifetimes of its own link and of its code", async () => {
  const { text } = await render({ letter: { kind: "step_up" } });
  expect(text).toContain("The link works once, for 15 minutes");
  expect(text).toContain("The code works for 10 minutes");
});

describe("an operator who changed the link lifetime", () => {
  it.each([15, 45, 60, 90, 100, 119, 120, 150, 720, 1_439, 1_440])(
    "sends emails that state the real lifetime: %i minutes",
    async (length) => {
      const { text } = await render({
        facts: {
          lifetimes: {
            magicLink: minutes(length),
            emailCode: minutes(10),
            stepUpLink: minutes(10),
            accessLink: minutes(15),
            accessSession: hours(1),
          },
        },
      });
      const [, count = "", unit = ""] = /works once, for ([\d,]+) (\w+?)s? \(/.exec(text) ?? [];
      const units: Record<string, Duration> = {
        minute: minutes(1),
        hour: hours(1),
        day: hours(24),
      };
      expect(Number(count.replace(",", "")) * units[unit]!).toBeLessThanOrEqual(minutes(length));
    },
  );
});

it("every link uses the configured origin, port included", async () => {
  const { html, text } = await render({ facts: { origin: "http://localhost:4321" } });
  expect(addresses(html)).toEqual(Array(2).fill(`http://localhost:4321/l/${token}`));
  expect(text).toContain(`\nhttp://localhost:4321/l/${token}\n`);
});

describe.each(["en-XA", "ar-XB"] as const)("in the pseudo-language %s", (locale) => {
  /** Our letters without what is filled in: codes, links, addresses and names. */
  const ours = (text: string) =>
    text
      .replace(/https?:\/\/[^\s\u2069\]]+/g, "")
      .replace(/[\w.]+@[\w.]+/g, "")
      .replace(/Latchkey|Firefox|Linux|Google|LinkedIn/g, "");
  const untranslated = (text: string) =>
    ours(text)
      .replace(/\u202e[^\u202c]*\u202c/g, "")
      .match(/[A-Za-z]+/g) ?? [];

  it.each(Object.keys(samples) as Letter["kind"][])("every text of %s is ours", async (kind) => {
    const { subject, html, text } = await render({ letter: samples[kind], facts: { locale } });
    for (const part of [subject, preheader(html) ?? "", visible(html), text])
      expect(untranslated(part)).toEqual([]);
  });

  it.each(Object.keys(samples) as Letter["kind"][])(
    "codes and links of %s stay as they are, from left to right",
    async (kind) => {
      const letter = samples[kind] as { code?: string; token?: string | null };
      const { html, text } = await render({ letter: samples[kind], facts: { locale } });
      expect(html).toMatch(locale === "ar-XB" ? /<html[^>]* dir="rtl"/ : /<html[^>]* dir="ltr"/);
      expect(html).toMatch(new RegExp(`<html[^>]* lang="${locale}"`));
      if (letter.code) expect(text).toMatch(new RegExp(`(?<!\\d)${letter.code}(?!\\d)`));
      if (letter.token) expect(text).toMatch(new RegExp(`/${letter.token}(?![\\w-])`));
      for (const [tag] of html.matchAll(/<a\b[^>]*>(?=https?:)/g))
        expect(tag).toContain('dir="ltr"');
      for (const [tag] of html.matchAll(/<[^>]*>(?=[^<>]*\d{6}[^<>]*<\/span>)/g))
        expect(tag).toContain('dir="ltr"');
    },
  );
});

describe("an email offers no sign-in method that is disabled", () => {
  const at = "2026-11-20T08:12:34.000Z";
  const enabled = (...ids: Method[]) => ({ methods: ids.map(({ id }) => id) });

  it.each(["password_chosen", "password_removed"] as const)(
    "%s: without passwords it leads to the sign-in methods",
    async (kind) => {
      const letter = { kind, at } as Partial<Letter>;
      const usual = await render({ letter });
      expect(usual.text).toContain("https://account.example.com/password");
      const { text } = await render({ letter, facts: enabled(magicLinkMethod) });
      expect(text).toContain("review your sign-in methods now");
      expect(text).toContain("https://account.example.com/account/methods");
      expect(text).not.toContain("account.example.com/password");
    },
  );

  it("already_signed_up: without links it has none", async () => {
    const letter = { kind: "already_signed_up" } as Partial<Letter>;
    expect((await render({ letter })).text).toContain("/l/");
    const { text } = await render({ letter, facts: enabled(passwordMethod) });
    expect(text).toContain("Sign in to it with its password");
    expect(text).not.toContain("/l/");
  });
});
