import { rmSync } from "node:fs";
import { Client } from "./support/client";
import { formWith } from "./support/forms";
import { Server } from "./support/server";
import { expect, test as base } from "./support/test";

const test = base.extend<object, { sibling: Server }>({
  /** A second process of the same installation. */
  sibling: [
    async ({ database, server }, use) => {
      const sibling = await Server.start({ databaseUrl: database.url, origin: server.origin });
      await use(sibling);
      await sibling.stop();
      rmSync(sibling.dataDir, { recursive: true, force: true });
    },
    { scope: "worker", timeout: 60_000 },
  ],
});

/** Presses the confirm button a hundred times at once, half of them on each server. */
async function press(servers: readonly Server[], asker: Client, path: string) {
  const form = formWith((await asker.get(path)).body, "Sign in");
  return Promise.all(
    Array.from({ length: 100 }, async (_, n) => {
      const tab = new Client(servers[n % servers.length]!);
      for (const [name, value] of asker.jar) tab.jar.set(name, value);
      const answer = await tab.post(path, form);
      return { tab, answer };
    }),
  );
}

test("of a hundred presses on one link over two servers, one signs in @once", async ({
  client,
  server,
  sibling,
  inbox,
  db,
  newAddress,
}) => {
  const email = newAddress("ada");
  await client.askForLink(email);
  const { path } = await inbox.letterTo(email);
  const presses = await press([server, sibling], client, path);

  const signedIn = presses.filter(({ tab }) => tab.jar.has("latchkey-session"));
  expect(signedIn).toHaveLength(1);
  const [winner] = signedIn;
  const page = await winner!.tab.get("/account");
  expect(page.status).toBe(200);
  expect(page.body).toContain(email);
  expect(await db.sessionsOf(email)).toHaveLength(1);
  for (const { answer } of presses) expect(answer.status).toBe(303);
  const redeemed = (await db.auditOf(email)).filter(({ event }) => event === "magic_link.redeem");
  expect(redeemed.filter(({ outcome }) => outcome === "ok")).toHaveLength(1);
});

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
