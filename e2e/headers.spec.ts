import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { send, type Sent } from "./support/http";
import { setUser, testWithProviders as test } from "./support/oidc";
import { routes } from "./support/routes";
import { expect } from "./support/test";
import { startOAuth, signInWithProvider } from "./support/oauth";

/** A request, and its possible statuses. */
type Visit = readonly [path: string, status: number | readonly number[], sent?: Sent];

test("every response has the security headers", async ({
  client,
  server,
  inbox,
  oidc,
  newClient,
  newAddress,
}) => {
  setUser(oidc.google, newAddress("ada"));
  await signInWithProvider(client, "google");
  const stranger = newClient();
  const authorizationUrl = await startOAuth(stranger, "google");
  client.jar.set("latchkey-oauth_redirect", stranger.jar.get("latchkey-oauth_redirect")!);
  const leo = newAddress("leo");
  await client.requestLink(leo);
  const { token } = await inbox.letterTo(leo);
  const page = await client.get("/sign-in/check");
  const assets = [...page.body.matchAll(/"(\/latchkey\/_next\/static\/[^"]+)/g)].map(
    ([, path]) => path!,
  );
  expect(assets.length).toBeGreaterThan(0);
  const visits: readonly Visit[] = [
    ...routes({ token, id: randomUUID(), provider: "google", before: "1" }).map(
      (path) => [path, expectedOf(path)] as const,
    ),
    ["/sign-in/continue", 200],
    ["/account/disconnect/google", 200],
    ["/account/disconnect/linkedin", 404],
    ...["google", "linkedin"].flatMap((provider): Visit[] => {
      const path = `/api/auth/callback/${provider}`;
      return [
        [path, 307],
        [`${path}?code=x&state=y`, 307],
        [`${path}?code=x&state=y`, 404, { method: "HEAD" }],
        [path, 404, { method: "POST", body: "code=x&state=y" }],
      ];
    }),
    ["/l/unknown", 200],
    ["/nothing/here", 404],
    ["/account/nothing", 404],
    ["/account", 200, { headers: { rsc: "1" } }],
    [`/l/${token}`, 200, { headers: { rsc: "1" } }],
    ["/account", 200, { headers: { rsc: "1", "next-router-prefetch": "1" } }],
    [
      "/sign-in",
      403,
      {
        method: "POST",
        body: "x=1",
        headers: {
          origin: "https://evil.example",
          "content-type": "application/x-www-form-urlencoded",
        },
      },
    ],
    [
      "/sign-in",
      413,
      { method: "POST", body: "x".repeat(70_000), headers: { origin: server.origin } },
    ],
    ["/sign-in", 421, { headers: { host: "evil.example" } }],
    ["/sign-in", 307, { headers: { host: "127.0.0.1" } }],
    ["/latchkey/latchkey.js", 200],
    ["/latchkey/icon.svg", 200],
    ...assets.map((path) => [path, 200] as const),
    ["/latchkey/_next/static/nothing.js", 404],
    ["/_next/static/nothing.js", 404],
    ["/_next/image?url=%2Flatchkey%2Ficon.svg&w=64&q=75", [400, 404]],
    ["/%", [400, 404]],
    ["/_global-error", 404],
    ["/dashboard/", 308],
    ["/dashboard", 404, { headers: { rsc: "1" } }],
    [`http://evil.example/account`, 421],
  ];
  for (const [path, status, sent] of visits) {
    const { headers, body, ...response } = await client.send(path, sent);
    const what = `${path} (${response.status})`;
    expect([status].flat(), what).toContain(response.status);
    expect(headers, what).toMatchObject({
      "x-content-type-options": "nosniff",
      "cross-origin-opener-policy": "same-origin",
      "permissions-policy": expect.stringContaining("camera=()"),
      "referrer-policy": path.startsWith("/l/") || path === "/l" ? "strict-origin" : "same-origin",
    });
    expect(headers["x-powered-by"], what).toBeUndefined();
    expect(headers["access-control-allow-origin"], what).toBeUndefined();
    const policy = String(headers["content-security-policy"]);
    for (const directive of ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"])
      expect(policy, what).toContain(directive);
    expect(policy, what).not.toMatch(/unsafe-inline|unsafe-eval|\*/);
    if (headers["content-type"]?.startsWith("text/html")) {
      // No inline script or style, and only our own script files.
      expect(policy, what).toContain("script-src 'self';");
      expect(policy, what).not.toContain("nonce");
      expect(headers["cache-control"], what).toContain("private");
      for (const [tag] of body.matchAll(/<(script|style)\b[^>]*>/g))
        expect(tag, what).toMatch(/^<script src="\/latchkey\/(latchkey|password)\.js"/);
      expect(body, what).not.toMatch(/\son\w+="|javascript:/);
      // Only the redirect page has a link to another origin, the provider's.
      const ours =
        path === "/sign-in/continue" ? body.replace(inHtml(authorizationUrl), "/") : body;
      expect(ours, what).not.toMatch(/(?:src|href)="(?:https?:)?\/\/(?!localhost)/);
    }
    const isFile = path.includes("/_next/static/") || /\.(js|svg|json)$/.test(path);
    if (!isFile) expect(headers["cache-control"] ?? "none", what).toMatch(/no-store/);
    if (!isFile)
      expect(headers["cache-control"] ?? "", what).not.toMatch(/public|s-maxage|max-age=[1-9]/);
    expect(headers["x-robots-tag"], what).toBe("noindex");
  }
});

const inHtml = (url: string) => `href="${url.replaceAll("&", "&amp;")}"`;

/** The expected status of GET on a route; some API routes only allow other methods. */
function expectedOf(path: string): number | readonly number[] {
  if (path === "/unavailable") return 503;
  // These servers have no token for metrics.
  if (path === "/failed" || path === "/metrics") return 404;
  if (path === "/check") return 204;
  if (path === "/.well-known/change-password") return 302;
  // For others than staff.
  if (path.startsWith("/admin/")) return 404;
  return path.startsWith("/api/") ? [200, 404, 405] : [200, 307];
}

test("the session cookie is HttpOnly, for this host, and ends with the browser", async ({
  client,
  inbox,
  newAddress,
}) => {
  const email = newAddress("ada");
  await client.requestLink(email);
  const { path } = await inbox.letterTo(email);
  const { headers } = await client.submit(path, "Sign in");
  const cookie = headers["set-cookie"]?.find((header) => header.startsWith("latchkey-session="));
  expect(cookie?.split("; ").slice(1).sort()).toEqual(["HttpOnly", "Path=/", "SameSite=lax"]);
});

test("the sign-in page of a first visit is the rendered one, with the same headers", async ({
  server,
}) => {
  for (const agent of ["Firefox/140", "Instagram 300"]) {
    const headers = { "user-agent": agent };
    // With any query the page is rendered for the request.
    const rendered = await send(server, "/sign-in?x", { headers });
    const fromMemory = await send(server, "/sign-in", { headers });
    expect(fromMemory.body).toBe(rendered.body);
    expect(withoutVarying(fromMemory.headers)).toEqual(withoutVarying(rendered.headers));
    expect(fromMemory.body.includes("Continue with Google")).toBe(agent.startsWith("Firefox"));
  }
});

const withoutVarying = ({ date: _, "set-cookie": cookies, ...headers }: IncomingHttpHeaders) => ({
  ...headers,
  cookies: cookies?.map((cookie) => cookie.replace(/=[^;]+/, "")),
});
