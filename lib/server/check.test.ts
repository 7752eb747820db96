import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { noMetrics } from "@/lib/adapters/no-metrics";
import { random } from "@/lib/core/crypto";
import type { Env } from "@/lib/core/env";
import { bounds, intervals } from "@/lib/core/policy";
import type { World } from "@/lib/runtime/ports";
import { createCheckHandler } from "@/lib/web/check/check";
import {
  endServers,
  listen,
  noDatabase,
  requestAt as ask,
  type Sent,
} from "@/test/support/http-server";
import { testEnv } from "@/test/support/world";
import { AfterResponses } from "./after-responses";
import { createCheck } from "./check";
import { installRequestGate } from "./request-gate";

const app = "http://localhost:8080";
const env: Env = { ...testEnv(), production: true, trustedProxyHops: 1, appOrigins: [app] };

/** A world without a database. */
const worldWith = (changes: Partial<Env> = {}, isDatabaseUnavailable = true) =>
  ({
    env: { ...env, ...changes },
    clock: { now: () => new Date(0) },
    db: noDatabase,
    random,
    log: { info: () => {}, warn: () => {}, error: () => {} },
    isDatabaseUnavailable: () => isDatabaseUnavailable,
    metrics: noMetrics,
  }) as unknown as World;

afterEach(endServers);

/** A server behind the request gate, with the check. */
async function serve(world: World) {
  installRequestGate(world.env, world.log).serveCheck(createCheck(world, new AfterResponses()));
  return (await listen()).port;
}

type Headers = Record<string, string | string[]>;

const visiting = (url: string, more: Headers = {}): Headers => ({
  "x-original-url": url,
  "sec-fetch-mode": "navigate",
  ...more,
});
const own = "http://localhost:3000/app?tab=1";
const ofOwn = `${env.origin.origin}/sign-in?next=%2Freturn%3Fto%3D%252Fapp%253Ftab%253D1`;
const signedIn = { cookie: `latchkey-session=${random.token()}` };

/** Every kind of request, its status, and where it is sent. */
const requests: readonly [name: string, sent: Sent, status: number, location?: string | RegExp][] =
  [
    ["a back end", {}, 401],
    ["a HEAD request", { method: "HEAD" }, 401],
    ["another query", { path: "/check?a=b&answer=status" }, 401],
    ["a navigation", { headers: visiting(own) }, 302, ofOwn],
    ["a HEAD request about it", { method: "HEAD", headers: visiting(own) }, 302, ofOwn],
    ["nginx", { path: "/check?answer=status", headers: visiting(own) }, 401, ofOwn],
    [
      "another origin",
      { headers: visiting(`${app}/x`) },
      302,
      /\/sign-in\?next=%2Freturn%3Fto%3D[\w-]+$/,
    ],
    ["an old browser", { headers: { "x-original-url": own, accept: "text/html,*/*" } }, 302, ofOwn],
    ["a program", { headers: { "x-original-url": own, accept: "*/*" } }, 401],
    [
      "a script",
      { headers: visiting(own, { "sec-fetch-mode": "cors", accept: "text/html" }) },
      401,
    ],
    ["a form", { headers: visiting(own, { "x-original-method": "POST" }) }, 401],
    [
      "a path without a page",
      { headers: visiting("http://localhost:3000/api/x") },
      302,
      /\/sign-in$/,
    ],
    ["the sign-in page", { headers: visiting("http://localhost:3000/sign-in?next=/x") }, 401],
    ["a page of a link", { headers: visiting("http://localhost:3000/l/x") }, 401],
    ["the return route", { headers: visiting("http://localhost:3000/return?to=/x") }, 401],
    ["the start page", { headers: visiting("http://localhost:3000/") }, 302, /to%3D%252F$/],
    ["another site", { headers: visiting("https://evil.example/") }, 403],
    ["another port", { headers: visiting("http://localhost:9000/") }, 403],
    ["nonsense", { headers: visiting("nonsense") }, 403],
    ["another site, signed in", { headers: visiting("https://evil.example/", signedIn) }, 403],
    ["no database", { headers: signedIn }, 503],
    ["no database, with a navigation", { headers: visiting(own, signedIn) }, 503],
    ["two sessions", { headers: { cookie: `${signedIn.cookie}; ${signedIn.cookie}` } }, 401],
    ["a malformed session", { headers: { cookie: "latchkey-session=x%00" } }, 401],
    ...["POST", "PUT", "PATCH", "DELETE", "OPTIONS"].map(
      (method) => [method, { method }, 405] as [string, Sent, number],
    ),
    [
      "a form of a foreign site",
      { method: "POST", headers: { origin: "https://evil.example" } },
      405,
    ],
  ];

const nobody = { "remote-user": "", "remote-email": "", "cache-control": "private, no-store" };

