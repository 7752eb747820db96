import { randomUUID } from "node:crypto";
import type { OutgoingHttpHeaders } from "node:http";
import type { Client } from "./support/client";
import { extents } from "./support/extents";
import { textOf } from "./support/forms";
import { disguises, spellings } from "./support/odd-requests";
import { setUser, testWithProviders as test } from "./support/oidc";
import { routes } from "./support/routes";
import { expect } from "./support/test";
import { authorizationUrlOf, startOAuth, callbackUrlFrom } from "./support/oauth";

const [, asAWhole] = extents;

const callbacks = ["/api/auth/callback/google", "/api/auth/callback/linkedin"];

/** A path without its dot segments, as the server reads it. */
const pathnameOf = (path: string) => new URL(`http://localhost${path}`).pathname;

const authorizationUrl = async (client: Client, path: string) =>
  authorizationUrlOf(
    client,
    await client.submit(path, path === "/sign-in" ? "Continue with Google" : "Connect Google"),
  );

for (const who of ["a stranger", "Ada, signed in"] as const)
  test(
    `${who} requests every path with GET and HEAD and changes nothing`,
    { tag: "@long" },
    async ({ newClient, server, db, oidc, inbox, newAddress }) => {
      const asker = newClient();
      const email = newAddress("leo");
      await asker.signUpAndVerify(email, "four unrelated words here", inbox);
      await asker.submit("/account/confirm", "Email me a link and a code");
      const stepUp = (await inbox.letterTo(email)).path;
      await asker.submit("/password", "Email me a link", { email });
      const reset = (await inbox.letterTo(email)).path;
      const signedIn = asker.jar.get("latchkey-session");
      asker.jar.delete("latchkey-session");
      await asker.requestLink(email);
      const { token, path: link } = await inbox.letterTo(email);
      const client = newClient();
      const ada = newAddress("ada");
      await (who === "a stranger" ? newClient() : client).signIn(ada, inbox);
      // This browser has a pending identity, and has started another OAuth attempt.
      setUser(oidc.google, ada);
      const url = await authorizationUrl(
        client,
        who === "a stranger" ? "/sign-in" : "/account/methods",
      );
      await client.get(await callbackUrlFrom(url));
      await authorizationUrl(client, who === "a stranger" ? "/sign-in" : "/account/methods");
      await expect.poll(() => db.isOutboxEmpty()).toBe(true);
      // A used link refunds its limits after the response.
      await db.clearLimits();
      const before = await db.dump();

      const files = [
        "/latchkey/latchkey.js",
        "/latchkey/icon.svg",
        "/favicon.ico",
        "/robots.txt",
        "/.env",
        "/.well-known/x",
        "/_next/static/",
        "/latchkey/_next/static/",
        "/_next/image?url=%2Flatchkey%2Ficon.svg&w=64&q=75",
        "/_next/nothing",
        "/*",
        "/%",
      ];
      const known = routes({ token, id: randomUUID(), provider: "google" });
      const paths = [...new Set(known), reset, stepUp, ...files, ...callbacks];
      expect(paths).toContain(link);
      const odd: string[] = [];
      const visit = async (path: string, method: string, headers: OutgoingHttpHeaders) => {
        const { status, body, headers: received } = await client.send(path, { method, headers });
        const isUnavailable = status === 503 && /unavailable/i.test(path);
        if (status >= 500 && !isUnavailable)
          odd.push(`${method} ${path} ${JSON.stringify(headers)}: ${status}`);
        const location = received.location ?? "";
        if (location && new URL(location, server.origin).origin !== server.origin)
          odd.push(`${method} ${path} ${JSON.stringify(headers)} redirects to ${location}`);
        if (who === "a stranger" && body.includes(email) && !/mailbox/i.test(path))
          odd.push(`${method} ${path} shows an address`);
      };
      type Visit = readonly [path: string, method: string, headers: OutgoingHttpHeaders];
      const variants: readonly ((path: string) => Visit)[] = [
        ...spellings("/").map((_, n) => (path: string): Visit => [spellings(path)[n]!, "GET", {}]),
        ...disguises.flatMap((headers) =>
          ["GET", "HEAD"].map((method) => (path: string): Visit => [path, method, headers]),
        ),
      ];
      const visits: Visit[] = [
        ...paths.flatMap((path): Visit[] => [
          [path, "GET", {}],
          [path, "HEAD", {}],
          [path, "OPTIONS", {}],
        ]),
        ...asAWhole!.pairs(paths, variants).map(([path, variant]) => variant(path)),
      ].filter(
        // A callback counts as a return from a provider: see the test below. An export leaves an audit event.
        ([path]) =>
          !callbacks.some((callback) => pathnameOf(path).includes(callback)) &&
          !(who === "Ada, signed in" && /export/i.test(path)),
      );
      // Four at a time, like a crawler.
      const next = visits.values();
      await Promise.all(
        Array.from({ length: 4 }, async () => {
          for (const one of next) await visit(...one);
        }),
      );
      expect(odd).toEqual([]);
      expect(visits.length).toBeGreaterThan(1_000);

      expect(await db.dump()).toEqual(before);
      const asked = textOf((await client.get("/sign-in/connect")).body);
      if (who === "a stranger") expect(asked).toContain(ada);
      else
        expect(client.whereTo(await client.submit("/account/connect", "Connect Google"))).toBe(
          "/account/methods",
        );
      await asker.submit(link, "Sign in");
      expect(asker.jar.has("latchkey-session")).toBe(true);
      asker.jar.set("latchkey-session", signedIn!);
      expect(asker.whereTo(await asker.submit(stepUp, "Yes, it’s me"))).toBe("/account");
      const password = "quite another set of words";
      const response = await asker.submit(reset, "Set password and sign in", { password });
      expect(asker.whereTo(response)).toBe("/account");
    },
  );

