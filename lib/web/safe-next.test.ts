import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyText } from "@/test/support/texts";
import { safeNext as safeNextIn } from "./safe-next";

const safeNext = (next: unknown) => safeNextIn(next, { afterSignIn: "/account" });

const origin = "https://account.example.com";

const hostile: Record<string, readonly unknown[]> = {
  "another host": [
    "//evil.example",
    "//evil.example/account",
    "///evil.example",
    "////evil.example",
    "//evil.example:443",
    "//127.0.0.1",
    "//[::1]/",
    "//evil.example/%2e%2e",
    "https://evil.example",
    "http://evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https:\\evil.example",
    "HTTPS://evil.example",
    "ftp://evil.example",
    "ws://evil.example",
    "evil.example",
    "account",
    ".evil.example",
    "@evil.example",
    ":evil.example",
    "account.example.com",
    "https://account.example.com/account",
    "https://account.example.com.evil.example/",
    "https://account.example.com@evil.example/",
    "//account.example.com@evil.example",
    "/\u0000@evil.example",
  ],
  "another scheme": [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\nscript:alert(1)",
    "\u0001javascript:alert(1)",
    "/javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox",
    "file:///etc/passwd",
    "blob:https://evil.example/1",
    "view-source:/account",
    "intent://evil.example#Intent;end",
  ],
  "backslashes and their kind": [
    "/\\evil.example",
    "\\/evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "/account\\..\\..",
    "/a\\b",
    "/%5cevil.example",
    "/%5Cevil.example",
    "/account?x=%5c",
    "/\uff3cevil.example",
  ],
  "control characters and spaces": [
    "/\tevil.example",
    "/\t/evil.example",
    "\t//evil.example",
    "/\n/evil.example",
    "/\r/evil.example",
    " //evil.example",
    " /account",
    "/account ",
    "/acc ount",
    "/account\r\nSet-Cookie: session=evil",
    "/account\nLocation: https://evil.example",
    "/account%0d%0aSet-Cookie:%20session=evil",
    "/account%0D",
    "/account%0a",
    "/account%09",
    "/account%00",
    "/account%1f",
    "/account%7f",
    "/account\0",
    "/account\x7f",
    "/account\u0085",
    "/account\u00a0",
    "/account\u2028",
  ],
  "slashes in disguise": [
    "/%2fevil.example",
    "/%2Fevil.example",
    "%2f%2fevil.example",
    "/%2f%2fevil.example",
    "/account%2f..%2f",
    "/a%2f%2fevil.example",
    "/a/%2fevil.example",
    "/a%2f/evil.example",
    "/a%2f..%2fb",
    "/%2e%2e%2f%2fevil.example",
    "/a%2f.%2f%2fevil.example",
    "/\uff0fevil.example",
    "/\u2044evil.example",
    "/\u2215evil.example",
    "\uff0f\uff0fevil.example",
    "/\u3002evil.example",
    "/evil\uff0eexample",
    "/\u200b/evil.example",
    "/\u202e/evil.example",
    "/\u00ad/evil.example",
  ],
  "dots that fold to two slashes": [
    "/.//evil.example",
    "/..//evil.example",
    "/./..//evil.example",
    "/a/..//evil.example",
    "/account/..//evil.example/",
    "/%2e//evil.example",
    "/%2e%2e//evil.example",
    "/a/%2E%2e//evil.example",
    "/a//b",
    "/a/.//b",
    "/account//",
  ],
  "broken encodings and odd characters": [
    "/account%",
    "/account%2",
    "/%",
    "/%5",
    "/%/#",
    "/%/a",
    "/%g0",
    "/account|x",
    "/account<script>",
    '/account"x',
    "/account`x",
    "/account{x}",
    "/account^x",
    "/caf\u00e9",
    "/\u0430ccount",
    "/\ud800",
  ],
  "no text, or too much of it": [
    "",
    undefined,
    null,
    0,
    1,
    true,
    [],
    ["/account/sessions"],
    ["/account", "//evil.example"],
    { toString: () => "/account/sessions" },
    { length: 1, 0: "/" },
    new String("/account/sessions"),
    Symbol("/account"),
    () => "/account",
    `/${"a".repeat(9_000)}`,
    `/${"a".repeat(2_048)}`,
    `/?${"%20".repeat(3_000)}`,
    `//${"a".repeat(9_000)}.example`,
  ],
};

