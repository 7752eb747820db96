import { randomUUID } from "node:crypto";
import type { OutgoingHttpHeaders } from "node:http";
import type { Client } from "./support/client";
import { textOf } from "./support/forms";
import { disguises, spellings } from "./support/odd-requests";
import { isAt, testWithProviders as test } from "./support/oidc";
import { routes } from "./support/routes";
import { expect } from "./support/test";
import { leavingFor, setOut, wayBackFrom } from "./support/travel";

const callbacks = ["/api/auth/callback/google", "/api/auth/callback/linkedin"];

const onTheWay = async (client: Client, path: string) =>
  leavingFor(
    client,
    await client.submit(path, path === "/sign-in" ? "Continue with Google" : "Connect Google"),
  );

for (const who of ["a stranger", "Ada, signed in"] as const)
  test(`${who} looks at everything by GET and HEAD, and changes nothing`, async ({
    newClient,
    server,
    db,
    oidc,
    inbox,
    newAddress,
  }) => {
    const asker = newClient();
    const email = newAddress("leo");
    await asker.join(email, "four unrelated words here", inbox);
    await asker.submit("/account/prove", "Email me a link and a code");
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
    isAt(oidc.google, ada);
    const left = await onTheWay(client, who === "a stranger" ? "/sign-in" : "/account/methods");
    await client.get(await wayBackFrom(left));
    const parked = client.jar.get("latchkey-handshake")!;
    await onTheWay(client, who === "a stranger" ? "/sign-in" : "/account/methods");
    client.jar.set("latchkey-handshake", parked);
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
    const visits = paths.flatMap((path): (readonly [string, string, OutgoingHttpHeaders])[] => [
      ...spellings(path)
        // With anything asked it is a return, which is counted and in the log: see below.
        .filter((spelling) => !callbacks.includes(path) || !spelling.includes("?"))
        .map((spelling) => [spelling, "GET", {}] as const),
      ...disguises.flatMap((headers) => [
        [path, "GET", headers] as const,
        [path, "HEAD", headers] as const,
      ]),
      [path, "OPTIONS", {}] as const,
    ]);
    // A few at a time, as a crawler would.
    const next = visits.values();
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        for (const visit of next) await look(...visit);
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
    expect(asker.whereTo(await asker.submit(proof, "It is me"))).toBe("/account");
    const password = "quite another set of words";
    const answer = await asker.submit(reset, "Set password and sign in", { password });
    expect(asker.whereTo(answer)).toBe("/account");
  });

for (const provider of ["google", "linkedin"] as const)
  test(`a way back from ${provider} is spent by the browser that comes, and by no other look at it`, async ({
    oidc,
    db,
    client,
    newClient,
    newAddress,
  }) => {
    isAt(oidc[provider], newAddress("ada"));
    const back = await wayBackFrom(await setOut(client, provider));
    const [path = ""] = back.split("?");
    const before = await db.dump();
    const jar = new Map(client.jar);
    for (const headers of disguises) {
      for (const method of ["HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])
        expect((await client.send(back, { method, headers })).status, method).toBeLessThan(500);
      // Next sends whoever asks for a payload to the address that names what it varies by.
      expect((await client.send(path, { headers })).status).toBe("rsc" in headers ? 307 : 404);
    }
    expect(client.jar).toEqual(jar);
    expect(await db.dump()).toEqual(before);
    expect(oidc[provider].requests.filter(({ endpoint }) => endpoint === "token")).toEqual([]);

    // Who looks at it without having been on the way is counted and in the log, and that is all.
    const spellingsOfIt = spellings(path).map((spelling) => back.replace(path, spelling));
    for (const spelling of spellingsOfIt) {
      const { status } = await newClient().get(spelling);
      expect(status, spelling.slice(0, 80)).toBeLessThan(500);
    }
    const after = await db.dump();
    const changed = Object.keys(after).filter((table) => `${after[table]}` !== `${before[table]}`);
    expect(changed).toEqual(["audit_events", "audit_traces", "limits"]);
    expect(oidc[provider].requests.filter(({ endpoint }) => endpoint === "token")).toEqual([]);

    await client.get(back);
    expect(client.jar.has("latchkey-session")).toBe(true);
  });
