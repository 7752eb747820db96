import { once } from "node:events";
import { rmSync } from "node:fs";
import { connect } from "node:http2";
import { localCertificate } from "@/test/support/local-certificate";
import { Client } from "./support/client";
import { cookiesOf, send } from "./support/http";
import { startDeployedNginx } from "./support/reverse-proxy";
import { freePort, Server } from "./support/server";
import { expect, test as base } from "./support/test";

/** A server behind `deploy/nginx.conf`, as on one machine with a certificate. */

interface Ports {
  readonly tls: number;
  readonly plain: number;
}

const test = base.extend<object, { ports: Ports }>({
  ports: [
    async ({}, use) => use({ tls: await freePort(), plain: await freePort() }),
    { scope: "worker" },
  ],
  server: [
    async ({ database, ports }, use) => {
      const server = await Server.start({
        databaseUrl: database.url,
        origin: `https://localhost:${ports.tls}`,
        settings: { TRUSTED_PROXY_HOPS: "1" },
      });
      const nginx = await startDeployedNginx({ ...ports, latchkey: server.port });
      await use(server);
      await nginx.stop();
      await server.stop();
      rmSync(server.dataDir, { recursive: true, force: true });
    },
    { scope: "worker" },
  ],
});

const behind = ({ tls }: Ports, from = "127.0.0.1") => ({
  port: tls,
  origin: `https://localhost:${tls}`,
  certificate: localCertificate.cert,
  from,
});

test(
  "a person signs in by TLS: the cookies are for this host alone, and the session has the person's IP",
  { tag: "@long" },
  async ({ ports, inbox, newAddress }) => {
    const email = newAddress("ada");
    // A client may claim another address and a proxy before this one.
    const browser = new Client(behind(ports, "127.0.0.7"), {
      "x-forwarded-for": "203.0.113.9",
      "x-real-ip": "203.0.113.9",
      "x-forwarded-proto": "http",
      "x-forwarded-host": "evil.example",
    });
    await browser.submit("/sign-in", "Email me a sign-in link", { email });
    const { path, link } = await inbox.letterTo(email);
    expect(link).toBe(behind(ports).origin + path);
    const signedIn = await browser.submit(path, "Sign in");
    const cookies = cookiesOf(signedIn);
    expect([...cookies.keys()]).toContain("__Host-session");
    for (const [name, { attributes }] of cookies) {
      expect(name).toMatch(/^__Host-/);
      expect(attributes).toEqual(expect.arrayContaining(["Path=/", "HttpOnly", "Secure"]));
    }
    expect(signedIn.headers.location).toMatch(/^(\/|https:\/\/localhost:)/);
    const { sessions } = JSON.parse((await browser.get("/api/v1/sessions")).body) as {
      sessions: { ip: string }[];
    };
    expect(sessions.map(({ ip }) => ip)).toEqual(["127.0.0.7"]);
  },
);

test("a browser may use HTTP/2", { tag: "@long" }, async ({ ports }) => {
  const { origin, certificate } = behind(ports);
  const session = connect(origin, { ca: certificate });
  await once(session, "connect");
  expect(session.alpnProtocol).toBe("h2");
  const request = session.request({ ":path": "/sign-in" });
  const [headers] = (await once(request, "response")) as [Record<string, string | number>];
  expect(headers[":status"]).toBe(200);
  expect(headers["strict-transport-security"]).toMatch(/^max-age=/);
  request.resume();
  await once(request, "end");
  session.close();
});

test("many cookies of other apps pass", { tag: "@long" }, async ({ ports }) => {
  // One line longer than the buffer of nginx by default, and below what Node accepts.
  const cookie = `app=${"x".repeat(12_000)}`;
  const { status } = await send(behind(ports), "/sign-in", { headers: { cookie } });
  expect(status).toBe(200);
});

test(
  "http leads to https, and only this machine is told what is inside",
  { tag: "@long" },
  async ({ ports, server }) => {
    const plain = await send(
      { port: ports.plain, origin: "http://localhost" },
      "/sign-in?next=%2Fx",
    );
    expect([plain.status, plain.headers.location]).toEqual([
      301,
      "https://localhost/sign-in?next=%2Fx",
    ]);
    for (const path of ["/check", "/readyz", "/metrics"]) {
      expect((await send(behind(ports), path)).status, path).toBe(404);
    }
    for (const path of ["/check", "/readyz"])
      expect([200, 401]).toContain((await send(server, path)).status);
    expect((await send(behind(ports), "/livez")).status).toBe(200);
  },
);
