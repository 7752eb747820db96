import { describe, expect, it } from "vitest";
import { isSameOrigin } from "./origin";

const ours = "https://account.example.com";

/** The headers of a form's post; `undefined` is a header that was not sent. */
const isFromOurOrigin = (origin: string | undefined, fetchSite: string | undefined, mine = ours) =>
  isSameOrigin(
    new Headers({
      ...(origin === undefined ? {} : { origin }),
      ...(fetchSite === undefined ? {} : { "sec-fetch-site": fetchSite }),
    }),
    mine,
  );

const sites = [undefined, "same-origin", "same-site", "cross-site", "none", "", "SAME-ORIGIN"];

describe("a form sent from our own page", () => {
  it.each(sites)("is accepted with our Origin, whatever Sec-Fetch-Site says: %s", (fetchSite) => {
    expect(isFromOurOrigin(ours, fetchSite)).toBe(true);
  });

  it("is accepted without Origin when the browser says same-origin", () => {
    expect(isFromOurOrigin(undefined, "same-origin")).toBe(true);
  });

  it("is accepted with the Origin null of a token page when the browser says same-origin", () => {
    expect(isFromOurOrigin("null", "same-origin")).toBe(true);
  });

  it("is accepted on a loopback origin with its port", () => {
    expect(isFromOurOrigin("http://localhost:3000", undefined, "http://localhost:3000")).toBe(true);
    expect(isFromOurOrigin("http://localhost:3001", undefined, "http://localhost:3000")).toBe(
      false,
    );
    expect(isFromOurOrigin("http://localhost", undefined, "http://localhost:3000")).toBe(false);
    expect(isFromOurOrigin("http://127.0.0.1:3000", undefined, "http://localhost:3000")).toBe(
      false,
    );
  });
});

describe("a post of unknown origin", () => {
  it("is refused with neither Origin nor Sec-Fetch-Site", () => {
    expect(isFromOurOrigin(undefined, undefined)).toBe(false);
  });

  it.each(sites.filter((fetchSite) => fetchSite !== "same-origin"))(
    "is refused without Origin when Sec-Fetch-Site is %j",
    (fetchSite) => expect(isFromOurOrigin(undefined, fetchSite)).toBe(false),
  );

  it.each(sites.filter((fetchSite) => fetchSite !== "same-origin"))(
    "is refused with the Origin null when Sec-Fetch-Site is %j",
    (fetchSite) => expect(isFromOurOrigin("null", fetchSite)).toBe(false),
  );

  it.each(["same-origin, cross-site", "cross-site, same-origin", "same-origin, same-origin", "?1"])(
    "is refused without Origin when Sec-Fetch-Site is repeated or unknown: %s",
    (fetchSite) => {
      expect(isFromOurOrigin(undefined, fetchSite)).toBe(false);
      expect(isFromOurOrigin("null", fetchSite)).toBe(false);
    },
  );
});

describe("a post from elsewhere", () => {
  const elsewhere = [
    "https://evil.example",
    "http://account.example.com",
    "https://account.example.com:8443",
    "https://account.example.com:443",
    "https://example.com",
    "https://www.account.example.com",
    "https://account.example.com.evil.example",
    "https://evil.example/https://account.example.com",
    "https://account.example.com@evil.example",
    "https://account.example.com.",
    "ACCOUNT.example.com",
    "https://ACCOUNT.example.com",
    "HTTPS://account.example.com",
    "https://account.example.com/",
    "https://account.example.com/account",
    "https://account.example.com?",
    "https://account.example.com#",
    "https://account.example.co",
    "https://account\u00e9.example.com",
    "file://",
    "chrome-extension://abcdefghijklmnop",
    "about:blank",
    "NULL",
    "Null",
    "null, null",
    "undefined",
    "",
    "*",
    "not an origin",
    "https://",
    "://",
    "%00",
    "https://account.example.com, https://evil.example",
    "https://evil.example, https://account.example.com",
    "https://account.example.com, https://account.example.com",
    "https://account.example.com https://evil.example",
    `https://${"a".repeat(9_000)}.example`,
  ];

  it.each(elsewhere.map((origin) => [origin.slice(0, 70), origin]))(
    "is refused even when Sec-Fetch-Site says same-origin: %s",
    (_, origin) => {
      for (const fetchSite of sites) expect(isFromOurOrigin(origin, fetchSite)).toBe(false);
    },
  );

  it("is refused when Origin is sent twice, also when both are ours", () => {
    for (const second of [ours, "https://evil.example", "null"]) {
      const headers = new Headers({ "sec-fetch-site": "same-origin" });
      headers.append("origin", ours);
      headers.append("origin", second);
      expect(isSameOrigin(headers, ours)).toBe(false);
    }
  });
});
