import { createServer, type IncomingHttpHeaders, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { parseEnv } from "@/lib/core/env";
import { methods } from "@/lib/methods";
import { installRequestGate } from "./request-gate";

const local = {
  ...parseEnv(
    {
      TOKEN_KEY: "A".repeat(43),
      OUTBOX_KEY: "B".repeat(43),
      AUTH_SECRET: "C".repeat(43),
      AUDIT_KEY: "D".repeat(43),
    },
    methods(),
  ),
  production: true,
};

const phone = "Mozilla/5.0 (iPhone) AppleWebKit/605 Mobile/15E148 Instagram 300";
const laptop = "Mozilla/5.0 (Linux) Firefox/140";

/** The requests that were rendered. */
let rendered: { url: string; headers: IncomingHttpHeaders }[];
let status: number;
let server: Server;
let origin: URL;

beforeEach(async () => {
  rendered = [];
  status = 200;
  server = createServer(({ url = "", headers }, response) => {
    rendered.push({ url, headers });
    response.writeHead(status, { "Content-Type": "text/html; charset=utf-8" });
    response.end(`<p>${rendered.length} ${headers["user-agent"]} ${headers.cookie}</p>`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  installRequestGate({ ...local, origin }, { info: () => {}, warn: () => {}, error: () => {} });
});

afterEach(() => {
  Reflect.deleteProperty(Server.prototype, "emit");
  server.close();
  server.closeAllConnections();
});

async function visit(path: string, headers: Record<string, string> = {}, method = "GET") {
  const response = await fetch(origin.origin + path, {
    method,
    headers: { "user-agent": laptop, ...headers },
    redirect: "manual",
  });
  return { status: response.status, html: await response.text(), headers: response.headers };
}

const mailRequest = `latchkey-mail_request=${"x".repeat(43)}`;

it("is rendered once, for a request that has nothing of a visitor", async () => {
  const [first, ...others] = await Promise.all([
    visit("/sign-in", { "x-forwarded-for": "203.0.113.9", "accept-language": "fr" }),
    visit("/sign-in", { cookie: mailRequest }),
    visit("/sign-in", { cookie: `${mailRequest}; latchkey-time-zone=Europe%2FParis` }),
  ]);
  for (const other of others) expect(other.html).toBe(first.html);
  expect(rendered.length).toBe(1);
  const { host, connection, ...headers } = rendered[0]!.headers;
  expect(headers).toEqual({
    "user-agent": "Mozilla/5.0",
    "x-forwarded-for": "127.0.0.1",
    "x-forwarded-host": host,
    "x-forwarded-proto": "http",
    "x-own-page": "without-framework",
  });
  expect([host, connection]).toEqual([origin.host, "close"]);
});

it("gives every browser a cookie of its own", async () => {
  const [one, other] = [await visit("/sign-in"), await visit("/sign-in")];
  const cookies = [one, other].map(({ headers }) => headers.get("set-cookie"));
  expect(cookies[0]).toMatch(/^latchkey-mail_request=[\w-]{43};/);
  expect(cookies[1]).toMatch(/^latchkey-mail_request=[\w-]{43};/);
  expect(cookies[0]).not.toBe(cookies[1]);
  expect((await visit("/sign-in", { cookie: mailRequest })).headers.get("set-cookie")).toBeNull();
});

it("is another one inside an app", async () => {
  const usual = await visit("/sign-in");
  const inApp = await visit("/sign-in", { "user-agent": phone });
  expect(inApp.html).not.toBe(usual.html);
  expect((await visit("/sign-in", { "user-agent": phone })).html).toBe(inApp.html);
  expect((await visit("/sign-in")).html).toBe(usual.html);
});

it.each([
  ["/sign-in?next=%2Faccount", {}],
  ["/sign-in?x", {}],
  ["/sign-in?note=session_ended", {}],
  ["/sign-up", {}],
  ...["session", "flash", "method", "device", "suspended_action", "oauth_attempt-x"].map(
    (name) => ["/sign-in", { cookie: `${mailRequest}; latchkey-${name}=x` }] as const,
  ),
  ["/sign-in", { cookie: "theme=dark" }],
] as const)("is rendered for each request of %s with %o", async (path, headers) => {
  const pages = [await visit(path, headers), await visit(path, headers)];
  expect(pages[0]!.html).not.toBe(pages[1]!.html);
  expect(rendered.map(({ url }) => url)).toEqual([path, path]);
});

it("answers HEAD with the headers of the page", async () => {
  const page = await visit("/sign-in");
  const head = await visit("/sign-in", {}, "HEAD");
  expect(head.status).toBe(200);
  expect(head.html).toBe("");
  expect(head.headers.get("content-length")).toBe(String(page.html.length));
  expect(rendered.length).toBe(1);
});

it("is not kept when it could not be rendered", async () => {
  status = 503;
  expect((await visit("/sign-in")).status).toBe(503);
  status = 200;
  const page = await visit("/sign-in");
  expect(page.status).toBe(200);
  expect((await visit("/sign-in")).html).toBe(page.html);
});