it.each(requests)("responds to %s, through both mounts", async (_, sent, status, location) => {
  const world = worldWith();
  const { method = "GET", path = "/check", headers } = sent;
  const init = { method, headers: headers as Record<string, string> };
  const handled = await createCheckHandler(world, () => {})(
    new Request(`http://localhost:3000${path}`, init),
  );
  const gated = await ask(await serve(world), { path: "/check", ...sent });
  const [ofHandler, ofGate] = [Object.fromEntries(handled.headers), gated.headers];
  expect([handled.status, gated.status]).toEqual([status, status]);
  expect([await handled.text(), gated.body]).toEqual(["", ""]);
  for (const headersOf of [ofHandler, ofGate]) {
    expect(headersOf).toMatchObject(nobody);
    expect(headersOf["retry-after"]).toBe(
      status === 503 ? String(intervals.unavailable) : undefined,
    );
    expect(headersOf.allow).toBe(status === 405 ? "GET, HEAD" : undefined);
    expect(headersOf).not.toHaveProperty("set-cookie");
    if (location === undefined) expect(headersOf).not.toHaveProperty("location");
    else
      expect(headersOf.location).toEqual(
        typeof location === "string" ? location : expect.stringMatching(location),
      );
  }
});

it("responds with a bare 500 after a bug, which is logged", async () => {
  const { status, headers, body } = await ask(await serve(worldWith({}, false)), {
    path: "/check",
    headers: signedIn,
  });
  expect({ status, body }).toEqual({ status: 500, body: "" });
  expect(headers).toMatchObject(nobody);
});

describe("behind the request gate", () => {
  it("has the headers of every response", async () => {
    const { headers } = await ask(await serve(worldWith()), { path: "/check" });
    expect(headers).toMatchObject({
      "content-security-policy": expect.stringContaining("default-src 'none'") as string,
      "x-content-type-options": "nosniff",
    });
  });

  it("accepts any Host and scheme, and redirects to neither", async () => {
    for (const changes of [{}, { origin: new URL("https://example.com"), loopback: false }]) {
      const port = await serve(worldWith(changes));
      for (const host of ["127.0.0.1:3000", "evil.example", "[::1]", "_"])
        for (const scheme of ["http", "https"]) {
          const headers = { host, "x-forwarded-proto": scheme, "x-forwarded-host": host };
          expect((await ask(port, { path: "/check", headers })).status).toBe(401);
        }
      endServers();
    }
  });

  it("believes nobody which URL is visited unless a proxy is trusted", async () => {
    const port = await serve(worldWith({ trustedProxyHops: 0 }));
    for (const url of [own, "https://evil.example/"])
      expect((await ask(port, { path: "/check", headers: visiting(url) })).status).toBe(401);
  });

  it("reads no header that was sent twice", async () => {
    const port = await serve(worldWith());
    const headers = { ...visiting(own), "x-original-url": [own, own] };
    expect((await ask(port, { path: "/check", headers })).status).toBe(403);
  });

  it("leaves paths that only look like it to Next", async () => {
    const port = await serve(worldWith());
    for (const path of ["/checks", "/check/x", "/check/", "/Check", "/x?/check"]) {
      const { status, headers } = await ask(port, { path, headers: { host: env.origin.host } });
      expect([path, status, headers["remote-user"]]).toEqual([path, 299, undefined]);
    }
  });

  it("gives Next no header about a visited URL", async () => {
    const world = worldWith();
    installRequestGate(world.env, world.log);
    const names: string[] = [];
    const { port } = await listen(({ headers }, response) => {
      names.push(...Object.keys(headers));
      response.end();
    });
    const headers = { host: env.origin.host, ...visiting(own), "x-forwarded-uri": "/x" };
    await ask(port, { path: "/", headers });
    expect(names).toContain("x-forwarded-host");
    expect(names).not.toContain("x-original-url");
    expect(names).not.toContain("x-forwarded-uri");
  });

  it("reads no body: the response comes first, and the connection is closed", async () => {
    const port = await serve(worldWith());
    const socket = connect(port, "127.0.0.1");
    const received = new Promise<string>((resolve) => {
      let text = "";
      socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
      socket.on("end", () => resolve(text));
    });
    socket.write(
      `GET /check HTTP/1.1\r\nHost: x\r\nContent-Length: ${bounds.bodyBytes * 2}\r\n\r\nsome`,
    );
    const text = await received;
    expect(text).toMatch(/^HTTP\/1\.1 401 /);
    expect(text).toMatch(/\r\nRemote-User: ?\r\n/i);
    expect(text).toMatch(/\r\nConnection: close\r\n/i);
    socket.destroy();
  });

  it("waits until the server is ready", async () => {
    const world = worldWith();
    const requestGate = installRequestGate(world.env, world.log);
    const { server, port } = await listen();
    const connected = new Promise((resolve) => server.once("connection", resolve));
    const response = ask(port, { path: "/check", headers: visiting(own) });
    await connected;
    requestGate.serveCheck(createCheck(world, new AfterResponses()));
    expect((await response).status).toBe(302);
  });
});
