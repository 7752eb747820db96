import {
  createServer,
  get,
  type IncomingHttpHeaders,
  type RequestListener,
  Server,
} from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { seconds } from "@/lib/core/duration";
import { type Env, parseEnv } from "@/lib/core/env";
import { methods } from "@/lib/methods";
import type { Log } from "@/lib/runtime/ports";
import { bounds } from "@/lib/core/policy";
import { en } from "@/messages/en";
import { inHtml } from "@/lib/web/plain-page";
import { installRequestGate } from "./request-gate";
import { ownPagePolicy } from "./own-pages";

const local = parseEnv(
  {
    TOKEN_KEY: "A".repeat(43),
    OUTBOX_KEY: "B".repeat(43),
    AUTH_SECRET: "C".repeat(43),
    AUDIT_KEY: "D".repeat(43),
  },
  methods(),
);
const publicly: Env = {
  ...local,
  origin: new URL("https://account.example.com"),
  loopback: false,
  trustedProxyHops: 1,
};

const quiet: Log = { info: () => {}, warn: () => {}, error: () => {} };

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** What the server behind the gate received. */
interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: number;
}

it("closes connections that were open before it was installed", async () => {
  const server = createServer();
  const requestReceived = new Promise((resolve) => server.once("request", resolve));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(() => {
    Reflect.deleteProperty(Server.prototype, "emit");
    server.close();
  });
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.on("error", () => {});
  const closed = new Promise((resolve) => socket.on("close", resolve));
  socket.write("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  await requestReceived;
  installRequestGate(local, quiet);
  await closed;
});

const echo: RequestListener = (request, response) => {
  let bytes = 0;
  request.on("data", (chunk: Buffer) => (bytes += chunk.length));
  request.on("error", () => {});
  request.on("end", () => {
    const { method, url, headers } = request;
    response.end(JSON.stringify({ method, url, headers, bytes }));
  });
};

/** A server behind the gate, whose clients come from `peer`. */
async function serve(env: Env, { handler = echo, peer = "192.0.2.7", log = quiet } = {}) {
  installRequestGate(env, log);
  const server = createServer(handler);
  server.on("connection", (socket) =>
    Object.defineProperty(socket, "remoteAddress", { value: peer }),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(() => {
    Reflect.deleteProperty(Server.prototype, "emit");
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;

  /** Sends bytes as they are and reads until the connection ends. */
  const raw = (...parts: string[]) =>
    new Promise<string>((resolve) => {
      let httpResponse = "";
      const socket = connect(port, "127.0.0.1", () => {
        for (const part of parts) socket.write(part);
      });
      socket.on("data", (chunk: Buffer) => (httpResponse += chunk.toString("latin1")));
      // The server may reset the connection after its response; only the bytes read matter.
      socket.on("error", () => {});
      socket.on("close", () => resolve(httpResponse));
    });

  const fetchPath = async (
    path: string,
    headers: Record<string, string | string[]> = {},
    more: Partial<{ method: string; body: string }> = {},
  ) => {
    const { method = "GET", body = "" } = more;
    const all = { host: env.origin.host, connection: "close", ...headers };
    const textLines = Object.entries(all).flatMap(([name, value]) =>
      [value].flat().map((one) => `${name}: ${one}\r\n`),
    );
    const text = await raw(`${method} ${path} HTTP/1.1\r\n${textLines.join("")}\r\n`, body);
    return parsed(text);
  };

  const seen = async (...args: Parameters<typeof fetchPath>) => {
    const { status, body } = await fetchPath(...args);
    expect(status).toBe(200);
    return JSON.parse(body) as Seen;
  };
  return { server, port, raw, fetchPath, seen };
}

function parsed(text: string) {
  const [head = "", ...rest] = text.split("\r\n\r\n");
  const [first = "", ...textLines] = head.split("\r\n");
  const headers = new Headers(
    textLines.map((logLine): [string, string] => {
      const colon = logLine.indexOf(":");
      return [logLine.slice(0, colon), logLine.slice(colon + 1).trim()];
    }),
  );
  const body = rest.join("\r\n\r\n");
  const chunked = headers.get("transfer-encoding") === "chunked";
  return {
    status: Number(first.split(" ")[1]),
    headers,
    body: Buffer.from(chunked ? (body.split("\r\n")[1] ?? "") : body, "latin1").toString(),
  };
}

describe("the country of a request", () => {
  const seenCountry = async (
    hops: number,
    sent: Record<string, string>,
    countryHeader?: string,
  ) => {
    const { seen } = await serve({ ...local, trustedProxyHops: hops, countryHeader });
    return (await seen("/", sent)).headers["x-forwarded-country"];
  };

  it.each([
    ["is what the trusted proxy says", 1, { "cf-ipcountry": "de" }, "cf-ipcountry", "DE"],
    ["may have a forwarding header", 1, { "x-forwarded-geo": "DE" }, "x-forwarded-geo", "DE"],
    ["is not what a client says", 0, { "cf-ipcountry": "DE" }, "cf-ipcountry", undefined],
    ["is in no other header", 1, { "x-forwarded-country": "DE" }, "cf-ipcountry", undefined],
    ["is not known without the setting", 1, { "cf-ipcountry": "DE" }, undefined, undefined],
    ["is two letters", 1, { "cf-ipcountry": "T1" }, "cf-ipcountry", undefined],
  ] as const)("%s", async (_, hops, sent, header, expected) => {
    expect(await seenCountry(hops, sent, header)).toBe(expected);
  });
});

describe("the IP that limits count by", () => {
  const seenIp = async (hops: number, forwardedFor: string | string[], peer = "192.0.2.7") => {
    const { seen } = await serve({ ...local, trustedProxyHops: hops }, { peer });
    return (await seen("/", { "x-forwarded-for": forwardedFor })).headers["x-forwarded-for"];
  };

  it.each([
    ["no proxy: the socket's peer, whatever the client wrote", 0, "203.0.113.9", "192.0.2.7"],
    ["no proxy: also with many entries", 0, "1.1.1.1, 2.2.2.2, 3.3.3.3", "192.0.2.7"],
    ["one proxy: what it saw", 1, "203.0.113.9", "203.0.113.9"],
    [
      "one proxy: entries to the left are the client's own invention",
      1,
      "6.6.6.6, 203.0.113.9",
      "203.0.113.9",
    ],
    ["one proxy: also many of them", 1, `${"6.6.6.6, ".repeat(200)}203.0.113.9`, "203.0.113.9"],
    [
      "one proxy: also without spaces and with empty ones",
      1,
      "6.6.6.6,,,203.0.113.9",
      "203.0.113.9",
    ],
    ["two proxies: what the outer one saw", 2, "203.0.113.9, 198.51.100.4", "203.0.113.9"],
    [
      "two proxies: not what the client wrote",
      2,
      "6.6.6.6, 203.0.113.9, 198.51.100.4",
      "203.0.113.9",
    ],
    ["fewer entries than proxies: the peer", 2, "6.6.6.6", "192.0.2.7"],
    ["a proxy that sends nothing: the peer", 1, "", "192.0.2.7"],
    ["a proxy that sends nonsense: the peer", 1, "6.6.6.6, unknown", "192.0.2.7"],
    ["a port behind it is removed", 1, "203.0.113.9:4711", "203.0.113.9"],
    ["octal is no address: the peer", 1, "0313.0.113.9", "192.0.2.7"],
    ["a bracket that is not closed: the peer", 1, "[::1", "192.0.2.7"],
    ["a bracket that is not opened: the peer", 1, "::1]", "192.0.2.7"],
    ["an empty entry after a space is none", 1, "203.0.113.9, ", "203.0.113.9"],
    ["IPv4 within IPv6 is IPv4", 1, "::ffff:203.0.113.9", "203.0.113.9"],
    ["the same in hexadecimal", 1, "::FFFF:CB00:7109", "203.0.113.9"],
    ["IPv6 has one spelling", 1, "2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["IPv6 in brackets as well", 1, "[2001:db8::1]", "2001:db8::1"],
  ])("is, with %s", async (_, hops, forwardedFor, ip) => {
    expect(await seenIp(hops, forwardedFor)).toBe(ip);
  });

  it("is the trusted entry when the header comes in several lines", async () => {
    expect(await seenIp(1, ["6.6.6.6", "203.0.113.9"])).toBe("203.0.113.9");
  });

  it("is IPv4 when the socket reports it as IPv6", async () => {
    expect(await seenIp(0, "", "::ffff:192.0.2.7")).toBe("192.0.2.7");
  });
});

describe("forwarding headers from a client", () => {
  const lies = {
    forwarded: "for=6.6.6.6;host=evil.example;proto=http",
    "x-real-ip": "6.6.6.6",
    "x-forwarded-host": "evil.example",
    "x-forwarded-proto": "https",
    "x-forwarded-port": "666",
    "x-forwarded-server": "evil",
    "x-forwarded-prefix": "/evil",
    "x-middleware-subrequest": "proxy:proxy:proxy:proxy:proxy",
    "x-middleware-rewrite": "/admin",
    "x-middleware-next": "1",
    "x-nonce": "evil",
    "x-own-page": "without-framework",
    "content-security-policy": "script-src * 'nonce-evil'",
    "content-security-policy-report-only": "script-src 'nonce-evil'",
  };

  it.each([
    ["localhost", local],
    ["a public origin", publicly],
  ])("never pass the gate: %s", async (_, env) => {
    const { seen } = await serve(env);
    const { headers } = await seen("/dashboard", lies);
    expect(headers).toEqual({
      host: env.origin.host,
      connection: "close",
      "x-forwarded-for": "192.0.2.7",
      "x-forwarded-host": env.origin.host,
      "x-forwarded-proto": env.origin.protocol.slice(0, -1),
    });
  });

  it("never pass the gate in another case either", async () => {
    const { seen } = await serve(local);
    const shouted = Object.fromEntries(
      Object.entries(lies).map(([name, value]) => [name.toUpperCase(), value]),
    );
    expect(JSON.stringify(await seen("/", shouted))).not.toMatch(/evil|6\.6\.6\.6/);
  });

  it("are replaced by the origin on a public server, which protects every link", async () => {
    const { seen } = await serve(publicly);
    for (const host of [
      "evil.example",
      "account.example.com:8443",
      "localhost",
      "127.0.0.1:3000",
      "evil.example\t",
      "a b",
    ])
      expect((await seen("/sign-in", { host })).headers).toMatchObject({
        host: "account.example.com",
        "x-forwarded-host": "account.example.com",
      });
  });

  it("do not include cookies, Origin, Sec-Fetch-Site and User-Agent, which pass unchanged", async () => {
    const { seen } = await serve(local);
    const saved = {
      cookie: "a=1",
      origin: "http://evil.example",
      "sec-fetch-site": "cross-site",
      "user-agent": "x",
    };
    expect((await seen("/", saved)).headers).toMatchObject(saved);
  });
});

describe("a request with another host name", () => {
  it.each([
    "127.0.0.1:3000",
    "[::1]:3000",
    "localhost:4000",
    "localhost",
    "app.localhost:3000",
    "LOCALHOST",
  ])("of this machine (%s) is redirected to the origin with its path", async (host) => {
    const { fetchPath } = await serve(local);
    for (const method of ["GET", "HEAD"]) {
      const { status, headers } = await fetchPath("/l/abc?x=1&y=%2F", { host }, { method });
      expect(status).toBe(307);
      expect(headers.get("location")).toBe("http://localhost:3000/l/abc?x=1&y=%2F");
    }
  });

  it.each([
    "evil.example",
    "evil.example:3000",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "192.168.1.5:3000",
    "0.0.0.0:3000",
    "localhost@evil.example",
    "evil.example#localhost",
    "",
    "%",
    "[",
    "localhost:99999",
  ])("that another DNS entry points at this machine (%j) is refused", async (host) => {
    const { fetchPath } = await serve(local);
    const { status, headers, body } = await fetchPath("/", { host });
    expect(status).toBe(421);
    expect(headers.get("connection")).toBe("close");
    expect(body).toBe("This server is only reachable at http://localhost:3000.\n");
  });

  it.each(["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])(
    "cannot %s anything there, and the request does not pass the gate",
    async (method) => {
      let passed = 0;
      const { fetchPath } = await serve(local, { handler: () => (passed += 1) });
      const { status } = await fetchPath(
        "/sign-in",
        { host: "127.0.0.1:3000", "content-length": "0" },
        { method },
      );
      expect([status, passed]).toEqual([421, 0]);
    },
  );

  it.each(["//evil.example/x", "/\\evil.example", "///evil.example", "*"])(
    "stays on the origin whatever its path is: %s",
    async (path) => {
      const { fetchPath } = await serve(local);
      const { status, headers } = await fetchPath(path, { host: "127.0.0.1:3000" });
      expect(status).toBe(307);
      expect(new URL(headers.get("location") ?? "").origin).toBe("http://localhost:3000");
    },
  );

  it("may still request health and metrics, on any origin", async () => {
    for (const env of [local, publicly]) {
      const { seen } = await serve(env);
      for (const path of ["/livez", "/readyz", "/readyz?verbose", "/metrics"])
        for (const host of ["10.0.0.5:3000", "evil.example", "", "pod-1.cluster.local"])
          expect((await seen(path, { host })).url).toBe(path);
      ends.splice(0).forEach((end) => end());
    }
  });

  it.each([
    "/livezz",
    "/livez/x",
    "//livez",
    "/x/readyz",
    "/metrics/../account",
    "/LIVEZ",
    "/account?/livez",
  ])("may not request %s as if it were health", async (path) => {
    const { fetchPath } = await serve(local);
    expect((await fetchPath(path, { host: "evil.example" })).status).toBe(421);
  });
});

describe("a request target in absolute form", () => {
  it.each([
    ["http://localhost:3000/account?x=1", "/account?x=1"],
    ["HTTP://LOCALHOST:3000/a//b/%2e%2E/", "/a//b/%2e%2E/"],
    ["http://localhost:3000", "/"],
    ["http://localhost:3000?x=1", "/?x=1"],
    ["https://localhost:3000/x", "/x"],
  ])("is served on our own authority, whatever Host says: %s", async (target, url) => {
    const { seen } = await serve(local);
    for (const host of ["localhost:3000", "evil.example"])
      expect((await seen(target, { host })).url).toBe(url);
  });

  it.each([
    "http://evil.example/account",
    "http://evil.example",
    "https://account.example.com.evil.example/account",
    "http://account.example.com:81/account",
    "http://me@account.example.com/account",
    "http://account.example.com@evil.example/",
    "ftp://account.example.com/account",
    "http:///account",
    "http://[::1/account",
  ])("is refused on any other: %s", async (target) => {
    for (const env of [publicly, local]) {
      let passed = 0;
      const { fetchPath } = await serve(env, { handler: () => (passed += 1) });
      for (const method of ["GET", "HEAD", "POST"]) {
        const { status, headers } = await fetchPath(target, { "content-length": "0" }, { method });
        expect([status, headers.get("location"), passed]).toEqual([421, null, 0]);
      }
      ends.splice(0).forEach((end) => end());
    }
  });

  it("is redirected to the origin on another name of this machine", async () => {
    const { fetchPath } = await serve(local);
    const { status, headers } = await fetchPath("http://127.0.0.1:3000/l/abc?x=1");
    expect([status, headers.get("location")]).toEqual([307, "http://localhost:3000/l/abc?x=1"]);
  });

  it("may request health on any authority", async () => {
    const { seen } = await serve(publicly);
    expect((await seen("http://10.0.0.5:3000/livez")).url).toBe("/livez");
  });

  it("may not be something else than a path", async () => {
    const { fetchPath } = await serve(local);
    for (const target of ["*", "account", "x:y"])
      expect((await fetchPath(target)).status, target).toBe(400);
  });
});

describe("a proxy whose headers contradict the settings", () => {
  const behindTls: Env = {
    ...local,
    origin: new URL("https://localhost:8443"),
    trustedProxyHops: 1,
  };
  const warnings = () => {
    const logged: unknown[] = [];
    const log: Log = { ...quiet, warn: (...warning) => void logged.push(warning) };
    return { logged, log };
  };
  const aboutProto = [
    "proxy.contradicts_settings",
    {
      header: "X-Forwarded-Proto",
      expected: "https",
      settings: ["AUTH_URL", "TRUSTED_PROXY_HOPS"],
    },
  ];

  it.each([
    ["the scheme", publicly, { "x-forwarded-proto": "http" }, aboutProto],
    [
      "the host",
      behindTls,
      { host: "localhost:3000", "x-forwarded-proto": "https" },
      [
        "proxy.contradicts_settings",
        { header: "Host", expected: "localhost:8443", settings: ["AUTH_URL"] },
      ],
    ],
  ] as const)(
    "gets a page instead of redirects without end, and one warning: %s",
    async (_, env, headers, warning) => {
      const { logged, log } = warnings();
      const { fetchPath } = await serve(env, { log });
      const statuses: number[] = [];
      for (let at = 0; at < bounds.repeatedRedirects + 2; at += 1)
        statuses.push((await fetchPath("/sign-in", headers)).status);
      expect(statuses.filter((status) => status === 307)).toHaveLength(bounds.repeatedRedirects);
      expect(statuses.slice(-2)).toEqual([421, 421]);
      const { body, headers: sent } = await fetchPath("/sign-in", headers);
      expect(sent.get("content-type")).toBe("text/html; charset=utf-8");
      expect(body).toContain(inHtml(en["error.redirect_loop"]));
      expect(logged).toEqual([warning]);
      // Other paths and clients are redirected as before.
      expect((await fetchPath("/account", headers)).status).toBe(307);
    },
  );

  it("is recognised at once where the browser came by https", async () => {
    const { logged, log } = warnings();
    const { fetchPath } = await serve(publicly, { log });
    const headers = { "x-forwarded-proto": "http", "sec-fetch-mode": "navigate" };
    expect((await fetchPath("/sign-in", headers)).status).toBe(421);
    expect(logged).toEqual([aboutProto]);
  });

  it("is named in the log when it only sends forms", async () => {
    const { logged, log } = warnings();
    const { fetchPath } = await serve(behindTls, { log });
    const headers = { host: "127.0.0.1:3000", "content-length": "0" };
    expect((await fetchPath("/sign-in", headers, { method: "POST" })).status).toBe(421);
    expect(logged).toHaveLength(1);
  });
});

describe("an http link to an https origin", () => {
  it("keeps its path and query in the redirect", async () => {
    const { fetchPath } = await serve(publicly);
    const { status, headers } = await fetchPath("/l/abc?x=1", { "x-forwarded-proto": "http" });
    expect(status).toBe(307);
    expect(headers.get("location")).toBe("https://account.example.com/l/abc?x=1");
  });

  it("redirects to the origin, not to the requested host", async () => {
    const { fetchPath } = await serve(publicly);
    const { headers } = await fetchPath("/l/abc", {
      "x-forwarded-proto": "http",
      host: "evil.example",
    });
    expect(headers.get("location")).toBe("https://account.example.com/l/abc");
  });

  it("is detected by the last proxy's entry; the client wrote those left of it", async () => {
    const { fetchPath } = await serve(publicly);
    expect((await fetchPath("/", { "x-forwarded-proto": "https, http" })).status).toBe(307);
    expect((await fetchPath("/", { "x-forwarded-proto": "http, https" })).status).toBe(200);
    expect((await fetchPath("/", { "x-forwarded-proto": "https" })).status).toBe(200);
  });

  it("is detected, behind two proxies, by the entry of the outer one", async () => {
    const { fetchPath } = await serve({ ...publicly, trustedProxyHops: 2 });
    const statusOf = async (proto: string) =>
      (await fetchPath("/", { "x-forwarded-proto": proto })).status;
    expect(await statusOf("https, http")).toBe(200);
    expect(await statusOf("http, https")).toBe(307);
    expect(await statusOf("http, https, http")).toBe(200);
    expect(await statusOf("https,, http,")).toBe(200);
    expect(await statusOf("HTTP, https")).toBe(307);
    expect(await statusOf("https")).toBe(200);
  });

  it("is not followed by a form, whose fields would be sent unencrypted", async () => {
    const { fetchPath } = await serve(publicly);
    const headers = { "x-forwarded-proto": "http", "content-length": "0" };
    expect((await fetchPath("/sign-in", headers, { method: "POST" })).status).toBe(421);
  });

  it("cannot be claimed by a client where no proxy is trusted", async () => {
    const { fetchPath } = await serve({ ...publicly, trustedProxyHops: 0 });
    expect((await fetchPath("/", { "x-forwarded-proto": "http" })).status).toBe(200);
  });

  it("does not hide health from a probe that uses plain http", async () => {
    const { fetchPath } = await serve(publicly);
    expect((await fetchPath("/livez", { "x-forwarded-proto": "http" })).status).toBe(200);
  });
});

describe("a body", () => {
  const head = (...textLines: string[]) =>
    [
      "POST /api/x HTTP/1.1",
      "Host: localhost:3000",
      "Connection: close",
      ...textLines,
      "",
      "",
    ].join("\r\n");
  const chunks = (total: number, size: number) => {
    const all: string[] = [];
    for (let left = total; left > 0; left -= size) {
      const length = Math.min(left, size);
      all.push(`${length.toString(16)}\r\n${"x".repeat(length)}\r\n`);
    }
    return `${all.join("")}0\r\n\r\n`;
  };
  const tooLarge = (text: string) => {
    const { status, headers, body } = parsed(text);
    expect(status).toBe(413);
    expect(headers.get("connection")).toBe("close");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-type")).toBe("application/problem+json");
    expect(JSON.parse(body)).toMatchObject({ status: 413, code: "body_too_large" });
  };
  const expectAccepted = (text: string, bytes: number) => {
    const { status, body } = parsed(text);
    expect(status).toBe(200);
    expect((JSON.parse(body) as Seen).bytes).toBe(bytes);
  };

  it("of 64 KB is accepted", async () => {
    const { raw } = await serve(local);
    const body = "x".repeat(65_536);
    expect(bounds.bodyBytes).toBe(65_536);
    expectAccepted(await raw(head("Content-Length: 65536"), body), 65_536);
  });

  it("of one byte more is refused by its Content-Length, before it is sent", async () => {
    let passed = 0;
    const { raw } = await serve(local, { handler: () => (passed += 1) });
    tooLarge(await raw(head("Content-Length: 65537")));
    tooLarge(await raw(head("Content-Length: 65537"), "x".repeat(65_537)));
    tooLarge(await raw(head("Content-Length: 999999999999")));
    expect(passed).toBe(0);
  });

  it.each([65_536, 4_096, 1_000, 16])(
    "in chunks of %i bytes is accepted up to 64 KB",
    async (size) => {
      const { raw } = await serve(local);
      expectAccepted(await raw(head("Transfer-Encoding: chunked"), chunks(65_536, size)), 65_536);
    },
  );

  it.each([65_537, 65_536, 4_096, 1_000, 16])(
    "in chunks of %i bytes is refused with the first byte over 64 KB, and the connection ends",
    async (size) => {
      let passed = 0;
      const { raw } = await serve(local, { handler: () => (passed += 1) });
      tooLarge(await raw(head("Transfer-Encoding: chunked"), chunks(65_537, size)));
      expect(passed).toBe(0);
    },
  );

  it("over 64 KB is passed on to nobody, also when its request is pipelined", async () => {
    const first = "GET / HTTP/1.1\r\nHost: localhost:3000\r\n\r\n";
    const second = head("Transfer-Encoding: chunked") + chunks(70_000, 65_536);
    const passed: string[] = [];
    const { raw } = await serve(local, {
      handler: ({ method = "", socket }, response) => {
        passed.push(method);
        // The first response is sent when the whole second request has arrived.
        const respond = () =>
          socket.bytesRead < first.length + second.length
            ? setImmediate(respond)
            : response.end("first");
        respond();
      },
    });
    const text = await raw(first + second);
    expect(passed).toEqual(["GET"]);
    expect(text).toMatch(/first[^]*413/);
  });

  /** Sends all bytes before it reads, as many programs do; returns the response, or the error. */
  const sendThenRead = (port: number, ...parts: string[]) =>
    new Promise<string>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.pause();
        socket.write(parts.join(""), () => socket.resume());
      });
      let httpResponse = "";
      socket.on("data", (chunk: Buffer) => (httpResponse += chunk.toString("latin1")));
      socket.on("error", (error) => resolve(error.message));
      socket.on("close", () => resolve(httpResponse));
    });
  const post = (path: string, ...textLines: string[]) =>
    [`POST ${path} HTTP/1.1`, ...textLines, "", ""].join("\r\n");
  const tenMegabytes = "x".repeat(10 * 1024 * 1024);
  const length = `Content-Length: ${tenMegabytes.length}`;

  it.each([
    [413, post("/sign-in", "Host: localhost:3000", length), tenMegabytes],
    [413, post("/api/v1/sessions", "Host: localhost:3000", length), tenMegabytes],
    [
      413,
      post("/api/v1/sessions", "Host: localhost:3000", "Transfer-Encoding: chunked"),
      chunks(tenMegabytes.length, 65_000),
    ],
    [421, post("/sign-in", "Host: evil.example", length), tenMegabytes],
    [403, post("/sign-in", "Host: localhost:3000", "Content-Length: 60000"), "x".repeat(60_000)],
    [
      405,
      post("/sign-in", "Host: localhost:3000", "Content-Length: 60000").replace("POST", "PUT"),
      "x".repeat(60_000),
    ],
  ])(
    "that is refused with %i is read to its end, so that its sender sees the response",
    async (status, ...parts) => {
      const { port } = await serve(local);
      for (let at = 0; at < 3; at += 1)
        expect(parsed(await sendThenRead(port, ...parts)).status).toBe(status);
    },
  );

  it("is counted in bytes, not in characters", async () => {
    const { raw } = await serve(local);
    const euros = "€".repeat(30_000);
    const chunk = `${Buffer.byteLength(euros).toString(16)}\r\n${euros}\r\n0\r\n\r\n`;
    tooLarge(await raw(head("Transfer-Encoding: chunked"), chunk));
  });

  it("that never ends is cut off, and the next request is served", async () => {
    const { raw, seen } = await serve(local);
    const endless = `ffff\r\n${"x".repeat(65_535)}\r\n`;
    tooLarge(await raw(head("Transfer-Encoding: chunked"), endless, endless));
    expect((await seen("/")).bytes).toBe(0);
  });

  it("longer than its Content-Length is not read as part of the form", async () => {
    let bytes = 0;
    let passed = 0;
    const { raw } = await serve(local, {
      handler: (request) => {
        passed += 1;
        request.on("data", (chunk: Buffer) => (bytes += chunk.length)).on("error", () => {});
      },
    });
    await raw(head("Content-Length: 10"), "x".repeat(100));
    expect([passed, bytes]).toEqual([1, 10]);
  });

  it.each([
    ["Content-Length: -1"],
    ["Content-Length: abc"],
    ["Content-Length: 0x10"],
    ["Content-Length: 5", "Content-Length: 6"],
    ["Content-Length: 5", "Transfer-Encoding: chunked"],
    ["Transfer-Encoding: chunked, identity"],
  ])("with an ambiguous length is refused: %s %s", async (...textLines) => {
    let passed = 0;
    const { raw } = await serve(local, { handler: () => (passed += 1) });
    expect(parsed(await raw(head(...textLines), "hello")).status).toBe(400);
    expect(passed).toBe(0);
  });
});

describe("the headers of every response", () => {
  const safe = {
    "content-security-policy":
      "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "x-robots-tag": "noindex",
    "referrer-policy": "same-origin",
  };
  const failing: RequestListener = (_, response) => {
    response.statusCode = 500;
    response.end("Internal Server Error");
  };
  const rude: RequestListener = (_, response) => {
    response.writeHead(404, { "Content-Type": "text/html" }).end("<h1>404</h1>");
  };

  type Case = [string, RequestListener, Record<string, string>, number, Record<string, string>?];
  it.each<Case>([
    ["a response without a page", echo, {}, 200],
    [
      "an error of the server's own",
      failing,
      {},
      500,
      { "content-security-policy": ownPagePolicy("/") },
    ],
    ["an unknown page", rude, {}, 404, { "content-security-policy": ownPagePolicy("/") }],
    ["a redirect to the origin", echo, { host: "127.0.0.1:3000" }, 307],
    ["another host name", echo, { host: "evil.example" }, 421],
    ["a body too large", echo, { "content-length": "70000" }, 413],
  ])("include %s", async (_, handler, headers, status, policy = {}) => {
    const { fetchPath } = await serve(local, { handler });
    const httpResponse = await fetchPath("/", headers);
    expect(httpResponse.status).toBe(status);
    expect(Object.fromEntries(httpResponse.headers)).toMatchObject({ ...safe, ...policy });
    expect(httpResponse.headers.has("x-powered-by")).toBe(false);
  });

  it("may be replaced by a page's own policy", async () => {
    const own = "script-src 'nonce-abc'";
    const { fetchPath } = await serve(local, {
      handler: (_, response) => void response.setHeader("content-security-policy", own).end(),
    });
    expect((await fetchPath("/")).headers.get("content-security-policy")).toBe(own);
  });

  it("promise https for the future on an https origin only", async () => {
    const { fetchPath } = await serve(publicly);
    for (const [path, headers] of [
      ["/", {}],
      ["/", { "x-forwarded-proto": "http" }],
      ["/", { "content-length": "70000" }],
    ] as const)
      expect((await fetchPath(path, headers)).headers.get("strict-transport-security")).toBe(
        "max-age=63072000; includeSubDomains",
      );
    ends.splice(0).forEach((end) => end());
    const plain = await serve(local);
    expect((await plain.fetchPath("/")).headers.has("strict-transport-security")).toBe(false);
  });

  it.each(["/l/abc", "/l/abc?x=1", "/l", "/l/", "/l?x"])(
    "let a page with a token in its path send its origin, and never its path, as the referrer: %s",
    async (path) => {
      const { fetchPath } = await serve(local);
      expect((await fetchPath(path)).headers.get("referrer-policy")).toBe("strict-origin");
    },
  );

  it.each([
    "/api/v1/session",
    "/.well-known/change-password",
    "/%61pi/%",
    "/sign-in",
    "/dashboard",
    "//dashboard/",
    "/nothing.css",
    "*",
  ])("forbid to store the response of %s", async (path) => {
    const { fetchPath } = await serve(local);
    for (const headers of [{}, { rsc: "1" }, { host: "evil.example" }, { host: "127.0.0.1" }])
      expect((await fetchPath(path, headers)).headers.get("cache-control")).toBe(
        "private, no-store",
      );
  });

  it("forbid to store a redirect that sets a cookie, and let a file or a route say how long", async () => {
    const stored = "public, max-age=60";
    const handler: RequestListener = ({ url = "" }, response) => {
      if (url.startsWith("/api/")) response.writeHead(307, { "Set-Cookie": "a=1" }).end();
      // As Next does: it adds a route's header to those that are set.
      else if (!url.startsWith("/report")) response.appendHeader("Cache-Control", stored).end();
      // As Next does for what it has rendered at build: only where none is set.
      else if (response.hasHeader("Cache-Control")) response.end();
      else response.setHeader("Cache-Control", "s-maxage=31536000").end();
    };
    const { fetchPath } = await serve(local, { handler });
    const setting = async (path: string) => (await fetchPath(path)).headers.get("cache-control");
    expect(await setting("/api/auth/callback/google")).toBe("private, no-store");
    expect(await setting("/latchkey/_next/static/a.css")).toBe(stored);
    expect(await setting("/dashboard/feed")).toBe(stored);
    expect(await setting("/report")).toBe("private, no-store");
    expect(await setting("/sign-in")).toBe("private, no-store");
  });

  it("forbid to store what Node refuses by itself", async () => {
    const { raw } = await serve(local);
    for (const [request, status] of [
      ["GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nBad\u0000Header: x\r\n\r\n", 400],
      [`GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(20_000)}\r\n\r\n`, 431],
      [
        "GET / HTTP/1.1\r\nHost: localhost:3000\r\nExpect: a miracle\r\nConnection: close\r\n\r\n",
        200,
      ],
    ] as const) {
      const httpResponse = parsed(await raw(request));
      expect(httpResponse.status).toBe(status);
      expect(httpResponse.headers.get("cache-control")).toBe("private, no-store");
    }
  });

  it.each([
    "/_global-error",
    "/_global-error?x=1",
    "/_not-found",
    "/%5Fglobal-error.rsc",
    "//_error",
  ])("are those of a missing page on a route of Next's own: %s", async (path) => {
    const { seen } = await serve(local);
    expect((await seen(path)).url).toBe("/_nowhere");
  });

  it.each(["/", "/login", "/account", "/account/l/x", "/?/l/abc", "/link/l"])(
    "send no referrer from other pages: %s",
    async (path) => {
      const { fetchPath } = await serve(local);
      expect((await fetchPath(path)).headers.get("referrer-policy")).toBe("same-origin");
    },
  );
});

/** A page as Next sends it: in pieces, with its script inline, as files, and preloaded. */
const drawn: RequestListener = (_, response) => {
  response.setHeader("Content-Type", "text/html; charset=utf-8");
  response.setHeader("Link", '</latchkey/_next/static/a.js>; rel=preload; as="script"');
  response.flushHeaders();
  response.write(
    '<!DOCTYPE html><html lang="en"><head><link rel="stylesheet" href="/latchkey/_next/a.css"/>',
  );
  response.write(
    '<link rel="preload" as="script" href="/latchkey/_next/static/a.js"/></head><body>',
  );
  response.write(
    '<p>&lt;script&gt;</p><script src="/latchkey/latchkey.js" defer=""></script><scri',
  );
  response.end(
    'pt src="/latchkey/_next/static/a.js" async=""></script><script>x("</p>")</script></body></html>',
  );
};
const withoutScript =
  '<!DOCTYPE html><html lang="en"><head><link rel="stylesheet" href="/latchkey/_next/a.css"/></head><body>' +
  '<p>&lt;script&gt;</p><script src="/latchkey/latchkey.js" defer=""></script></body></html>';

describe("a rendered page", () => {
  it("of Latchkey has our script and none of Next's, and a policy that allows no other", async () => {
    const { fetchPath } = await serve(local, { handler: drawn });
    for (const path of ["/", "/sign-in", "/sign-in?next=/x", "/l/abc", "/%61ccount/sessions"]) {
      const { status, headers, body } = await fetchPath(path);
      expect([path, status, body]).toEqual([path, 200, withoutScript]);
      expect(headers.get("content-length")).toBe(String(withoutScript.length));
      expect(headers.get("content-security-policy")).toMatch(/script-src 'self';/);
      expect(headers.get("content-security-policy")).not.toContain("nonce");
      expect(headers.get("cache-control")).toBe("private, no-store");
      expect(headers.has("link")).toBe(false);
    }
  });

  it("clears the message that it has shown, and no other", async () => {
    const { fetchPath } = await serve(local, { handler: drawn });
    // A browser that has opened a page before, so that the gate sets no other cookie.
    const browser = `latchkey-mail_request=${"x".repeat(43)}`;
    const flash = (page: string) =>
      `${browser}; latchkey-flash=${Buffer.from(JSON.stringify({ page })).toString("base64url")}`;
    const cleared = async (path: string, page: string, more: Record<string, string> = {}) =>
      (await fetchPath(path, { cookie: flash(page), ...more })).headers.get("set-cookie");
    expect(await cleared("/sign-in?next=/x", "/sign-in")).toMatch(/^latchkey-flash=;.*Max-Age=0/);
    expect(await cleared("/l/abc", "/l")).toMatch(/^latchkey-flash=;/);
    expect(await cleared("/sign-in", "/sign-in/password")).toBeNull();
    expect(await cleared("/dashboard", "/dashboard")).toBeNull();
    expect(await cleared("/sign-in", "/sign-in", { "x-latchkey-check": "1" })).toBeNull();
    expect(await cleared("/sign-in", "/sign-in", { "sec-purpose": "prefetch" })).toBeNull();
    expect(
      (await fetchPath("/sign-in", { cookie: `${browser}; latchkey-flash=x` })).headers.has(
        "set-cookie",
      ),
    ).toBe(false);
  });

  it("that is not Latchkey's is not changed", async () => {
    const { fetchPath } = await serve(local, { handler: drawn });
    for (const path of ["/dashboard", "/accounts", "/sign-in.html"]) {
      const { headers, body } = await fetchPath(path);
      expect(body, path).toContain("<!DOCTYPE html>");
      expect(headers.has("link"), path).toBe(true);
      expect(headers.get("content-security-policy")).toMatch(/^default-src 'none'; base-uri/);
    }
  });

  it("that is not Latchkey's may be streamed", async () => {
    let start = () => {};
    const started = new Promise<void>((resolve) => (start = resolve));
    const { port } = await serve(local, {
      handler: (_, response) => {
        response.setHeader("Content-Type", "text/html");
        response.write("first ");
        // The rest is written when the client has the first part: a page that is buffered never
        // ends.
        void started.then(() => response.end("rest"));
      },
    });
    const body = await new Promise<string>((resolve) => {
      const headers = { host: local.origin.host };
      get({ port, path: "/dashboard", headers, agent: false }, (httpResponse) => {
        let text = "";
        httpResponse.on("data", (chunk: Buffer) => {
          text += chunk.toString();
          start();
        });
        httpResponse.on("end", () => resolve(text));
      });
    });
    expect(body).toBe("first rest");
  });

  it("keeps Next's script in development", async () => {
    const { fetchPath } = await serve({ ...local, production: false }, { handler: drawn });
    expect((await fetchPath("/sign-in")).headers.has("link")).toBe(true);
  });

  it("for an unknown path is a 404 page without script, on any path", async () => {
    const handler: RequestListener = (request, response) => {
      response.statusCode = 404;
      drawn(request, response);
    };
    const { fetchPath } = await serve(local, { handler });
    const { status, headers, body } = await fetchPath("/nothing/here");
    expect([status, body]).toEqual([404, withoutScript]);
    expect(headers.get("content-security-policy")).toMatch(/script-src 'self';/);
  });

  const empty = (status: number): RequestListener => {
    return ({ url = "" }, response) => {
      response.setHeader("Content-Type", "text/html; charset=utf-8");
      if (url.startsWith("/_nowhere")) response.writeHead(404).end("<html>not there</html>");
      else if (url.startsWith("/failed")) response.writeHead(500).end(`<html>failed ${url}</html>`);
      else
        response
          .writeHead(status)
          .end('<!DOCTYPE html><html id="__next_error__"><script>fill()</script></html>');
    };
  };

  it("that Next left to its script to fill shows what happened", async () => {
    const { fetchPath } = await serve(local, { handler: empty(404) });
    const { status, body } = await fetchPath("/account/disconnect/google");
    expect([status, body]).toEqual([404, "<html>not there</html>"]);
    // A page that is not Latchkey's keeps the script that fills it.
    expect((await fetchPath("/dashboard")).body).toContain("fill()");
  });

  it("that failed has a reference which the log has too", async () => {
    const textLines: unknown[] = [];
    const log = { ...quiet, error: (...logLine: unknown[]) => void textLines.push(logLine) };
    const { fetchPath } = await serve(local, { handler: empty(500), log });
    const { status, body } = await fetchPath("/account");
    const [, requestId] = /reference=([0-9a-f-]{36})</.exec(body) ?? [];
    expect(status).toBe(500);
    expect(textLines).toEqual([["page.failed", { requestId, path: "/account" }]]);
  });

  it("that only redirects has no body", async () => {
    const { fetchPath } = await serve(local, { handler: empty(307) });
    expect(await fetchPath("/account")).toMatchObject({ status: 307, body: "" });
  });

  it("of Latchkey is never a payload, whatever the request asks for", async () => {
    const wishes = {
      rsc: "1",
      "next-router-prefetch": "1",
      "next-router-state-tree": "x",
      "next-url": "/account",
    };
    const { seen } = await serve(local);
    for (const name of Object.keys(wishes))
      expect((await seen("/account", wishes)).headers).not.toHaveProperty(name);
    expect((await seen("/dashboard", wishes)).headers).toMatchObject(wishes);
  });

  it("is not compressed, while a file is", async () => {
    const long = "x".repeat(5_000);
    const handler: RequestListener = ({ url = "" }, response) => {
      response.setHeader("Content-Type", url.endsWith(".css") ? "text/css" : "text/html");
      response.end(long);
    };
    const { fetchPath } = await serve(local, { handler });
    const encoding = async (path: string) =>
      (await fetchPath(path, { "accept-encoding": "gzip" })).headers.get("content-encoding");
    expect(await encoding("/latchkey/_next/static/a.css")).toBe("gzip");
    for (const path of ["/sign-in", "/dashboard", "/l/a.css"])
      expect(await encoding(path)).toBe(null);
  });
});

describe("a form or a call of an action", () => {
  const form = { "content-type": "application/x-www-form-urlencoded", "content-length": "3" };
  const call = {
    "next-action": "0".repeat(42),
    "content-type": "text/plain",
    "content-length": "3",
  };
  const post = { method: "POST", body: "a=b" };
  const ours = { origin: local.origin.origin };

  it.each([
    ["another origin", { origin: "https://evil.example" }],
    ["another port", { origin: "http://localhost:3001" }],
    ["no origin", {}],
    ["the Origin null", { origin: "null" }],
    ["another site, by Sec-Fetch-Site", { "sec-fetch-site": "cross-site" }],
  ])("is refused from %s", async (_, headers) => {
    const { fetchPath } = await serve(local);
    for (const path of ["/sign-in", "/dashboard"]) {
      const httpResponse = await fetchPath(path, { ...form, ...headers }, post);
      expect([httpResponse.status, httpResponse.body]).toEqual([
        403,
        `${en["error.cross_site"]}\n`,
      ]);
      expect(httpResponse.headers.get("cache-control")).toBe("private, no-store");
      expect((await fetchPath(path, { ...call, ...headers }, post)).status).toBe(403);
    }
  });

  it("is accepted from our own pages; a call only from pages that are not Latchkey's", async () => {
    const { fetchPath } = await serve(local);
    const body = [
      ...["--x", `Content-Disposition: form-data; name="$ACTION_ID_${"0".repeat(42)}"`, "", ""],
      ...["--x--", ""],
    ].join("\r\n");
    const ofPage = {
      "content-type": "multipart/form-data; boundary=x",
      "content-length": String(body.length),
    };
    expect(
      (await fetchPath("/sign-in", { ...ofPage, ...ours }, { method: "POST", body })).status,
    ).toBe(200);
    expect((await fetchPath("/dashboard", { ...form, ...ours }, post)).status).toBe(200);
    expect((await fetchPath("/sign-in", { ...call, ...ours }, post)).status).toBe(400);
    expect((await fetchPath("/dashboard", { ...call, ...ours }, post)).status).toBe(200);
  });
});

describe("a refusal", () => {
  const cases = [
    ["body_too_large", 413, en["error.body_too_large"], { "content-length": "70000" }],
    [
      "misdirected_request",
      421,
      "This server is only reachable at http://localhost:3000.",
      { host: "evil.example" },
    ],
    ["method_not_allowed", 405, en["error.method_not_allowed"], {}],
  ] as const;

  it.each(cases)(
    "is problem JSON for programs, with an id that the log has: %s",
    async (...one) => {
      const [code, status, sentence, headers] = one;
      const textLines: unknown[] = [];
      const log = { ...quiet, warn: (...logLine: unknown[]) => void textLines.push(logLine) };
      const { fetchPath } = await serve(local, { log });
      const httpResponse = await fetchPath("/api/v1/magic-links", headers, { method: "OPTIONS" });
      const { requestId, ...told } = JSON.parse(httpResponse.body) as { requestId: string };
      expect([httpResponse.status, httpResponse.headers.get("content-type")]).toEqual([
        status,
        "application/problem+json",
      ]);
      expect(httpResponse.headers.get("cache-control")).toBe("private, no-store");
      expect(told).toEqual({
        type: `urn:latchkey:problem:${code}`,
        title: sentence,
        status,
        code,
      });
      expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
      expect(textLines).toEqual([["refused", { flow: "api", code, requestId }]]);
    },
  );

  it.each(cases)("is a sentence for people: %s", async (_, status, sentence, headers) => {
    const { fetchPath } = await serve(local);
    const httpResponse = await fetchPath("/sign-in", headers, { method: "OPTIONS" });
    expect([httpResponse.status, httpResponse.headers.get("content-type")]).toEqual([
      status,
      "text/plain; charset=utf-8",
    ]);
    expect(httpResponse.body).toBe(`${sentence}\n`);
  });

  it.each(cases)("is a page for a browser, which leads on: %s", async (...one) => {
    const [, status, sentence, headers] = one;
    const { fetchPath } = await serve(local);
    const browser = { ...headers, accept: "text/html,*/*;q=0.8" };
    const httpResponse = await fetchPath("/sign-in", browser, { method: "OPTIONS" });
    expect([httpResponse.status, httpResponse.headers.get("content-type")]).toEqual([
      status,
      "text/html; charset=utf-8",
    ]);
    expect(httpResponse.headers.get("content-security-policy")).toBe(ownPagePolicy("/"));
    expect(httpResponse.body).toContain(inHtml(sentence));
    expect(httpResponse.body).toContain('<a href="http://localhost:3000">');
  });

  it("of an address that cannot be read does not speak of a form", async () => {
    const { fetchPath } = await serve(local);
    const { status, body } = await fetchPath("/%");
    expect([status, body]).toEqual([400, `${en["error.not_found"]}\n`]);
  });
});

describe("a form without effect", () => {
  const multipart = (fields: Readonly<Record<string, string>>) => {
    const parts = Object.entries(fields).map(
      ([name, value]) =>
        `--boundary\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    );
    return `${parts.join("")}--boundary--\r\n`;
  };
  const action = `$ACTION_ID_${"0".repeat(42)}`;
  /** Next without that action, and a page that shows the flash of its cookie, if it is for the page. */
  const outdated: RequestListener = (request, response) => {
    const { method, url = "", headers } = request;
    request.resume();
    if (method === "POST") {
      response.setHeader("x-nextjs-action-not-found", "1");
      response.writeHead(409, { "Content-Type": "text/plain" }).end("Server Action unavailable.");
      return;
    }
    const [, cookie = ""] = /latchkey-flash=([\w-]+)/.exec(headers.cookie ?? "") ?? [];
    const flash = JSON.parse(Buffer.from(cookie, "base64url").toString()) as {
      page: string;
      code: "form_outdated";
      email?: string;
    };
    response.setHeader("Content-Type", "text/html");
    if (!url.startsWith(flash.page)) return void response.end("another page");
    response.end(`<p>${inHtml(en[`error.${flash.code}`])}</p>${flash.email} ${headers.cookie}`);
  };
  const posted = async (
    path: string,
    body: string,
    { type = "multipart/form-data; boundary=boundary", handler = outdated } = {},
  ) => {
    const { fetchPath } = await serve(local, { handler });
    const headers = {
      origin: local.origin.origin,
      cookie: "a=1; latchkey-flash=old",
      "content-type": type,
      "content-length": String(body.length),
    };
    return fetchPath(path, headers, { method: "POST", body });
  };

  it("gets its page with a sentence and the address entered, when its action is of another build", async () => {
    const { status, headers, body } = await posted(
      "/sign-in?next=%2Fx",
      multipart({ [action]: "", email: "ada@example.com" }),
    );
    expect(status).toBe(409);
    expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(headers.get("content-security-policy")).toBe(ownPagePolicy("/sign-in"));
    expect(headers.has("x-nextjs-action-not-found")).toBe(false);
    expect(body).toContain(inHtml(en["error.form_outdated"]));
    expect(body).toContain("ada@example.com a=1; latchkey-flash=");
    expect(body).not.toContain("old");
  });

  it.each([
    ["no action", multipart({ email: "ada@example.com" })],
    ["an action that is none", multipart({ "$ACTION_ID_\n{}": "" })],
    ["an action in disguise", multipart({ [action]: "", "$ACTION_ID_%0A{%22event%22:1}": "" })],
    ["half an action", multipart({ [action.slice(0, -1)]: "" })],
    ["nothing", multipart({})],
    ["a body that cannot be read", "--boundary\r\nnothing"],
    ["another type", `${action}=&email=a`, "application/x-www-form-urlencoded"],
  ])("never reaches Next from our pages: %s", async (_, sent, type?: string) => {
    let passed = 0;
    const handler: RequestListener = (request, response) => {
      if (request.method === "POST") passed += 1;
      response.setHeader("Content-Type", "text/html");
      response.end("<p>Another sentence</p>");
    };
    const { status, headers, body } = await posted("/account/methods?x=1", sent, { handler, type });
    expect([status, passed]).toEqual([400, 0]);
    // The page does not show the sentence, so a plain page does, and leads back to it.
    expect(body).toContain(inHtml(en["error.invalid_input"]));
    expect(body).toContain('<a href="/account/methods?x=1">');
    expect(headers.get("set-cookie")).toMatch(/^latchkey-flash=/);
    expect(headers.get("cache-control")).toBe("private, no-store");
  });

  it("gets a plain page with a link back on an application's own page", async () => {
    const { status, headers, body } = await posted("/dashboard", multipart({ [action]: "" }));
    expect([status, headers.get("set-cookie")]).toEqual([409, null]);
    expect(body).toContain(inHtml(en["error.form_outdated"]));
    expect(body).toContain('<a href="/dashboard">');
  });

  it("is answered to a script as Next does", async () => {
    const { fetchPath } = await serve(local, { handler: outdated });
    const headers = {
      origin: local.origin.origin,
      "content-type": "text/plain",
      "next-action": "0".repeat(42),
      "content-length": "2",
    };
    const httpResponse = await fetchPath("/dashboard", headers, { method: "POST", body: "[]" });
    expect(httpResponse.body).toBe("Server Action unavailable.");
  });
});

describe("a bare text of Next", () => {
  const bare =
    (status: number, text: string, type = "text/plain"): RequestListener =>
    ({ url = "" }, response) => {
      response.setHeader("Content-Type", "text/html");
      if (url.startsWith("/_nowhere")) return void response.writeHead(404).end("<p>not there</p>");
      if (url.startsWith("/failed")) return void response.writeHead(500).end(`<p>${url}</p>`);
      response.removeHeader("Content-Type");
      response.writeHead(status, type ? { "Content-Type": type } : {}).end(text);
    };

  it.each([
    ["/dashboard", 500, "Internal Server Error", /reference=/, { accept: "text/html" }],
    ["/account", 500, "Internal Server Error", /reference=/, {}],
    ["/unavailable", 404, "", /not there/, {}],
    ["/dashboard", 400, "Bad Request", /not there/, { accept: "text/html,*/*" }],
  ] as const)("is replaced by a page: %s with %i", async (path, status, text, page, headers) => {
    const { fetchPath } = await serve(local, { handler: bare(status, text, text && "text/plain") });
    const httpResponse = await fetchPath(path, headers);
    expect(httpResponse.status).toBe(status);
    expect(httpResponse.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(httpResponse.body).toMatch(page);
  });

  it("is not replaced for programs, nor where an application wrote it", async () => {
    const { fetchPath } = await serve(local, { handler: bare(400, "Bad Request") });
    expect((await fetchPath("/dashboard")).body).toBe("Bad Request");
    ends.splice(0).forEach((end) => end());
    const own = await serve(local, { handler: bare(400, "Pick a date first") });
    const { body } = await own.fetchPath("/dashboard", { accept: "text/html" });
    expect(body).toBe("Pick a date first");
  });

  it("is a whole page even where the page for errors fails", async () => {
    const { fetchPath } = await serve(local, {
      handler: (_, response) => void response.writeHead(500).end("Internal Server Error"),
    });
    const { status, body } = await fetchPath("/account");
    expect(status).toBe(500);
    expect(body).toContain(inHtml(en["failed.lead"]));
  });
});

describe("a file", () => {
  it.each(["/latchkey/icon.svg", "/latchkey/_next/static/a.js"])(
    "can only be read, and whole: %s",
    async (path) => {
      const { fetchPath, seen } = await serve(local);
      const form = { "content-type": "multipart/form-data; boundary=x", "content-length": "0" };
      const headers = { ...form, origin: local.origin.origin };
      const { status, headers: sent } = await fetchPath(path, headers, { method: "POST" });
      expect([status, sent.get("allow")]).toEqual([405, "GET, HEAD"]);
      // Next answers a range that it does not have with a 500.
      expect((await seen(path, { range: "bytes=9999-" })).headers).not.toHaveProperty("range");
    },
  );
});

describe("a connection", () => {
  it("stays open longer than those of the proxies in front, as configured", async () => {
    for (const keepAlive of [local.keepAlive, seconds(700)]) {
      const { server } = await serve({ ...local, keepAlive });
      expect(server.keepAliveTimeout).toBe(keepAlive * 1000);
      expect(server.headersTimeout).toBeGreaterThan(server.keepAliveTimeout);
      expect(server.requestTimeout).toBeGreaterThanOrEqual(server.headersTimeout);
      ends.splice(0).forEach((end) => end());
    }
    expect(local.keepAlive).toBeGreaterThan(75);
  });
});

describe("an upgrade to another protocol", () => {
  const upgrade = [
    "GET /_next/webpack-hmr HTTP/1.1",
    "Host: account.example.com",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
    "\r\n",
  ].join("\r\n");

  it("is refused, and the connection is closed", async () => {
    const { raw, server } = await serve({ ...publicly, production: true });
    server.on("upgrade", () => {});
    expect(await raw(upgrade)).toMatch(/^HTTP\/1\.1 400 /);
  });

  it("reaches Next's development server", async () => {
    const { raw, server } = await serve({ ...publicly, production: false });
    server.on("upgrade", (_, socket) => socket.end("HTTP/1.1 101 Switching Protocols\r\n\r\n"));
    expect(await raw(upgrade)).toMatch(/^HTTP\/1\.1 101 /);
  });
});
