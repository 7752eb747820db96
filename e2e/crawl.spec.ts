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

const callbacks = ["/api/auth/callback/google", "/api/auth/callback/linkedin"];

const onTheWay = async (client: Client, path: string) =>
  authorizationUrlOf(
    client,
    await client.submit(path, path === "/sign-in" ? "Continue with Google" : "Connect Google"),
  );

for (const { extent, details, isWhole, pairs } of extents)
  for (const who of ["a stranger", "Ada, signed in"] as const)
    test(
      `${who} looks at everything by GET and HEAD, and changes nothing, ${extent}`,
      details,
      async ({ newClient, server, db, oidc, inbox, newAddress }) => {
        const asker = newClient();
        const email = newAddress("leo");
        await asker.join(email, "four unrelated words here", inbox);
        await asker.submit("/account/confirm", "Email me a link and a code");
        const proof = (await inbox.letterTo(email)).path;
        await asker.submit("/password", "Email me a link", { email });
        const reset = (await inbox.letterTo(email)).path;
        const signedIn = asker.jar.get("latchkey-session");
        asker.jar.delete("latchkey-session");
        await asker.askForLink(email);
        const { token, path: link } = await inbox.letterTo(email);
        const client = newClient();
        const ada = newAddress("ada");
        await (who === "a stranger" ? newClient() : client).signIn(ada, inbox);
        // Somebody came back from a provider, waits to be asked, and is about to leave once more.
        setUser(oidc.google, ada);
        const left = await onTheWay(client, who === "a stranger" ? "/sign-in" : "/account/methods");
        await client.get(await callbackUrlFrom(left));
        const pendingIdentity = client.jar.get("latchkey-oauth_attempt")!;
        await onTheWay(client, who === "a stranger" ? "/sign-in" : "/account/methods");
        client.jar.set("latchkey-oauth_attempt", pendingIdentity);
        await expect.poll(() => db.isQuiet()).toBe(true);
        // What a used link gives back, it gives back after the response.
        await db.clearLimits();
        const before = await db.dump();

        const files = [
          "/latchkey.js",
          "/icon.svg",
          "/favicon.ico",
          "/robots.txt",
          "/.env",
          "/.well-known/x",
          "/_next/static/",
          "/_next/image?url=%2Ficon.svg&w=64&q=75",
          "/_next/nothing",
          "/*",
          "/%",
        ];
        const known = routes({ token, id: randomUUID(), provider: "google" });
        const paths = [...new Set(known), reset, proof, ...files, ...callbacks];
        expect(paths).toContain(link);
        const odd: string[] = [];
        const look = async (path: string, method: string, headers: OutgoingHttpHeaders) => {
          const { status, body, headers: received } = await client.send(path, { method, headers });
          const away = status === 503 && /unavailable/i.test(path);
          if (status >= 500 && !away)
            odd.push(`${method} ${path} ${JSON.stringify(headers)}: ${status}`);
          const location = received.location ?? "";
          if (location && new URL(location, server.origin).origin !== server.origin)
            odd.push(`${method} ${path} ${JSON.stringify(headers)} leads to ${location}`);
          if (who === "a stranger" && body.includes(email) && !/mailbox/i.test(path))
            odd.push(`${method} ${path} shows an address`);
        };
        type Visit = readonly [path: string, method: string, headers: OutgoingHttpHeaders];
        const inOtherWays: readonly ((path: string) => Visit)[] = [
          ...spellings("/").map((_, n) => (path: string): Visit => [
            spellings(path)[n]!,
            "GET",
            {},
          ]),
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
          ...pairs(paths, inOtherWays, 3).map(([path, visit]) => visit(path)),
        ].filter(
          // With anything asked a way back is a return, which is counted and in the log: see below.
          ([path]) =>
            !(path.includes("?") && callbacks.some((callback) => path.includes(callback))),
        );
        // A few at a time, as a crawler would.
        const next = visits.values();
        await Promise.all(
          Array.from({ length: 4 }, async () => {
            for (const visit of next) await look(...visit);
          }),
        );
        expect(odd).toEqual([]);
        expect(visits.length).toBeGreaterThan(isWhole ? 1_000 : 250);

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
        expect(asker.whereTo(await asker.submit(proof, "Yes, it’s me"))).toBe("/account");
        const password = "quite another set of words";
        const response = await asker.submit(reset, "Set password and sign in", { password });
        expect(asker.whereTo(response)).toBe("/account");
      },
    );

for (const { extent, details, isWhole, pairs } of extents)
  for (const provider of ["google", "linkedin"] as const)
    test(
      `a way back from ${provider} is spent by the browser that comes, and by no other look at it, ${extent}`,
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
        for (const headers of disguises) {
          // Next sends whoever asks for a payload to the address that names what it varies by.
          expect((await client.send(path, { headers })).status).toBe("rsc" in headers ? 307 : 404);
        }
        expect(client.jar).toEqual(jar);
        expect(await db.dump()).toEqual(before);
        expect(oidc[provider].requests.filter(({ endpoint }) => endpoint === "token")).toEqual([]);

        // Who looks at it without having been on the way is counted and in the log, and that is all.
        // In part, one provider's is spelled in every other way, and the other's in the rest.
        const spellingsOfIt = spellings(path)
          .filter((_, at) => isWhole || at % 2 === Number(provider === "google"))
          .map((spelling) => back.replace(path, spelling));
        for (const spelling of spellingsOfIt) {
          const { status } = await newClient().get(spelling);
          expect(status, spelling.slice(0, 80)).toBeLessThan(500);
        }
        const after = await db.dump();
        const changed = Object.keys(after).filter(
          (table) => `${after[table]}` !== `${before[table]}`,
        );
        expect(changed).toEqual(["audit_events", "audit_event_details", "limits"]);
        expect(oidc[provider].requests.filter(({ endpoint }) => endpoint === "token")).toEqual([]);

        await client.get(back);
        expect(client.jar.has("latchkey-session")).toBe(true);
      },
    );
