import { Agent } from "node:http";
import { connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import { noMetrics } from "@/lib/adapters/no-metrics";
import { random } from "@/lib/core/crypto";
import type { World } from "@/lib/runtime/ports";
import { createApiHandler } from "@/lib/web/api/handler";
import { routes } from "@/lib/web/api/routes";
import { endServers, listen, noDatabase, requestAt, type Sent } from "@/test/support/http-server";
import { testEnv } from "@/test/support/world";
import { AfterResponses } from "./after-responses";
import { createJsonApi } from "./json-api";
import { installRequestGate } from "./request-gate";

const env = { ...testEnv(), production: true };

/** A world without a database. */
const world = {
  env,
  db: noDatabase,
  random,
  log: { info: () => {}, warn: () => {}, error: () => {} },
  isDatabaseUnavailable: () => true,
  metrics: noMetrics,
} as unknown as World;

const agent = new Agent({ keepAlive: true });
afterEach(endServers);

/** The port of a server behind the request gate, with the JSON API. */
async function serve() {
  installRequestGate(env, world.log).serveApi(createJsonApi(world, new AfterResponses()));
  return (await listen()).port;
}

const respond = (port: number, { headers, body, ...sent }: Sent) => {
  const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
  const all = { host: env.origin.host, ...length, ...headers };
  return requestAt(port, { ...sent, headers: all, ...(body !== undefined && { body }), agent });
};

const json = { "content-type": "application/json" };
const signedIn = { cookie: `latchkey-session=${random.token()}` };
const requests: (Sent & { readonly path: string; readonly method: string })[] = [
  ...routes.flatMap(({ path: pattern, endpoints }) => {
    const path = pattern.replace(/\{\w+\}/, "google");
    return ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"].flatMap((method) =>
      method === "GET" || method === "HEAD" || !endpoints.has(method)
        ? [{ method, path: `${path}?a=b` }]
        : [
            { method, path, headers: json, body: "{}" },
            { method, path, headers: { ...json, ...signedIn }, body: "{" },
            { method, path, headers: { "content-type": "text/plain" }, body: "{}" },
            { method, path, headers: { ...json, origin: "https://evil.example" }, body: "{}" },
          ],
    );
  }),
  { method: "GET", path: "/api/v1/session", headers: signedIn },
  { method: "GET", path: "/api/auth/session", headers: signedIn },
  { method: "DELETE", path: "/api/v1/session", headers: signedIn },
];

test("responds to every request as the route handler does", async () => {
  const port = await serve();
  const handle = createApiHandler(world, () => {});
  const withoutReference = (body: string) => body.replace(/"requestId":"[^"]+"/, "");
  for (const sent of requests) {
    const { method, path, headers, body } = sent;
    const init = {
      method,
      headers: { ...headers } as Record<string, string>,
      ...(body !== undefined && { body }),
    };
    const expected = await handle(new Request(env.origin.origin + path, init));
    const actual = await respond(port, sent);
    const ofHandler = Object.fromEntries(expected.headers);
    expect([sent, actual.status, withoutReference(actual.body)]).toEqual([
      sent,
      expected.status,
      withoutReference(await expected.text()),
    ]);
    expect(actual.headers).toMatchObject(ofHandler);
  }
  expect(requests.length).toBeGreaterThan(150);
});

test("every response has the headers of the request gate", async () => {
  const port = await serve();
  const { headers } = await respond(port, { method: "GET", path: "/api/v1/session" });
  expect(headers).toMatchObject({
    "content-security-policy": expect.stringContaining("default-src 'none'") as string,
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
  });
});

test("leaves other paths to Next", async () => {
  const port = await serve();
  for (const path of ["/", "/api/v1/nothing", "/api/v1/session/", "/api/v1", "/api/mine"])
    expect([path, (await respond(port, { method: "GET", path })).status]).toEqual([path, 299]);
});

test("what it leaves to Next has the headers of other requests to Next", async () => {
  await serve();
  let setBefore: unknown;
  const { port } = await listen((_, response) => {
    setBefore = response.getHeader("Cache-Control");
    response.setHeader("Cache-Control", "s-maxage=60");
    response.setHeader("Content-Security-Policy", "sandbox");
    response.writeHead(299).end();
  });
  const { headers } = await respond(port, { method: "GET", path: "/api/v1/nothing" });
  // Next sets none of its own then.
  expect(setBefore).toBe("private, no-store");
  expect(headers).toMatchObject({
    "cache-control": "private, no-store",
    "content-security-policy": "sandbox",
    "x-content-type-options": "nosniff",
  });
});

test("a refusal before it has the headers of both", async () => {
  const port = await serve();
  const { status, headers } = await respond(port, { method: "PROPFIND", path: "/api/v1/session" });
  expect(status).toBe(405);
  expect(headers).toMatchObject({
    allow: "GET, HEAD, POST, PUT, PATCH, DELETE",
    "content-type": "application/problem+json",
    "x-content-type-options": "nosniff",
  });
});

test("what is left to do runs after the response, and the server can wait for it", async () => {
  const afterResponses = new AfterResponses();
  const order: string[] = [];
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const { port } = await listen((_, response) => {
    afterResponses.of(response)(async () => {
      order.push("task");
      await released;
      order.push("task is done");
    });
    order.push("response");
    response.end();
  });
  await respond(port, { method: "GET", path: "/" });
  await expect.poll(() => order).toEqual(["response", "task"]);
  const settled = afterResponses.settled().then(() => order.push("settled"));
  release();
  await settled;
  expect(order).toEqual(["response", "task", "task is done", "settled"]);
});

test("it also runs when the client has gone before the response", async () => {
  const afterResponses = new AfterResponses();
  let done = () => {};
  const isDone = new Promise<void>((resolve) => (done = resolve));
  const { port } = await listen((_, response) => {
    const after = afterResponses.of(response);
    response.once("close", () => setImmediate(() => after(done)));
    socket.destroy();
  });
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await isDone;
});
