import { readFileSync } from "node:fs";
import { passingChecks } from "@/test/support/health";
import type { Client } from "./support/client";
import type { HttpResponse, Sent } from "./support/http";
import { expect, test } from "./support/test";

/** The JSON API, called by programs and by pages of other sites. */

const json = (client: Client, path: string, body?: unknown, sent: Sent = {}) =>
  client.send(path, {
    ...sent,
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    headers: { "content-type": "application/json", ...sent.headers },
  });

/** Expects a problem (RFC 9457) with our code and a request id. */
function expectProblem(response: HttpResponse, status: number, code: string) {
  expect(response.status, response.body).toBe(status);
  expect(response.headers["content-type"]).toBe("application/problem+json");
  expect(response.headers["cache-control"]).toBe("private, no-store");
  expect(JSON.parse(response.body)).toMatchObject({
    type: `urn:latchkey:problem:${code}`,
    status,
    code,
    title: expect.stringMatching(/\.$/),
    requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
}

test("a program signs in by code, reads its session and account, and signs out", async ({
  client,
  inbox,
  newAddress,
}) => {
  const email = newAddress("ada");
  expect(JSON.parse((await client.get("/api/v1/session")).body)).toEqual({ session: null });
  expect(await json(client, "/api/v1/magic-links", { email, remember: true })).toMatchObject({
    status: 202,
    body: "",
  });
  expect(JSON.parse((await client.get("/api/v1/magic-links")).body)).toMatchObject({ email });
  const { code } = await inbox.letterTo(email);
  const signedIn = await json(client, "/api/v1/sessions", { email, code });
  expect(signedIn).toMatchObject({ status: 201, body: JSON.stringify({ next: "/account" }) });

  const { session } = JSON.parse((await client.get("/api/v1/session")).body) as {
    session: { id: string; userId: string; email: string };
  };
  expect(session.email).toBe(email);
  expect(JSON.parse((await client.get("/api/auth/session")).body)).toEqual({
    user: { id: session.userId, email },
    expires: expect.any(String),
  });
  const { sessions } = JSON.parse((await client.get("/api/v1/sessions")).body) as {
    sessions: unknown[];
  };
  expect(sessions).toEqual([expect.objectContaining({ id: session.id, current: true })]);
  expect(JSON.parse((await client.get("/api/v1/auth-providers")).body)).toMatchObject({
    authProviders: [{ provider: "magic_link" }],
  });
  expect((await client.send("/api/v1/session", { method: "DELETE" })).status).toBe(204);
  expect(client.jar.has("latchkey-session")).toBe(false);
  expect((await client.get("/api/auth/session")).body).toBe("null");
  expectProblem(await client.get("/api/v1/sessions"), 401, "sign_in_required");
});

test("a link can be previewed, needs the address in another browser, and works once", async ({
  newClient,
  inbox,
  newAddress,
}) => {
  const email = newAddress("ada");
  const [asker, other] = [newClient(), newClient()];
  await json(asker, "/api/v1/magic-links", { email });
  const { token } = await inbox.letterTo(email);
  const preview = await json(other, "/api/v1/magic-links/previews", { token });
  expect(JSON.parse(preview.body)).toMatchObject({ sameBrowser: false, signedInAs: null });
  expect(preview.body).not.toContain(email);
  expectProblem(await json(other, "/api/v1/sessions", { token }), 400, "email_mismatch");
  expectProblem(
    await json(other, "/api/v1/magic-links/cancellations", { token, email: "x@example.com" }),
    400,
    "email_mismatch",
  );
  expect((await json(other, "/api/v1/sessions", { token, email: email })).status).toBe(201);
  expectProblem(await json(asker, "/api/v1/sessions", { token }), 400, "link_invalid");
  expectProblem(
    await json(asker, "/api/v1/magic-links/cancellations", { token }),
    400,
    "link_invalid",
  );
});

test("another user cannot end Ada's session", async ({ newClient, inbox, newAddress }) => {
  const [ada, mallory] = [newClient(), newClient()];
  await ada.signIn(newAddress("ada"), inbox);
  await mallory.signIn(newAddress("mallory"), inbox);
  const { session } = JSON.parse((await ada.get("/api/v1/session")).body) as {
    session: { id: string };
  };
  const path = `/api/v1/sessions/${session.id}`;
  expectProblem(await mallory.send(path, { method: "DELETE" }), 404, "not_found");
  expectProblem(await newClient().send(path, { method: "DELETE" }), 401, "sign_in_required");
  expect((await ada.get("/api/v1/sessions")).status).toBe(200);
});

test("a page of another site cannot post, and a program can", async ({
  newClient,
  server,
  newAddress,
}) => {
  const ask = (headers: Sent["headers"]) =>
    json(newClient(), "/api/v1/magic-links", { email: newAddress("ada") }, { headers: headers! });
  for (const origin of ["https://evil.example", "null", "http://localhost:1", "://", "x"])
    expectProblem(await ask({ origin }), 403, "cross_site");
  for (const fetchSite of ["cross-site", "same-site", "none", "x"])
    expectProblem(await ask({ "sec-fetch-site": fetchSite }), 403, "cross_site");
  expect((await ask({ origin: server.origin })).status).toBe(202);
  expect((await ask({ "sec-fetch-site": "same-origin" })).status).toBe(202);
  expect((await ask({})).status).toBe(202);
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
    expectProblem(
      await json(newClient(), "/api/v1/magic-links", "a=b", { headers: { "content-type": type } }),
      415,
      "unsupported_media_type",
    );
  const preflight = await newClient().send("/api/v1/magic-links", { method: "OPTIONS" });
  expect(preflight.status).toBe(405);
  expect(preflight.headers["access-control-allow-origin"]).toBeUndefined();
});

test("invalid input is refused with a code that names the fault", async ({ client, db }) => {
  const links = "/api/v1/magic-links";
  const cases: [path: string, body: unknown, status: number, code: string][] = [
    [links, {}, 400, "email_missing"],
    [links, { email: "" }, 400, "email_missing"],
    [links, { email: ["ada@example.com"] }, 400, "email_missing"],
    [links, { email: "ada" }, 400, "email_invalid"],
    [links, { email: "ada@example.com\r\nBcc: eve@example.com" }, 400, "email_invalid"],
    [links, { email: "ada@example.com", role: "admin" }, 400, "invalid_input"],
    [links, { email: "ada@example.com", next: "\u0000" }, 400, "invalid_input"],
    [links, "{", 400, "invalid_input"],
    [links, "null", 400, "invalid_input"],
    [links, '"\\ud800"', 400, "invalid_input"],
    ["/api/v1/sessions", { email: "ada@example.com", code: 123456 }, 400, "code_malformed"],
    ["/api/v1/sessions", { email: "ada@example.com", code: "12345" }, 400, "code_malformed"],
    ["/api/v1/sessions", { token: null }, 400, "invalid_input"],
    ["/api/v1/sessions", { token: "x" }, 400, "link_invalid"],
    ["/api/v1/nothing", {}, 404, "not_found"],
  ];
  for (const [path, body, status, code] of cases) {
    await db.clearLimits();
    expectProblem(await json(client, path, body), status, code);
  }
  const large = await json(client, links, { email: "a".repeat(70_000) });
  expectProblem(large, 413, "body_too_large");
});

// This server trusts no proxy; the servers of the other HTTP tests do.
test("a forged IP address does not bypass the limit per network", async ({
  newClient,
  newAddress,
  db,
}) => {
  const ask = async (n: number) => {
    const client = newClient();
    const ip = `203.0.113.${n}`;
    const response = await client.submit(
      "/sign-in",
      "Email me a sign-in link",
      { email: newAddress("visitor") },
      {
        "x-forwarded-for": [ip, `127.0.0.1, ${ip}`],
        "x-real-ip": ip,
        forwarded: `for=${ip}`,
        "x-client-ip": ip,
        "cf-connecting-ip": ip,
        "true-client-ip": ip,
      },
    );
    return client.whereTo(response);
  };
  for (let n = 1; n <= 5; n += 1) expect(await ask(n)).toBe("/sign-in/check?asked");
  for (let n = 6; n <= 8; n += 1) expect(await ask(n)).toBe("/sign-in?next=%2Faccount");
  expect(await db.sql`select distinct ip from audit_event_details where ip like '203.%'`).toEqual(
    [],
  );
});

test("Auth.js serves the session and nothing else", async ({ client, inbox, newAddress }) => {
  await client.signIn(newAddress("ada"), inbox);
  const asked = [
    "signin",
    "signout",
    "csrf",
    "providers",
    "error",
    "verify-request",
    "callback/email?token=x",
  ];
  for (const action of asked)
    for (const method of ["GET", "POST"])
      expectProblem(
        await client.send(`/api/auth/${action}`, { method, headers: { cookie: undefined } }),
        404,
        "not_found",
      );
  client.jar.set("authjs.callback-url", "::::");
  const session = await client.get("/api/auth/session?callbackUrl=%3A%3A");
  expect(JSON.parse(session.body)).toHaveProperty("user.email");
});

test("the OpenAPI document is the checked-in one, and the health checks pass", async ({
  client,
}) => {
  const document = JSON.parse((await client.get("/api/v1/openapi.json")).body) as unknown;
  expect(document).toEqual(JSON.parse(readFileSync("docs/openapi.json", "utf8")));
  expect(await client.send("/livez", { headers: { host: "10.0.0.7" } })).toMatchObject({
    status: 200,
    body: "ok\n",
  });
  const ready = await client.send("/readyz", { headers: { host: "10.0.0.7" } });
  expect(ready.status).toBe(200);
  expect(JSON.parse(ready.body)).toEqual({
    status: "pass",
    checks: passingChecks,
  });
});