for (const { extent, details, isWhole, pairs } of extents)
  for (const provider of ["google", "linkedin"] as const)
    test(
      `only the browser that started the OAuth attempt uses up its callback from ${provider}, ${extent}`,
      details,
      async ({ oidc, db, client, newClient, newAddress }) => {
        setUser(oidc[provider], newAddress("ada"));
        const back = await callbackUrlFrom(await startOAuth(client, provider));
        const [path = ""] = back.split("?");
        const before = await db.dump();
        const jar = new Map(client.jar);
        const methods = ["HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];
        for (const [headers, method] of pairs(disguises, methods))
          expect((await client.send(back, { method, headers })).status, method).toBeLessThan(500);
        expect(client.jar).toEqual(jar);
        expect(await db.dump()).toEqual(before);
        // Without parameters it leads to the problem page, or, as a payload, to the same URL with `_rsc`.
        for (const headers of disguises)
          expect((await newClient().send(path, { headers })).status).toBe(307);
        expect(oidc[provider].requests.filter(({ endpoint }) => endpoint === "token")).toEqual([]);

        // A callback in another browser changes only the limits and the audit log.
        // In part, each provider tries half of the spellings.
        const callbackSpellings = spellings(path)
          .filter((_, at) => isWhole || at % 2 === Number(provider === "google"))
          .map((spelling) => back.replace(path, spelling));
        for (const spelling of callbackSpellings) {
          const other = newClient();
          await other.get("/sign-in");
          const { status } = await other.get(spelling);
          expect(status, spelling.slice(0, 80)).toBeLessThan(500);
        }
        const after = await db.dump();
        const changed = Object.keys(after).filter(
          (table) => `${after[table]}` !== `${before[table]}`,
        );
        expect(changed).toEqual(["audit_counts", "audit_event_details", "audit_events", "limits"]);
        expect(oidc[provider].requests.filter(({ endpoint }) => endpoint === "token")).toEqual([]);

        await client.get(back);
        expect(client.jar.has("latchkey-session")).toBe(true);
      },
    );
