import { rmSync } from "node:fs";
import { FaultProxy } from "@/test/support/fault-proxy";
import { formWith } from "./support/forms";
import { Server } from "./support/server";
import { expect, test as base } from "./support/test";

interface WorkerFixtures {
  /** The connection between the server and its Postgres. */
  wire: FaultProxy;
  server: Server;
}

const test = base.extend<object, WorkerFixtures>({
  wire: [
    async ({ database }, use) => {
      const wire = await FaultProxy.before(database.url);
      await use(wire);
      await wire.close();
    },
    { scope: "worker" },
  ],
  server: [
    async ({ wire }, use) => {
      const server = await Server.start({ databaseUrl: wire.url });
      await use(server);
      wire.restore();
      await server.stop();
      rmSync(server.dataDir, { recursive: true, force: true });
    },
    { scope: "worker" },
  ],
});

test.afterEach(({ wire }) => wire.restore());

/** The time within which the server recovers after Postgres returns (S4). */
const soon = { timeout: 120_000, intervals: [100] };

test("pages report that Postgres is unavailable, and Ada is still signed in afterwards", async ({
  ada,
  wire,
}) => {
  await ada.signIn();
  wire.cut();
  for (const path of ["/account", "/account/sessions", "/sign-in", "/mailbox"]) {
    const response = await ada.open(path);
    await ada.seesUrl("/unavailable");
    expect(response?.status()).toBe(503);
    expect(response?.headers()["retry-after"]).toBe("5");
    await ada.seesTitle("Back in a moment");
    expect(await ada.cookie("session")).toBeDefined();
  }
  wire.restore();
  await expect(async () => {
    await ada.open("/account");
    await ada.seesUrl("/account");
  }).toPass(soon);
  await ada.isSignedIn();
});

test("a link submitted while Postgres is unavailable is not used up", async ({ ada, wire, db }) => {
  const { link } = await ada.requestAndReceiveLink();
  await ada.open(link);
  wire.cut();
  await ada.clickButton("Sign in");
  await ada.seesUrl("/unavailable");
  expect(await db.verificationsOf(ada.email)).toMatchObject([{ state: "live" }]);
  wire.restore();
  await expect(async () => {
    await ada.open(link);
    await ada.seesTitle("Sign in to Latchkey?");
  }).toPass(soon);
  await ada.clickButton("Sign in");
  await ada.isSignedIn();
});

test(
  "a silent Postgres counts as unavailable, and the server recovers with it",
  { tag: "@long" },
  async ({ client, inbox, wire, newAddress }) => {
    await client.signIn(newAddress("ada"), inbox);
    wire.fallSilent();
    const silent = await Promise.all([client.get("/account"), client.get("/account/sessions")]);
    for (const response of silent) {
      expect(client.whereTo(response)).toBe("/unavailable");
      expect(response.headers["set-cookie"]).toBeUndefined();
    }
    wire.restore();
    await expect.poll(async () => (await client.get("/account")).status, soon).toBe(200);
  },
);

test(
  "half-open connections to Postgres are replaced without a restart",
  { tag: "@long" },
  async ({ client, inbox, wire, newAddress }) => {
    await client.signIn(newAddress("ada"), inbox);
    const twenty = () =>
      Promise.all(Array.from({ length: 20 }, async () => (await client.get("/account")).status));
    const allOk = Array<number>(20).fill(200);
    expect(await twenty()).toEqual(allOk);
    const { open, accepted } = wire.connections;
    expect(open).toBeGreaterThan(1);
    wire.halfOpen();
    await expect.poll(twenty, soon).toEqual(allOk);
    expect(wire.connections.accepted - accepted).toBeGreaterThan(0);
  },
);

test("at whatever point Postgres fails, a link is used up if and only if a session starts", async ({
  newClient,
  inbox,
  wire,
  db,
  newAddress,
}) => {
  let messages = 0;
  for (let survived = false; !survived;) {
    messages += 1;
    expect(messages, "messages in one sign-in").toBeLessThan(40);
    const ada = newClient();
    const email = newAddress("ada");
    await db.clearLimits();
    await expect(async () => {
      expect(ada.whereTo(await ada.requestLink(email))).toBe("/sign-in/check?asked");
    }).toPass(soon);
    const { path } = await inbox.letterTo(email);
    const form = formWith((await ada.get(path)).body, "Sign in");
    await expect.poll(() => db.isOutboxEmpty()).toBe(true);

    wire.cutAfter(messages);
    const response = await ada.post(path, form);
    survived = !wire.isCut;
    wire.restore();
    expect(["/account", "/unavailable"], `after ${messages} messages`).toContain(
      ada.whereTo(response),
    );

    // A commit may still be in progress.
    await expect.poll(() => db.isOutboxEmpty()).toBe(true);
    const outcome = async () => {
      const [verification] = await db.verificationsOf(email);
      return { state: verification?.state, sessions: (await db.sessionsOf(email)).length };
    };
    const { state, sessions } = await outcome();
    expect({ state, sessions }).toEqual(
      sessions > 0 ? { state: "used", sessions: 1 } : { state: "live", sessions: 0 },
    );
    if (ada.jar.has("latchkey-session")) expect(sessions).toBe(1);
    if (state === "live") {
      await expect(async () => {
        expect(ada.whereTo(await ada.post(path, form))).toBe("/account");
      }).toPass(soon);
      expect(await outcome()).toEqual({ state: "used", sessions: 1 });
    }
  }
  expect(messages).toBeGreaterThan(3);
});
