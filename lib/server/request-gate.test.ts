import {
  createServer,
  get,
  type IncomingHttpHeaders,
  type RequestListener,
  Server,
} from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { type Env, parseEnv } from "@/lib/core/env";
import type { Log } from "@/lib/runtime/flow";
import { bounds } from "@/lib/core/policy";
import { en } from "@/messages/en";
import { installRequestGate } from "./request-gate";
import { ownPagePolicy } from "./own-pages";

const local = parseEnv({
  TOKEN_KEY: "A".repeat(43),
  OUTBOX_KEY: "B".repeat(43),
  AUTH_SECRET: "C".repeat(43),
  AUDIT_KEY: "D".repeat(43),
});
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

/** What the server behind the front saw. */
interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: number;
}

it("lets nobody stay who came before it, past all that it looks at", async () => {
  const server = createServer();
  const arrived = new Promise((resolve) => server.once("request", resolve));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(() => {
    Reflect.deleteProperty(Server.prototype, "emit");
    server.close();
  });
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.on("error", () => {});
  const closed = new Promise((resolve) => socket.on("close", resolve));
  socket.write("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  await arrived;
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

/** A server behind the front, whose clients come from `peer`. */
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
      // A reset after the answer is the server's good right; what counts is what was read.
      socket.on("error", () => {});
      socket.on("close", () => resolve(httpResponse));
    });

  const requestLink = async (
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

  const seen = async (...args: Parameters<typeof requestLink>) => {
    const { status, body } = await requestLink(...args);
    expect(status).toBe(200);
    return JSON.parse(body) as Seen;
  };
  return { port, raw, requestLink, seen };
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
    body: chunked ? (body.split("\r\n")[1] ?? "") : body,
  };
}

describe("the IP that limits count", () => {
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
    ["a proxy that says nothing: the peer", 1, "", "192.0.2.7"],
    ["a proxy that says nonsense: the peer", 1, "6.6.6.6, unknown", "192.0.2.7"],
    ["a port behind it is no address: the peer", 1, "203.0.113.9:4711", "192.0.2.7"],
    ["octal is no address: the peer", 1, "0313.0.113.9", "192.0.2.7"],
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

  it("is IPv4 when the socket speaks of it as IPv6", async () => {
    expect(await seenIp(0, "", "::ffff:192.0.2.7")).toBe("192.0.2.7");
  });
});