describe("a return path that no person can be on", () => {
  it.each([
    "/api",
    "/api/auth/signout",
    "/%61pi/auth/signout",
    "/API/v1/session",
    "/_global-error",
    "/failed?reference=x",
    "/unavailable",
    "/metrics",
    "/API/v1/session",
    "/./api/v1/session",
    "/_next/static/x.js",
    "/livez",
    "/readyz?x=1",
    "/.well-known/change-password",
    "/api%2Fv1/session",
    "/api%2fauth/signout",
  ])("is replaced by the account page: %s", (next) => expect(safeNext(next)).toBe("/account"));
  it("is no page whose name only begins like it", () => {
    expect(safeNext("/apiary")).toBe("/apiary");
  });
});

describe("a return path that leads elsewhere", () => {
  for (const [kind, corpus] of Object.entries(hostile))
    it.each(corpus.map((next) => [(JSON.stringify(next) ?? String(next)).slice(0, 80), next]))(
      `is replaced by the account page: ${kind}: %s`,
      (_, next) => expect(safeNext(next)).toBe("/account"),
    );

  it("is tried in more than sixty shapes", () => {
    expect(Object.values(hostile).flat().length).toBeGreaterThanOrEqual(60);
  });
});

describe("a return path of ours", () => {
  it.each([
    "/",
    "/account",
    "/account/sessions",
    "/account/sessions/",
    "/account?tab=methods&sort=newest",
    "/account#sessions",
    "/account?from=2026-11-20T08:12,2026-11-21#top",
    "/caf%C3%A9?q=a+b%20c",
    "/~ada/a_b-c.d",
    "/@ada",
    "/account@evil.example",
    "/orders[2]/(draft);v=1!$*",
    "/search?filter[name]=a&x=(1)&to=ada@example.com",
    "/docs/a%2Fb?path=%2Fa%2Fb#c%2Fd",
    "/account?back=%2f%2fevil.example",
    "/it's",
    "/account?back=/mailbox",
    `/${"a".repeat(2_047)}`,
  ])("is used unchanged: %s", (next) => expect(safeNext(next)).toBe(next));

  it.each([
    ["/account/../mailbox", "/mailbox"],
    ["/account/./sessions", "/account/sessions"],
    ["/../../mailbox", "/mailbox"],
    ["/%2e%2e/mailbox", "/mailbox"],
    ["/search?q='x'", "/search?q=%27x%27"],
  ])("has its dots resolved: %s is %s", (next, folded) => expect(safeNext(next)).toBe(folded));
});

describe("any value of next", () => {
  const pieces = fc.constantFrom(
    ..."/\\.@:?#%&=+,;~[]()!$*' \t\r\n\0".split(""),
    ..."//,..,%2f,%5c,%2e,%0d,%0a,%09,%00,%25,http:,https:,javascript:,evil.example,account,\uff0f,\u2215,\u3002,\u200b".split(
      ",",
    ),
  );
  const next = fc.oneof(
    anyText(),
    fc.array(pieces, { maxLength: 12 }).map((all) => all.join("")),
    fc.array(pieces, { maxLength: 12 }).map((all) => `/${all.join("")}`),
    fc.webUrl({ withFragments: true, withQueryParameters: true }),
    fc.array(fc.integer({ min: 0, max: 0xff_ff })).map((units) => String.fromCharCode(...units)),
  );

  it("leaves the browser on our origin, on a plain path without a second header", () => {
    fc.assert(
      fc.property(next, (text) => {
        const path = safeNext(text);
        expect(new URL(path, origin).origin).toBe(origin);
        // Some clients fold a path before they resolve it.
        const folded = new URL(path, origin).pathname;
        expect(new URL(folded, origin).origin).toBe(origin);
        expect(new URL(folded.replace(/%2f/gi, "/"), origin).origin).toBe(origin);
        expect(path).toMatch(/^\/(?![/\\])[\x21-\x7e]*$/);
        expect(safeNext(path)).toBe(path);
      }),
      { numRuns: 5_000 },
    );
  });

  it("of any type has a result, and never throws", () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true }), (value) => {
        expect(new URL(safeNext(value), origin).origin).toBe(origin);
      }),
    );
  });
});
