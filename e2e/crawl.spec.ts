import { randomUUID } from "node:crypto";
import type { OutgoingHttpHeaders } from "node:http";
import { disguises, spellings } from "./support/odd-requests";
import { routes } from "./support/routes";
import { expect, test } from "./support/test";

for (const who of ["a stranger", "Ada, signed in"] as const)
  test(`${who} looks at everything by GET and HEAD, and changes nothing @once`, async ({
    newClient,
    server,
    db,
    inbox,
    newAddress,
  }) => {
    test.setTimeout(120_000);
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
    if (who !== "a stranger") await client.signIn(newAddress("ada"), inbox);
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
    const paths = [...new Set(routes({ token, id: randomUUID() })), reset, proof, ...files];
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
      ...spellings(path).map((spelling) => [spelling, "GET", {}] as const),
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
    await asker.submit(link, "Sign in");
    expect(asker.jar.has("latchkey-session")).toBe(true);
    asker.jar.set("latchkey-session", signedIn!);
    expect(asker.whereTo(await asker.submit(proof, "It is me"))).toBe("/account/methods");
    const password = "quite another set of words";
    const answer = await asker.submit(reset, "Set password and sign in", { password });
    expect(asker.whereTo(answer)).toBe("/account");
  });