describe("what a client writes about itself", () => {
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
  ])("never gets past the front: %s", async (_, env) => {
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

  it("never gets past the front in another case either", async () => {
    const { seen } = await serve(local);
    const shouted = Object.fromEntries(
      Object.entries(lies).map(([name, value]) => [name.toUpperCase(), value]),
    );
    expect(JSON.stringify(await seen("/", shouted))).not.toMatch(/evil|6\.6\.6\.6/);
  });

  it("about its host is replaced by the origin on a public server, so that no link can be bent", async () => {
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

  it("that is ours to judge later stays: cookies, Origin, Sec-Fetch-Site, agent", async () => {
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

describe("a browser that comes by another name", () => {
  it.each([
    "127.0.0.1:3000",
    "[::1]:3000",
    "localhost:4000",
    "localhost",
    "app.localhost:3000",
    "LOCALHOST",
  ])("of this machine (%s) is sent on to the origin with its path", async (host) => {
    const { requestLink } = await serve(local);
    for (const method of ["GET", "HEAD"]) {
      const { status, headers } = await requestLink("/l/abc?x=1&y=%2F", { host }, { method });
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
  ])("that is somebody's DNS pointing at this machine (%j) is refused", async (host) => {
    const { requestLink } = await serve(local);
    const { status, headers, body } = await requestLink("/", { host });
    expect(status).toBe(421);
    expect(headers.get("connection")).toBe("close");
    expect(body).toBe("This server is only reachable at http://localhost:3000.\n");
  });

  it.each(["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])(
    "cannot %s anything there, and nothing behind the front hears of it",
    async (method) => {
      let heard = 0;
      const { requestLink } = await serve(local, { handler: () => (heard += 1) });
      const { status } = await requestLink(
        "/sign-in",
        { host: "127.0.0.1:3000", "content-length": "0" },
        { method },
      );
      expect([status, heard]).toEqual([421, 0]);
    },
  );

  it.each(["//evil.example/x", "/\\evil.example", "///evil.example", "http://evil.example/x", "*"])(
    "stays on the origin whatever its path is: %s",
    async (path) => {
      const { requestLink } = await serve(local);
      const { status, headers } = await requestLink(path, { host: "127.0.0.1:3000" });
      expect(status).toBe(307);
      expect(new URL(headers.get("location") ?? "").origin).toBe("http://localhost:3000");
    },
  );

  it("may ask for health and metrics all the same, on any origin", async () => {
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
  ])("may not ask for %s as if it were health", async (path) => {
    const { requestLink } = await serve(local);
    expect((await requestLink(path, { host: "evil.example" })).status).toBe(421);
  });
});

describe("an http link to an https origin", () => {
  it("survives the redirect with its path and query", async () => {
    const { requestLink } = await serve(publicly);
    const { status, headers } = await requestLink("/l/abc?x=1", { "x-forwarded-proto": "http" });
    expect(status).toBe(307);
    expect(headers.get("location")).toBe("https://account.example.com/l/abc?x=1");
  });

  it("goes to the origin, not to the host it came by", async () => {
    const { requestLink } = await serve(publicly);
    const { headers } = await requestLink("/l/abc", {
      "x-forwarded-proto": "http",
      host: "evil.example",
    });
    expect(headers.get("location")).toBe("https://account.example.com/l/abc");
  });

  it("is told by the last proxy; what stands left of it was the client's", async () => {
    const { requestLink } = await serve(publicly);
    expect((await requestLink("/", { "x-forwarded-proto": "https, http" })).status).toBe(307);
    expect((await requestLink("/", { "x-forwarded-proto": "http, https" })).status).toBe(200);
    expect((await requestLink("/", { "x-forwarded-proto": "https" })).status).toBe(200);
  });

  it("is not followed by a form, which would carry what was typed in the clear", async () => {
    const { requestLink } = await serve(publicly);
    const headers = { "x-forwarded-proto": "http", "content-length": "0" };
    expect((await requestLink("/sign-in", headers, { method: "POST" })).status).toBe(421);
  });

  it("cannot be feigned by a client where no proxy is trusted", async () => {
    const { requestLink } = await serve({ ...publicly, trustedProxyHops: 0 });
    expect((await requestLink("/", { "x-forwarded-proto": "http" })).status).toBe(200);
  });

  it("does not hide health from a probe that speaks plain http", async () => {
    const { requestLink } = await serve(publicly);
    expect((await requestLink("/livez", { "x-forwarded-proto": "http" })).status).toBe(200);
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
  const taken = (text: string, bytes: number) => {
    const { status, body } = parsed(text);
    expect(status).toBe(200);
    expect((JSON.parse(body) as Seen).bytes).toBe(bytes);
  };

  it("of 64 KB is taken whole", async () => {
    const { raw } = await serve(local);
    const body = "x".repeat(65_536);
    expect(bounds.bodyBytes).toBe(65_536);
    taken(await raw(head("Content-Length: 65536"), body), 65_536);
  });

  it("of one byte more is refused by what it says of itself, before it is sent", async () => {
    let heard = 0;
    const { raw } = await serve(local, { handler: () => (heard += 1) });
    tooLarge(await raw(head("Content-Length: 65537")));
    tooLarge(await raw(head("Content-Length: 65537"), "x".repeat(65_537)));
    tooLarge(await raw(head("Content-Length: 999999999999")));
    expect(heard).toBe(0);
  });

  it.each([65_536, 4_096, 1_000, 16])(
    "in chunks of %i bytes is taken up to 64 KB",
    async (size) => {
      const { raw } = await serve(local);
      taken(await raw(head("Transfer-Encoding: chunked"), chunks(65_536, size)), 65_536);
    },
  );

  it.each([65_537, 65_536, 4_096, 1_000, 16])(
    "in chunks of %i bytes is refused with the first byte over 64 KB, and the connection ends",
    async (size) => {
      let heard = 0;
      const { raw } = await serve(local, { handler: () => (heard += 1) });
      tooLarge(await raw(head("Transfer-Encoding: chunked"), chunks(65_537, size)));
      expect(heard).toBe(0);
    },
  );

  it("is counted in bytes, not in characters", async () => {
    const { raw } = await serve(local);
    const euros = "€".repeat(30_000);
    const chunk = `${Buffer.byteLength(euros).toString(16)}\r\n${euros}\r\n0\r\n\r\n`;
    tooLarge(await raw(head("Transfer-Encoding: chunked"), chunk));
  });

  it("that never ends is cut off, and the next person is served", async () => {
    const { raw, seen } = await serve(local);
    const endless = `ffff\r\n${"x".repeat(65_535)}\r\n`;
    tooLarge(await raw(head("Transfer-Encoding: chunked"), endless, endless));
    expect((await seen("/")).bytes).toBe(0);
  });

  it("longer than it said is not read on as part of the form", async () => {
    let bytes = 0;
    let heard = 0;
    const { raw } = await serve(local, {
      handler: (request) => {
        heard += 1;
        request.on("data", (chunk: Buffer) => (bytes += chunk.length)).on("error", () => {});
      },
    });
    await raw(head("Content-Length: 10"), "x".repeat(100));
    expect([heard, bytes]).toEqual([1, 10]);
  });

  it.each([
    ["Content-Length: -1"],
    ["Content-Length: abc"],
    ["Content-Length: 0x10"],
    ["Content-Length: 5", "Content-Length: 6"],
    ["Content-Length: 5", "Transfer-Encoding: chunked"],
    ["Transfer-Encoding: chunked, identity"],
  ])("with a length that can be read two ways reaches nobody: %s %s", async (...textLines) => {
    let heard = 0;
    const { raw } = await serve(local, { handler: () => (heard += 1) });
    expect(parsed(await raw(head(...textLines), "hello")).status).toBe(400);
    expect(heard).toBe(0);
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
    ["what is no page", echo, {}, 200],
    ["an error of the server's own", failing, {}, 500],
    ["a page that is not there", rude, {}, 404, { "content-security-policy": ownPagePolicy("/") }],
    ["a redirect to the origin", echo, { host: "127.0.0.1:3000" }, 307],
    ["a foreign name", echo, { host: "evil.example" }, 421],
    ["a body too large", echo, { "content-length": "70000" }, 413],
  ])("protect: %s", async (_, handler, headers, status, policy = {}) => {
    const { requestLink } = await serve(local, { handler });
    const httpResponse = await requestLink("/", headers);
    expect(httpResponse.status).toBe(status);
    expect(Object.fromEntries(httpResponse.headers)).toMatchObject({ ...safe, ...policy });
    expect(httpResponse.headers.has("x-powered-by")).toBe(false);
  });

  it("may be replaced by a page's own policy", async () => {
    const own = "script-src 'nonce-abc'";
    const { requestLink } = await serve(local, {
      handler: (_, response) => void response.setHeader("content-security-policy", own).end(),
    });
    expect((await requestLink("/")).headers.get("content-security-policy")).toBe(own);
  });

  it("promise https for the future on an https origin only", async () => {
    const { requestLink } = await serve(publicly);
    for (const [path, headers] of [
      ["/", {}],
      ["/", { "x-forwarded-proto": "http" }],
      ["/", { "content-length": "70000" }],
    ] as const)
      expect((await requestLink(path, headers)).headers.get("strict-transport-security")).toBe(
        "max-age=63072000; includeSubDomains",
      );
    ends.splice(0).forEach((end) => end());
    const plain = await serve(local);
    expect((await plain.requestLink("/")).headers.has("strict-transport-security")).toBe(false);
  });

  it.each(["/l/abc", "/l/abc?x=1", "/l", "/l/", "/l?x"])(
    "let a token page tell its origin and never its path: %s",
    async (path) => {
      const { requestLink } = await serve(local);
      expect((await requestLink(path)).headers.get("referrer-policy")).toBe("strict-origin");
    },
  );

  it.each(["/", "/login", "/account", "/account/l/x", "/?/l/abc", "/link/l"])(
    "let no other page tell anybody where its reader came from: %s",
    async (path) => {
      const { requestLink } = await serve(local);
      expect((await requestLink(path)).headers.get("referrer-policy")).toBe("same-origin");
    },
  );
});

/** A page as Next sends it: in pieces, with its script inline, as files, and loaded early. */
const drawn: RequestListener = (_, response) => {
  response.setHeader("Content-Type", "text/html; charset=utf-8");
  response.setHeader("Link", '</_next/static/a.js>; rel=preload; as="script"');
  response.flushHeaders();
  response.write(
    '<!DOCTYPE html><html lang="en"><head><link rel="stylesheet" href="/_next/a.css"/>',
  );
  response.write('<link rel="preload" as="script" href="/_next/static/a.js"/></head><body>');
  response.write('<p>&lt;script&gt;</p><script src="/latchkey.js" defer=""></script><scri');
  response.end(
    'pt src="/_next/static/a.js" async=""></script><script>x("</p>")</script></body></html>',
  );
};
const withoutScript =
  '<!DOCTYPE html><html lang="en"><head><link rel="stylesheet" href="/_next/a.css"/></head><body>' +
  '<p>&lt;script&gt;</p><script src="/latchkey.js" defer=""></script></body></html>';

describe("a page on its way out", () => {
  it("of our own has our script and none of Next's, and a policy that allows no other", async () => {
    const { requestLink } = await serve(local, { handler: drawn });
    for (const path of ["/", "/sign-in", "/sign-in?next=/x", "/l/abc", "/%61ccount/sessions"]) {
      const { status, headers, body } = await requestLink(path);
      expect([path, status, body]).toEqual([path, 200, withoutScript]);
      expect(headers.get("content-length")).toBe(String(withoutScript.length));
      expect(headers.get("content-security-policy")).toMatch(/script-src 'self';/);
      expect(headers.get("content-security-policy")).not.toContain("nonce");
      expect(headers.get("cache-control")).toBe("private, no-store");
      expect(headers.has("link")).toBe(false);
    }
  });

  it("of somebody else's is theirs as it is", async () => {
    const { requestLink } = await serve(local, { handler: drawn });
    for (const path of ["/dashboard", "/accounts", "/sign-in.html"]) {
      const { headers, body } = await requestLink(path);
      expect(body, path).toContain("<!DOCTYPE html>");
      expect(headers.has("link"), path).toBe(true);
      expect(headers.get("content-security-policy")).toMatch(/^default-src 'none'; base-uri/);
    }
  });

  it("of somebody else's may be streamed", async () => {
    let start = () => {};
    const started = new Promise<void>((resolve) => (start = resolve));
    const { port } = await serve(local, {
      handler: (_, response) => {
        response.setHeader("Content-Type", "text/html");
        response.write("first ");
        // The rest is written when the client has the first part: a page that is held never ends.
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

  it("keeps Next's script while developing", async () => {
    const { requestLink } = await serve({ ...local, production: false }, { handler: drawn });
    expect((await requestLink("/sign-in")).headers.has("link")).toBe(true);
  });

  it("that leads nowhere says so without script, on any path", async () => {
    const handler: RequestListener = (request, response) => {
      response.statusCode = 404;
      drawn(request, response);
    };
    const { requestLink } = await serve(local, { handler });
    const { status, headers, body } = await requestLink("/nothing/here");
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

  it("that Next left to its script to fill says what happened", async () => {
    const { requestLink } = await serve(local, { handler: empty(404) });
    const { status, body } = await requestLink("/account/disconnect/google");
    expect([status, body]).toEqual([404, "<html>not there</html>"]);
    // The page of somebody else has the script that fills it.
    expect((await requestLink("/dashboard")).body).toContain("fill()");
  });

  it("that failed has a reference which the log has too", async () => {
    const textLines: unknown[] = [];
    const log = { ...quiet, error: (...logLine: unknown[]) => void textLines.push(logLine) };
    const { requestLink } = await serve(local, { handler: empty(500), log });
    const { status, body } = await requestLink("/account");
    const [, requestId] = /reference=([0-9a-f-]{36})</.exec(body) ?? [];
    expect(status).toBe(500);
    expect(textLines).toEqual([["page.failed", { requestId, path: "/account" }]]);
  });

  it("that only sends the browser on has no body", async () => {
    const { requestLink } = await serve(local, { handler: empty(307) });
    expect(await requestLink("/account")).toMatchObject({ status: 307, body: "" });
  });

  it("of our own is no payload, whatever the request says", async () => {
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

  it("is not compressed, and a file is", async () => {
    const long = "x".repeat(5_000);
    const handler: RequestListener = ({ url = "" }, response) => {
      response.setHeader("Content-Type", url.endsWith(".css") ? "text/css" : "text/html");
      response.end(long);
    };
    const { requestLink } = await serve(local, { handler });
    const encoding = async (path: string) =>
      (await requestLink(path, { "accept-encoding": "gzip" })).headers.get("content-encoding");
    expect(await encoding("/_next/static/a.css")).toBe("gzip");
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
    ["an origin that is hidden", { origin: "null" }],
    ["another site, by the browser's word", { "sec-fetch-site": "cross-site" }],
  ])("is refused from %s", async (_, headers) => {
    const { requestLink } = await serve(local);
    for (const path of ["/sign-in", "/dashboard"]) {
      const httpResponse = await requestLink(path, { ...form, ...headers }, post);
      expect([httpResponse.status, httpResponse.body]).toEqual([
        403,
        `${en["error.cross_site"]}\n`,
      ]);
      expect(httpResponse.headers.get("cache-control")).toBe("private, no-store");
      expect((await requestLink(path, { ...call, ...headers }, post)).status).toBe(403);
    }
  });

  it("is taken from our own pages; a call only by the pages of others", async () => {
    const { requestLink } = await serve(local);
    expect((await requestLink("/sign-in", { ...form, ...ours }, post)).status).toBe(200);
    expect((await requestLink("/sign-in", { ...call, ...ours }, post)).status).toBe(400);
    expect((await requestLink("/dashboard", { ...call, ...ours }, post)).status).toBe(200);
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

  it.each(cases)("is a problem to programs, under an id the log has: %s", async (...one) => {
    const [code, status, sentence, headers] = one;
    const textLines: unknown[] = [];
    const log = { ...quiet, warn: (...logLine: unknown[]) => void textLines.push(logLine) };
    const { requestLink } = await serve(local, { log });
    const httpResponse = await requestLink("/api/v1/magic-links", headers, { method: "OPTIONS" });
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
  });

  it.each(cases)("is a sentence to people: %s", async (_, status, sentence, headers) => {
    const { requestLink } = await serve(local);
    const httpResponse = await requestLink("/sign-in", headers, { method: "OPTIONS" });
    expect([httpResponse.status, httpResponse.headers.get("content-type")]).toEqual([
      status,
      "text/plain; charset=utf-8",
    ]);
    expect(httpResponse.body).toBe(`${sentence}\n`);
  });
});
