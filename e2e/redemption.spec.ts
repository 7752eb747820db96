import { rmSync } from "node:fs";
import { Client } from "./support/client";
import type { Db } from "./support/db";
import { formWith } from "./support/forms";
import { Server } from "./support/server";
import { expect, test as base } from "./support/test";

// Whoever asks comes through a proxy, and so from a network of their own: races are decided by what
// spends the secret, and not by how often one network may press.
const settings = { TRUSTED_PROXY_HOPS: "1" };

const test = base.extend<object, { server: Server; sibling: Server }>({
  server: [
    async ({ database }, use) => {
      const server = await Server.start({ databaseUrl: database.url, settings });
      await use(server);
      await server.stop();
      rmSync(server.dataDir, { recursive: true, force: true });
    },
    { scope: "worker", timeout: 60_000 },
  ],
  /** A second process of the same installation. */
  sibling: [
    async ({ database, server }, use) => {
      const { origin } = server;
      const sibling = await Server.start({ databaseUrl: database.url, origin, settings });
      await use(sibling);
      await sibling.stop();
      rmSync(sibling.dataDir, { recursive: true, force: true });
    },
    { scope: "worker", timeout: 60_000 },
  ],
});

/** A hundred tabs of one browser, half of them on each server, each from a network of its own. */
const hundredTabs = (servers: readonly Server[], browser: Client) =>
  Array.from({ length: 100 }, (_, n) => {
    const tab = new Client(servers[n % servers.length]!, { "x-forwarded-for": `10.0.0.${n}` });
    for (const [name, value] of browser.jar) tab.jar.set(name, value);
    return tab;
  });

test("of a hundred presses on one link over two servers one signs in, fifty times over @once", async ({
  newClient,
  server,
  sibling,
  inbox,
  db,
  newAddress,
}) => {
  test.setTimeout(120_000);
  for (let round = 0; round < 50; round += 1) {
    await db.clearLimits();
    const email = newAddress("ada");
    const asker = newClient();
    await asker.askForLink(email);
    const { path } = await inbox.letterTo(email);
    const form = formWith((await asker.get(path)).body, "Sign in");
    const tabs = hundredTabs([server, sibling], asker);
    for (const answer of await Promise.all(tabs.map((tab) => tab.post(path, form))))
      expect(answer.status).toBe(303);

    const [winner, ...others] = tabs.filter(({ jar }) => jar.has("latchkey-session"));
    expect(others, `round ${round}`).toHaveLength(0);
    const page = await winner!.get("/account");
    expect(page.status).toBe(200);
    expect(page.body).toContain(email);
    expect(await db.sessionsOf(email)).toHaveLength(1);
    expect(await outcomesOf(db, email)).toEqual({ ok: 1, link_dead: 99 });
  }
});

/** How often presses on an address's links came to what. */
async function outcomesOf(db: Db, email: string): Promise<Record<string, number>> {
  const redeemed = (await db.auditOf(email)).filter(({ event }) => event === "magic_link.redeem");
  const counts: Record<string, number> = {};
  for (const { outcome } of redeemed) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

test("of a hundred right codes over two servers, one signs in @once", async ({
  client,
  server,
  sibling,
  inbox,
  db,
  newAddress,
}) => {
  const email = newAddress("ada");
  await client.askForLink(email);
  const { code } = await inbox.letterTo(email);
  const form = formWith((await client.get("/sign-in/check")).body, "Continue");
  const servers = [server, sibling];
  const signedIn = await Promise.all(
    Array.from({ length: 100 }, async (_, n) => {
      const tab = new Client(servers[n % 2]!);
      for (const [name, value] of client.jar) tab.jar.set(name, value);
      await tab.post("/sign-in/check", form, { code });
      return tab.jar.has("latchkey-session");
    }),
  );
  expect(signedIn.filter(Boolean)).toHaveLength(1);
  expect(await db.sessionsOf(email)).toHaveLength(1);
});

test("of a hundred wrong codes at once, five are compared @once", async ({
  client,
  server,
  sibling,
  inbox,
  db,
  newAddress,
}) => {
  const email = newAddress("ada");
  await client.askForLink(email);
  const { code, path } = await inbox.letterTo(email);
  const form = formWith((await client.get("/sign-in/check")).body, "Continue");
  const servers = [server, sibling];
  await Promise.all(
    Array.from({ length: 100 }, async (_, n) => {
      const tab = new Client(servers[n % 2]!);
      for (const [name, value] of client.jar) tab.jar.set(name, value);
      const guess = String((Number(code) + 1 + n) % 1_000_000).padStart(6, "0");
      await tab.post("/sign-in/check", form, { code: guess });
    }),
  );
  const compared = (await db.auditOf(email)).filter(({ cause }) => cause === "wrong");
  expect(compared).toHaveLength(5);
  expect(await db.verificationsOf(email)).toMatchObject([{ state: "live", tries: 5 }]);
  await db.clearLimits();
  await client.post("/sign-in/check", form, { code });
  expect(client.jar.has("latchkey-session")).toBe(false);
  await client.submit(path, "Sign in");
  expect(client.jar.has("latchkey-session")).toBe(true);
});
