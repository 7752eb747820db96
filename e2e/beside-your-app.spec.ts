import { rmSync } from "node:fs";
import type { OutgoingHttpHeaders } from "node:http";
import { en } from "@/messages/en";
import { bounds } from "@/lib/core/policy";
import { Client } from "./support/client";
import { startEchoApp, startNginx, startProgram } from "./support/reverse-proxy";
import { freePort, Server } from "./support/server";
import { expect, test as base } from "./support/test";

/**
 * Apps beside Latchkey, behind nginx with the recipes of `examples/`. All is in the long part: the rules
 * have tests of their own, and only these need nginx and Python.
 */

interface Ports {
  /** Latchkey's origin, which it shares with an app. */
  readonly own: number;
  readonly node: number;
  readonly python: number;
  /** A site whose proxy does not pass the cookies on to the check. */
  readonly withoutCookies: number;
  /** Where the app in Node listens itself. */
  readonly nodeApp: number;
}

const originOf = (port: number) => `http://localhost:${port}`;

const test = base.extend<object, { ports: Ports }>({
  ports: [
    async ({}, use) => {
      const [own, node, python, withoutCookies, nodeApp] = [
        await freePort(),
        await freePort(),
        await freePort(),
        await freePort(),
        await freePort(),
      ];
      await use({ own, node, python, withoutCookies, nodeApp });
    },
    { scope: "worker" },
  ],
  server: [
    async ({ database, ports }, use) => {
      const { own, node, python, withoutCookies, nodeApp } = ports;
      const server = await Server.start({
        databaseUrl: database.url,
        origin: originOf(own),
        settings: {
          TRUSTED_PROXY_HOPS: "1",
          APP_ORIGINS: [node, python, withoutCookies].map(originOf).join(),
        },
      });
      const echo = await startEchoApp();
      const pythonApp = await freePort();
      const settings = (app: number, proxy: number) => ({
        PORT: String(app),
        ORIGIN: originOf(proxy),
        LATCHKEY: `http://127.0.0.1:${server.port}`,
      });
      const apps = [
        startProgram(process.execPath, ["examples/node/server.mjs"], settings(nodeApp, node)),
        startProgram("python3", ["examples/python/server.py"], settings(pythonApp, python)),
      ];
      const latchkey = server.port;
      const nginx = await startNginx([
        { port: own, latchkey, app: echo.port },
        { port: node, latchkey, app: nodeApp },
        { port: python, latchkey, app: pythonApp },
        { port: withoutCookies, latchkey, app: echo.port, passesCookies: false },
      ]);
      await apps[0]!.listens(nodeApp);
      await apps[1]!.listens(pythonApp);
      await use(server);
      await nginx.stop();
      for (const app of apps) await app.stop();
      echo.stop();
      await server.stop();
      rmSync(server.dataDir, { recursive: true, force: true });
    },
    { scope: "worker" },
  ],
});

const at = (port: number, { jar }: { jar?: Client["jar"] } = {}) => {
  const client = new Client({ port, origin: originOf(port) }, navigation);
  for (const [name, value] of jar ?? []) client.jar.set(name, value);
  return client;
};

const navigation: OutgoingHttpHeaders = { accept: "text/html", "sec-fetch-mode": "navigate" };

interface Seen {
  readonly app: true;
  readonly url: string;
  readonly headers: Record<string, string>;
}
const seen = ({ body }: { body: string }) => JSON.parse(body) as Seen;

