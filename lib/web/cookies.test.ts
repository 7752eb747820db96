import fc from "fast-check";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { anyText } from "@/test/support/texts";
import { minutes } from "@/lib/core/duration";
import { lifetimes } from "@/lib/core/policy";
import {
  attemptCookieOf,
  cookieOf,
  type CookieName,
  cookieTable,
  endedAttempts,
  hasCookieOfOurs,
  oldestAttempts,
  readAttempt,
  readCookie,
  readToken,
  type ResponseCookie,
  scriptCookieTable,
  serializeCookie,
} from "./cookies";
import { setCookies, writeCookie } from "./next-cookies";

const jar = vi.hoisted(() => ({ set: vi.fn() }));
vi.mock("next/headers", () => ({ cookies: async () => jar }));

const publicly = { origin: new URL("https://account.example.com") };
const locally = { origin: new URL("http://localhost:3000") };
const names = Object.keys(cookieTable) as CookieName[];
const token = "7hYt2mQpXo0R9sVbNcKdLeWfGzAiJuTxB4r6E8wM1k3";
const other = "B4r6E8wM1k37hYt2mQpXo0R9sVbNcKdLeWfGzAiJuTx";

describe("a cookie in a request", () => {
  it.each(names)("is read on https by a name that only this host can have set: %s", (name) => {
    expect(readCookie(`__Host-${name}=x`, publicly, name)).toBe("x");
    for (const otherName of [
      name,
      `__Secure-${name}`,
      `latchkey-${name}`,
      `__host-${name}`,
      `__Host-${name} `,
    ])
      expect(readCookie(`${otherName}=evil`, publicly, name)).toBeNull();
  });

  it.each(names)("is read on plain http loopback by a name of our own: %s", (name) => {
    expect(readCookie(`latchkey-${name}=x`, locally, name)).toBe("x");
    for (const foreign of [name, `__Host-${name}`, `__Secure-${name}`, `Latchkey-${name}`])
      expect(readCookie(`${foreign}=evil`, locally, name)).toBeNull();
  });

  it("is found among those of other sites, first, last and without spaces", () => {
    for (const header of [
      `latchkey-session=${token}`,
      `a=1; latchkey-session=${token}; b=2`,
      `a=1;latchkey-session=${token};b=2`,
      `a=1;   latchkey-session=${token}`,
      `=nameless; novalue; latchkey-session=${token};`,
      `xlatchkey-session=${other}; latchkey-session=${token}; latchkey-session2=${other}`,
    ])
      expect(readToken(header, locally, "session")).toBe(token);
  });

  it("keeps everything after a second equals sign", () => {
    expect(readCookie("latchkey-flash=a=b==", locally, "flash")).toBe("a=b==");
  });

  it("is null when no cookie was sent", () => {
    for (const header of [null, "", ";", ";;;", "latchkey-session", "=", " "])
      expect(readCookie(header, locally, "session")).toBeNull();
  });
});

describe("a cookie that another site or host set beside the real one", () => {
  it.each([
    [`latchkey-session=${token}; latchkey-session=${other}`],
    [`latchkey-session=${other}; latchkey-session=${token}`],
    [`latchkey-session=${token}; latchkey-session=${token}`],
    [`latchkey-session=${token}; a=1; latchkey-session=`],
    [`latchkey-session=; latchkey-session=${token}`],
  ])("makes both count as not sent: %s", (header) => {
    expect(readCookie(header, locally, "session")).toBeNull();
    expect(readToken(header, locally, "session")).toBeNull();
  });
});

describe("a cookie that is no token of ours", () => {
  it.each([
    "",
    "null",
    "undefined",
    token.slice(1),
    `${token}a`,
    `${token} `,
    `"${token}"`,
    `${token.slice(0, 42)}=`,
    `${token.slice(0, 42)}%41`,
    `${token.slice(0, 42)}é`,
    `${token},${token}`,
    "a".repeat(9_000),
    "../../etc/passwd",
    "[object Object]",
    "{}",
  ])("is not looked up: %j", (value) => {
    expect(readToken(`latchkey-session=${value}`, locally, "session")).toBeNull();
  });

  it("never throws, whatever the header holds", () => {
    fc.assert(
      fc.property(anyText({ maxLength: 400 }), fc.nat(5), (noise, copies) => {
        const header = noise + `; latchkey-session=${token}`.repeat(copies);
        const read = readToken(header, locally, "session");
        expect(read === null || read === token).toBe(true);
        if (copies > 1) expect(read).toBeNull();
      }),
    );
  });
});

