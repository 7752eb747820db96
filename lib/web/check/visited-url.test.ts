import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { testEnv } from "@/test/support/world";
import { anyText } from "@/test/support/texts";
import { readVisited } from "./visited-url";

const env = {
  ...testEnv(),
  origin: new URL("https://example.com"),
  appOrigins: ["https://example.com:8443"],
  trustedProxyHops: 1,
};

type Sent = Readonly<Record<string, string>>;

const visited = (sent: Sent, hops = 1) =>
  readVisited({ get: (name) => sent[name] ?? null }, { ...env, trustedProxyHops: hops });

const forwarded = (changes: Sent = {}): Sent => ({
  "x-forwarded-proto": "https",
  "x-forwarded-host": "example.com",
  "x-forwarded-uri": "/app?tab=1",
  "x-forwarded-method": "GET",
  ...changes,
});

const app = { is: "allowed", origin: "https://example.com", path: "/app?tab=1", method: "GET" };

describe("the visited URL", () => {
  it("is read from the headers of Caddy and Traefik, or those of nginx", () => {
    expect(visited(forwarded())).toEqual(app);
    const nginx = {
      "x-original-url": "https://example.com/app?tab=1",
      "x-original-method": "POST",
    };
    expect(visited(nginx)).toEqual({ ...app, method: "POST" });
    expect(visited({ ...forwarded({ "x-forwarded-method": "POST" }), ...nginx })).toMatchObject({
      method: "POST",
    });
  });

  it("is unknown unless a trusted proxy has sent it", () => {
    expect(visited(forwarded(), 0)).toEqual({ is: "unknown" });
    expect(visited({ "x-original-url": "https://evil.example/" }, 0)).toEqual({ is: "unknown" });
  });

  it("is unknown without a path: proxies send scheme and host with every request", () => {
    const { "x-forwarded-uri": _, ...others } = forwarded({ "x-forwarded-host": "evil.example" });
    expect(visited(others)).toEqual({ is: "unknown" });
    expect(visited({ ...others, "x-forwarded-uri": "" })).toEqual({ is: "unknown" });
    expect(visited({})).toEqual({ is: "unknown" });
  });

  it.each([
    ["https://example.com", { "x-forwarded-host": "example.com:443" }],
    ["https://example.com", { "x-forwarded-proto": "HTTPS", "x-forwarded-host": "EXAMPLE.com" }],
    ["https://example.com:8443", { "x-forwarded-host": "example.com:8443" }],
  ])("may be of %s", (origin, changes) => {
    expect(visited(forwarded(changes))).toEqual({ ...app, origin });
  });

  it.each<Sent>([
    { "x-forwarded-host": "evil.example" },
    { "x-forwarded-host": "example.com.evil.example" },
    { "x-forwarded-host": "evil.example/example.com" },
    { "x-forwarded-host": "example.com@evil.example" },
    { "x-forwarded-host": "me@example.com" },
    { "x-forwarded-host": "example.com:8444" },
    { "x-forwarded-host": "example.com:99999" },
    { "x-forwarded-host": "example.com\r\nX: y" },
    { "x-forwarded-host": "example.com, example.com" },
    { "x-forwarded-host": "evil.example, example.com" },
    { "x-forwarded-host": "[::1" },
    { "x-forwarded-host": "" },
    { "x-forwarded-proto": "http" },
    { "x-forwarded-proto": "javascript" },
    { "x-forwarded-proto": "https, https" },
    { "x-forwarded-proto": "" },
    { "x-forwarded-uri": "app" },
    { "x-forwarded-uri": "https://evil.example/" },
    { "x-forwarded-uri": "@evil.example/" },
    { "x-forwarded-uri": ".evil.example/" },
    { "x-forwarded-uri": ":8443/" },
    { "x-forwarded-uri": "/app\r\nSet-Cookie: a=b" },
    { "x-forwarded-uri": "/app\nLocation: https://evil.example" },
    { "x-forwarded-uri": "/app\u0000" },
    { "x-forwarded-uri": "/a b" },
    { "x-forwarded-uri": "/ü" },
    { "x-forwarded-uri": "/app, /app" },
    { "x-forwarded-method": "GET, GET" },
    { "x-forwarded-method": "get" },
    { "x-forwarded-method": "GET\r\n" },
    { "x-original-url": "https://example.com/other" },
    { "x-original-url": "https://evil.example/app?tab=1" },
    { "x-original-url": "nonsense" },
  ])("is refused when it is of another site, or cannot be read: %j", (changes) => {
    expect(visited(forwarded(changes))).toEqual({ is: "refused" });
  });

  it.each([
    "/app",
    "//example.com/",
    "https://",
    "https:///app",
    "https://example.com",
    "https://example.com:8443@evil.example/",
    "https://evil.example#https://example.com/",
    "https://evil.example?https://example.com/",
    "javascript://example.com/",
    "https://example.com/a b",
    "https://example.com\\.evil.example/",
  ])("is read from nginx in the same way: %s", (url) => {
    expect(visited({ "x-original-url": url })).toEqual(
      url === "https://example.com" ? { ...app, path: "/" } : { is: "refused" },
    );
  });

  it("is written in the characters of RFC 3986, without a fragment", () => {
    const sent = forwarded({ "x-forwarded-uri": '/a/../b?x={"y":[1]}|^`<>\\#top' });
    expect(visited(sent)).toMatchObject({
      path: "/b?x=%7B%22y%22:[1]%7D%7C%5E%60%3C%3E%5C",
    });
  });

  it("is of an allowed origin whatever the headers are, and never fails", () => {
    const part = fc.oneof(anyText(), fc.constantFrom("https", "example.com", "/app", "//x", "\\"));
    fc.assert(
      fc.property(part, part, part, part, (proto, host, uri, url) => {
        const read = visited({
          "x-forwarded-proto": proto,
          "x-forwarded-host": host,
          "x-forwarded-uri": uri,
          "x-original-url": url,
        });
        if (read.is === "allowed")
          expect(new URL(read.origin + read.path).origin).toMatch(
            /^https:\/\/example\.com(:8443)?$/,
          );
      }),
    );
  });
});
