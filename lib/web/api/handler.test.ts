import { describe, expect, it } from "vitest";
import { noMetrics } from "@/lib/adapters/no-metrics";
import type { World } from "@/lib/runtime/ports";
import { bounds } from "@/lib/core/policy";
import { random } from "@/lib/core/crypto";
import { testEnv } from "@/test/support/world";
import { createApiHandler } from "./handler";
import { routes } from "./routes";

const origin = "http://localhost:3000";
const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"];

interface LogLine {
  readonly event: string;
  readonly facts: Record<string, unknown>;
}

/** A handler in a world without a database. */
function setUp(changes: Partial<World> = {}) {
  const logged: LogLine[] = [];
  const log = (event: string, facts: Record<string, unknown> = {}) =>
    void logged.push({ event, facts });
  const world = {
    env: testEnv(),
    random,
    log: { info: log, warn: log, error: log },
    isDatabaseUnavailable: () => false,
    metrics: noMetrics,
    ...changes,
  } as unknown as World;
  const handle = createApiHandler(world, () => {});
  const ask = (path: string, init?: RequestInit) => handle(new Request(origin + path, init));
  return { handle, ask, logged };
}

const asJson = (body: BodyInit, type = "application/json"): RequestInit => ({
  method: "POST",
  body,
  headers: { "content-type": type },
});

async function expectProblem(response: Response, status: number, code: string, isHead = false) {
  expect(response.status).toBe(status);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(response.headers.get("cache-control")).toBe("private, no-store");
  const body = await response.text();
  if (isHead) return expect(body).toBe("");
  return expect(JSON.parse(body)).toEqual({
    type: `urn:latchkey:problem:${code}`,
    code,
    status,
    title: expect.stringMatching(/\.$/),
    requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
}

describe("a method that a path does not have", () => {
  const unused = routes.flatMap(({ path, endpoints }) => {
    const used = [...endpoints.keys()].flatMap((name) =>
      name === "GET" ? [name, "HEAD"] : [name],
    );
    return methods
      .filter((method) => !used.includes(method))
      .map((method) => ({ method, path, allow: used.join(", ") }));
  });

  it.each(unused)("$method $path is a 405 that lists $allow", async ({ method, path, allow }) => {
    const { ask, logged } = setUp();
    const response = await ask(path.replace(/\{\w+\}/, "google"), { method });
    expect(response.headers.get("allow")).toBe(allow);
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
    await expectProblem(response, 405, "method_not_allowed", method === "HEAD");
    expect(logged).toEqual([
      {
        event: "refused",
        facts: { flow: "api", code: "method_not_allowed", requestId: expect.any(String) as string },
      },
    ]);
  });

  it("is looked for at every path there is", () => {
    expect(unused.length).toBeGreaterThan(routes.length * 4);
  });
});

describe("a path that does not exist", () => {
  it.each([
    "/api",
    "/api/",
    "/api/v1",
    "/api/v1/",
    "/api/v1/nothing",
    "/api/v1/Session",
    "/api/v1/session/",
    "/api/v1//session",
    "/api/v1/sess%69on",
    "/api/v1/sessions/",
    "/api/v1/sessions/a/b",
    "/api/v1/sessions/{id}/x",
    "/api/v1/sessions/%",
    "/api/v1/sessions/%zz",
    "/api/v1/sessions/%c3",
    "/api/v1/auth-providers/%ff",
    "/api/v1/__proto__",
    "/api/v1/session/proofs",
    "/api/auth/signin",
    "/api/auth/callback/google?code=x&state=y",
  ])("is a 404: %s", async (path) => {
    for (const method of methods) {
      const { ask } = setUp();
      await expectProblem(await ask(path, { method }), 404, "not_found", method === "HEAD");
    }
  });
});

describe("a body", () => {
  const paths = routes
    .filter(({ path, endpoints }) => endpoints.has("POST") && !path.includes("{"))
    .map(({ path }) => path);

  it.each(paths)("that is no JSON is refused before any flow runs: %s", async (path) => {
    const { ask } = setUp();
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "application/json; charset=utf-16",
      "application/jsonp",
      "",
    ])
      await expectProblem(await ask(path, asJson("{}", type)), 415, "unsupported_media_type");
    await expectProblem(await ask(path, { method: "POST" }), 415, "unsupported_media_type");
    for (const text of ["", "{", "undefined", "{'a':1}", "[1,]", '{"a":1}{'])
      await expectProblem(await ask(path, asJson(text)), 400, "invalid_input");
    const notUtf8 = new Uint8Array([0x22, 0xff, 0x22]);
    await expectProblem(await ask(path, asJson(notUtf8)), 400, "invalid_input");
    const large = `"${"a".repeat(bounds.bodyBytes - 1)}"`;
    await expectProblem(await ask(path, asJson(large)), 413, "body_too_large");
  });
});

describe("a look", () => {
  it.each([
    ["/api/v1/session", { session: null }],
    ["/api/v1/session?session=x", { session: null }],
    ["/api/auth/session", null],
    ["/api/v1/openapi.json", expect.objectContaining({ openapi: "3.1.0" }) as unknown],
  ])("at %s is for this caller alone, and by HEAD has no body", async (path, said) => {
    const { ask } = setUp();
    const response = await ask(path);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(response.headers.get("cache-control")).toBe("private, no-store");
    expect(response.headers.has("set-cookie")).toBe(false);
    const head = await ask(path, { method: "HEAD" });
    expect(head.status).toBe(200);
    expect([...head.headers]).toEqual([...response.headers]);
    expect(await response.json()).toEqual(said);
    expect(await head.text()).toBe("");
  });
});

describe("what goes wrong", () => {
  const signedIn = { headers: { cookie: `latchkey-session=${random.token()}` } };

  it("is a 500 that tells nothing but the reference which the log has", async () => {
    const error = new Error("select * from sessions where digest = 'secret'");
    const db = new Proxy(
      {},
      {
        get: () => () => {
          throw error;
        },
      },
    );
    const { ask, logged } = setUp({ db: db as unknown as World["db"] });
    for (const path of ["/api/v1/session", "/api/v1/sessions", "/api/auth/session"]) {
      const response = await ask(path, signedIn);
      const { requestId } = (await response.clone().json()) as { requestId: string };
      expect(await response.clone().text()).not.toContain("select");
      await expectProblem(response, 500, "internal_error");
      expect(logged.splice(0)).toEqual([
        { event: "flow.failed", facts: expect.objectContaining({ requestId }) as unknown },
      ]);
    }
  });

  it("is a 500 too where it goes wrong outside of a flow", async () => {
    const { handle, logged } = setUp();
    const request = new Request(`${origin}/api/v1/magic-links`, asJson("{}"));
    // Its body cannot be read once more.
    await request.arrayBuffer();
    const response = await handle(request);
    await expectProblem(response, 500, "internal_error");
    expect(logged.map(({ event }) => event)).toEqual(["api.failed"]);
  });

  it("is a 503 that says when to try again while the database is away", async () => {
    const db = new Proxy(
      {},
      {
        get: () => () => {
          throw new Error("gone");
        },
      },
    );
    const { ask } = setUp({ db: db as unknown as World["db"], isDatabaseUnavailable: () => true });
    const response = await ask("/api/v1/session", signedIn);
    expect(response.status).toBe(503);
    const { code, retryAfter } = (await response.json()) as { code: string; retryAfter: number };
    expect(code).toBe("unavailable");
    expect(response.headers.get("retry-after")).toBe(String(retryAfter));
  });
});