describe("the table of cookies", () => {
  it.each(names)("names the purpose and the lifetime of %s", (name) => {
    const { purpose, lifetime } = cookieTable[name];
    expect(purpose).toMatch(/^[A-Z].+\.$/);
    expect(lifetime).toBeGreaterThanOrEqual(0);
    expect(cookieOf(publicly, name, token).options.maxAge).toBe(lifetime);
  });

  it("has the cookies of the page script apart, which have the same prefix", () => {
    expect(Object.keys(scriptCookieTable)).toEqual(["time-zone"]);
    expect(scriptCookieTable["time-zone"].purpose).toMatch(/^[A-Z].+\.$/);
    expect(readCookie("__Host-time-zone=Europe/Paris", publicly, "time-zone")).toBe("Europe/Paris");
  });

  it.each(names)("hides %s from scripts and from other sites, and protects it on https", (name) => {
    const flags = { httpOnly: true, sameSite: "lax", path: "/" };
    const { lifetime: maxAge } = cookieTable[name];
    for (const value of [token, null]) {
      const options = { ...flags, maxAge: value === null ? 0 : maxAge };
      expect(cookieOf(publicly, name, value).options).toEqual({ ...options, secure: true });
      expect(cookieOf(locally, name, value).options).toEqual({ ...options, secure: false });
    }
  });
});

describe("whether a browser accepts cookies", () => {
  it.each([
    ["any cookie of ours", "a=b; __Host-mail_request=x", true],
    ["the cookie of an OAuth attempt", "__Host-oauth_attempt-google-x=y", true],
    ["a cookie of the page script", "__Host-time-zone=Europe/Paris", true],
    ["none", null, false],
    [
      "cookies of others only",
      "session=x; mail_request=x; x__Host-session=y; __Host-sessions=z",
      false,
    ],
    ["ours under the name of another scheme", "latchkey-session=x", false],
  ])("is seen by its request: %s", (_, header, accepts) => {
    expect(hasCookieOfOurs(header, publicly)).toBe(accepts);
  });
});

describe("a cookie we set", () => {
  beforeEach(() => jar.set.mockClear());

  it("has the lifetime of the table unless another one is given", async () => {
    await writeCookie(publicly, "flash", "x");
    await writeCookie(publicly, "session", token, minutes(5));
    expect(jar.set.mock.calls.map(([name, , { maxAge }]) => [name, maxAge])).toEqual([
      ["__Host-flash", lifetimes.flash],
      ["__Host-session", 300],
    ]);
  });

  it("is locked to this host and hidden from scripts on https", async () => {
    await writeCookie(publicly, "session", token, minutes(5));
    expect(jar.set).toHaveBeenCalledExactlyOnceWith("__Host-session", token, {
      httpOnly: true,
      secure: true,
      sameSite: "lax",
      path: "/",
      maxAge: 300,
    });
  });

  it("is one that a browser accepts on plain http loopback", async () => {
    await writeCookie(locally, "session", token, minutes(5));
    expect(jar.set).toHaveBeenCalledExactlyOnceWith(
      "latchkey-session",
      token,
      expect.objectContaining({ httpOnly: true, secure: false, sameSite: "lax", path: "/" }),
    );
  });

  it("is deleted under the same name, path and flags it was set with", async () => {
    await writeCookie(publicly, "session", null, minutes(5));
    expect(jar.set).toHaveBeenCalledExactlyOnceWith(
      "__Host-session",
      "",
      expect.objectContaining({ maxAge: 0, secure: true, path: "/" }),
    );
  });
});

describe("a cookie in a Set-Cookie header", () => {
  it("has the flags and the lifetime that Next is given for pages", async () => {
    expect(serializeCookie(cookieOf(publicly, "session", token, minutes(5)))).toBe(
      `__Host-session=${token}; Path=/; Max-Age=300; Secure; HttpOnly; SameSite=lax`,
    );
    expect(serializeCookie(cookieOf(locally, "session", token, minutes(5)))).toBe(
      `latchkey-session=${token}; Path=/; Max-Age=300; HttpOnly; SameSite=lax`,
    );
  });

  it("ends with the browser where no lifetime is given", () => {
    expect(serializeCookie(cookieOf(publicly, "session", token, "browser"))).toBe(
      `__Host-session=${token}; Path=/; Secure; HttpOnly; SameSite=lax`,
    );
  });

  it("is spelled by Next in the same way", async () => {
    const { ResponseCookies } = await import("next/dist/compiled/@edge-runtime/cookies");
    for (const scope of [publicly, locally])
      for (const [value, lifetime] of [
        [token, minutes(5)],
        [token, "browser"],
        [null, minutes(5)],
        ["ä; Path=/x", minutes(5)],
      ] as const) {
        const cookie = cookieOf(scope, "session", value, lifetime);
        const headers = new Headers();
        jar.set.mockImplementation((...given: [string, string, object]) =>
          new ResponseCookies(headers).set(...given),
        );
        await setCookies([cookie]);
        // Next adds the same lifetime again as Expires.
        expect(headers.get("set-cookie")?.replace(/ Expires=[^;]*;/, "")).toBe(
          serializeCookie(cookie),
        );
      }
  });

  it("cannot be given an attribute by its value", () => {
    expect(serializeCookie(cookieOf(publicly, "flash", "x; Domain=evil.example", minutes(1)))).toBe(
      "__Host-flash=x%3B%20Domain%3Devil.example; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=lax",
    );
  });
});