test(
  "a person signs in and comes back to the app, which learns who it is and when they sign out",
  { tag: "@long" },
  async ({ server, ports, inbox, newAddress }) => {
    const email = newAddress("ada");
    const browser = at(ports.own);
    const visit = "/app?tab=1&x={a|b}";
    const refused = await browser.get(visit);
    expect(refused.status).toBe(302);
    const signIn = browser.whereTo(refused)!;
    expect(signIn).toMatch(/^\/sign-in\?next=/);
    await browser.submit(signIn, "Email me a sign-in link", { email });
    const { path } = await inbox.letterTo(email);
    const back = await browser.follow(await browser.submit(path, "Sign in"));
    expect(back.status).toBe(200);
    expect(seen(back).url).toBe("/app?tab=1&x=%7Ba%7Cb%7D");
    const { session } = JSON.parse((await browser.get("/api/v1/session")).body) as {
      session: { userId: string };
    };
    expect(seen(back).headers).toMatchObject({
      "remote-user": session.userId,
      "remote-email": email,
    });

    // Each side has its own pages for what does not exist, and its own files.
    expect(seen(await browser.get("/nothing"))).toMatchObject({ app: true });
    expect((await browser.get("/nothing")).status).toBe(404);
    for (const own of ["/account/nothing", "/l/x/y"]) {
      const { status, body } = await browser.get(own);
      expect([status, body]).toEqual([404, expect.stringContaining(en["notFound.title"])]);
    }
    const { body: page } = await browser.get("/account");
    const files = [...page.matchAll(/(?:src|href)="(\/[^"]+\.(?:css|js|svg)[^"]*)"/g)];
    expect(files.length).toBeGreaterThan(2);
    for (const [, file] of files) {
      expect(file).toMatch(/^\/latchkey\//);
      expect((await browser.get(file!)).status).toBe(200);
    }
    expect(seen(await browser.get("/_next/static/x.js"))).toMatchObject({ app: true });
    expect(seen(await browser.get("/"))).toMatchObject({ app: true });

    expect((await browser.submit("/account", "Sign out")).status).toBe(303);
    expect((await browser.get("/app")).status).toBe(302);
    expect(server.outputLines.join("\n")).not.toMatch(/"level":"error"/);
  },
);

test(
  "an app never sees an identity that a client has sent",
  { tag: "@long" },
  async ({ ports, inbox, newAddress }) => {
    const email = newAddress("ada");
    const forged = {
      "Remote-User": "root",
      "remote-email": "root@example.com",
      Remote_User: "root",
      REMOTE_EMAIL: "root@example.com",
      "x-forwarded-host": "evil.example",
      "x-forwarded-proto": "gopher",
    };
    const browser = at(ports.own);
    for (const headers of [forged, { ...forged, "sec-fetch-mode": "cors" }])
      expect([302, 401]).toContain((await browser.send("/app", { headers })).status);
    await browser.signIn(email, inbox);
    const { headers } = seen(await browser.send("/app", { headers: forged }));
    const identities = Object.entries(headers).filter(([name]) => /^remote/.test(name));
    expect(Object.fromEntries(identities)).toEqual({
      "remote-user": expect.stringMatching(/^[0-9a-f-]{36}$/),
      "remote-email": email,
    });
    // An app that trusts its proxy builds links from these.
    expect([headers["x-forwarded-host"], headers["x-forwarded-proto"]]).toEqual([
      new URL(originOf(ports.own)).host,
      "http",
    ]);
  },
);

test(
  "no header of a client changes where it is sent, and a script gets a status",
  { tag: "@long" },
  async ({ ports }) => {
    const browser = at(ports.own);
    const forged = {
      "x-forwarded-host": "evil.example",
      "x-forwarded-proto": "https",
      "x-forwarded-uri": "/evil",
      "x-original-url": "https://evil.example/",
      "x-original-method": "POST",
    };
    const sent = await browser.send("/app", { headers: forged });
    expect(browser.whereTo(sent)).toBe("/sign-in?next=%2Freturn%3Fto%3D%252Fapp");
    const foreign = await browser.send("/app", { headers: { host: "evil.example" } });
    expect([foreign.status, foreign.headers.location]).toEqual([403, undefined]);
    for (const headers of [{ "sec-fetch-mode": "cors" }, { "sec-fetch-mode": "no-cors" }])
      expect(await browser.send("/app", { headers })).toMatchObject({ status: 401 });
    const posted = await browser.send("/app", { method: "POST", body: "x=1" });
    expect(posted.status).toBe(401);
  },
);

for (const language of ["node", "python"] as const)
  test(
    `the app in ${language}, on another port, asks who is signed in`,
    { tag: "@long" },
    async ({ ports, inbox, newAddress }) => {
      const email = newAddress("ada");
      const app = at(ports[language]);
      const signIn = app.whereTo(await app.get("/?x=1"))!;
      expect(signIn).toMatch(new RegExp(`^${originOf(ports.own)}/sign-in\\?next=`));
      expect(signIn).not.toContain(String(ports[language]));
      const browser = at(ports.own);
      const { pathname, search } = new URL(signIn);
      await browser.submit(pathname + search, "Email me a sign-in link", { email });
      const { path } = await inbox.letterTo(email);
      const page = await browser.follow(await browser.submit(path, "Sign in"));
      expect(page.status).toBe(200);
      const [, back = ""] = /http-equiv="refresh" content="0;url=([^"]+)"/.exec(page.body) ?? [];
      expect(back).toBe(`${originOf(ports[language])}/?x=1`);

      const signedIn = at(ports[language], browser);
      expect(await signedIn.get("/?x=1")).toMatchObject({ status: 200, body: `Hello ${email}\n` });
      expect((await signedIn.get("/nothing")).status).toBe(404);
      const post = (origin?: string) =>
        signedIn.send("/", { method: "POST", body: "", headers: { origin } });
      expect((await post("https://evil.example")).status).toBe(403);
      expect((await post(originOf(ports.own))).status).toBe(403);
      expect((await post()).status).toBe(403);
      expect(await post(originOf(ports[language]))).toMatchObject({
        status: 200,
        body: `Saved for ${email}\n`,
      });
    },
  );

test(
  "the app in Node sends people to sign in without a proxy that does",
  { tag: "@long" },
  async ({ ports }) => {
    const { status, headers } = await at(ports.nodeApp).get("/?x=1");
    expect([status, headers.location]).toEqual([302, "/sign-in?next=%2F%3Fx%3D1"]);
  },
);

test(
  "a proxy that drops the cookies gets a page that says so, not a loop",
  { tag: "@long" },
  async ({ ports, inbox, newAddress }) => {
    const browser = at(ports.own);
    await browser.signIn(newAddress("ada"), inbox);
    const guarded = at(ports.withoutCookies, browser);
    const visit = async () => {
      const url = new URL(guarded.whereTo(await guarded.get("/app"))!);
      return browser.follow(await browser.get(url.pathname + url.search));
    };
    for (let n = 0; n < bounds.refusedReturns; n += 1)
      expect((await visit()).body).toContain(`0;url=${originOf(ports.withoutCookies)}/app`);
    const { status, body } = await visit();
    expect(status).toBe(409);
    expect(body).toContain("doesn’t pass your cookies on to /check");
    expect(body).not.toContain("http-equiv");
  },
);

test(
  "a browser gets to the app on another port, and out of a loop",
  { tag: "@long" },
  async ({ ports, ada }) => {
    await ada.open(`${originOf(ports.python)}/?x=1`);
    await ada.type("Email", ada.email);
    await ada.clickButton("Email me a sign-in link");
    await ada.submitCode((await ada.readsTheLetter()).code);
    await expect(ada.page).toHaveURL(`${originOf(ports.python)}/?x=1`);
    await expect(ada.page.locator("body")).toHaveText(`Hello ${ada.email}`);

    const origin = originOf(ports.withoutCookies);
    await ada.open(`${origin}/app`);
    await ada.seesTitle(en["return.loopTitle"].replace("{host}", new URL(origin).host));
  },
);