describe("the cookies of OAuth attempts", () => {
  const attempts = ["one", "two", "three"].map((state) => ({ provider: "google", state }));
  const stored = (state: string) => ({ token, checks: `checks-of-${state}~~` });
  const headerOf = (...list: ResponseCookie[]) =>
    list.map(({ name, value }) => `${name}=${value}`).join("; ");
  const header = headerOf(
    ...attempts.map((attempt) => attemptCookieOf(publicly, attempt, stored(attempt.state))),
    cookieOf(publicly, "oauth_redirect", "x"),
  );

  it("keep each attempt apart, by its state and its provider", () => {
    for (const attempt of attempts)
      expect(readAttempt(header, publicly, attempt)).toEqual(stored(attempt.state));
    expect(readAttempt(header, publicly, { provider: "linkedin", state: "one" })).toBeNull();
    for (const state of ["four", "", null])
      expect(readAttempt(header, publicly, { provider: "google", state })).toBeNull();
  });

  it("have names and values that every browser and proxy accepts, whatever the state is", () => {
    for (const state of ["a=b; c", "\0", "ä", "s".repeat(8_000)]) {
      const attempt = { provider: "google", state };
      const cookie = attemptCookieOf(publicly, attempt, stored("x"));
      expect(cookie.name).toMatch(/^__Host-oauth_attempt-google-[\w-]{16}$/);
      expect(serializeCookie(cookie)).toContain(cookie.value);
      expect(readAttempt(headerOf(cookie), publicly, attempt)).toEqual(stored("x"));
    }
  });

  it.each(["", "x", token, `${token}x~checks`, `~${token}`, `${token}~a; __Host-x=y`])(
    "contain a token and checks, or do not count: %s",
    (value) => {
      const { name } = attemptCookieOf(publicly, attempts[0]!, null);
      const read = readAttempt(`${name}=${value}`, publicly, attempts[0]!);
      expect(read).toEqual(value.includes("; ") ? { token, checks: "a" } : null);
    },
  );

  it("do not count when the browser sends two of that name", () => {
    const [first] = attempts;
    const twice = headerOf(
      attemptCookieOf(publicly, first!, stored("one")),
      attemptCookieOf(publicly, first!, stored("two")),
    );
    expect(readAttempt(twice, publicly, first!)).toBeNull();
  });

  it("leave space for one more: the oldest go, and only as many as must", () => {
    const names = attempts.map((attempt) => attemptCookieOf(publicly, attempt, null).name);
    expect(oldestAttempts(header, publicly).map(({ name }) => name)).toEqual([names[0]]);
    const linkedin = attemptCookieOf(publicly, { provider: "linkedin", state: "x" }, stored("x"));
    const more = oldestAttempts(`${headerOf(linkedin)}; ${header}`, publicly);
    expect(more).toEqual([
      { ...linkedin, value: "", options: { ...linkedin.options, maxAge: 0 } },
      expect.objectContaining({ name: names[0] }),
    ]);
    expect(oldestAttempts(headerOf(linkedin), publicly)).toEqual([]);
    expect(oldestAttempts(null, publicly)).toEqual([]);
  });

  it("are all deleted for one provider, and no others", () => {
    const linkedin = attemptCookieOf(publicly, { provider: "linkedin", state: "x" }, stored("x"));
    const both = `${headerOf(linkedin)}; ${header}`;
    expect(endedAttempts(both, publicly, "google")).toHaveLength(3);
    expect(endedAttempts(both, publicly, "linkedin").map(({ name }) => name)).toEqual([
      linkedin.name,
    ]);
  });
});
