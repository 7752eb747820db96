import { rmSync } from "node:fs";
import { type RedisServer, startRedis } from "@/test/support/redis-server";
import { startFakeSmtp } from "@/test/support/fake-smtp";
import type { Client } from "./support/client";
import { FaultProxy } from "@/test/support/fault-proxy";
import { Server } from "./support/server";
import { expect, test as base } from "./support/test";

interface WorkerFixtures {
  wire: FaultProxy;
  sink: Awaited<ReturnType<typeof startFakeSmtp>>;
  server: Server;
}

/** A server whose Postgres and mail can fail. */
const test = base.extend<object, WorkerFixtures>({
  wire: [
    async ({ database }, use) => {
      const wire = await FaultProxy.before(database.url);
      await use(wire);
      await wire.close();
    },
    { scope: "worker" },
  ],
  sink: [
    async ({}, use) => {
      const sink = await startFakeSmtp();
      await use(sink);
      await sink.stop();
    },
    { scope: "worker" },
  ],
  server: [
    async ({ wire, sink }, use) => {
      const settings = { SMTP_URL: sink.url, MAIL_FROM: "latchkey@example.com" };
      const server = await Server.start({ databaseUrl: wire.url, settings });
      await use(server);
      wire.restore();
      await server.stop();
      rmSync(server.dataDir, { recursive: true, force: true });
    },
    { scope: "worker" },
  ],
});

/** The same with a Redis, which is not running yet when the server comes up. */
const testWithRedis = test.extend<object, { redis: RedisServer }>({
  redis: [
    async ({}, use) => {
      const redis = await startRedis();
      await redis.kill();
      await use(redis);
      await redis.stop();
    },
    { scope: "worker" },
  ],
  server: [
    async ({ database, redis }, use) => {
      const settings = { REDIS_URL: redis.url };
      const server = await Server.start({ databaseUrl: database.url, settings });
      await use(server);
      await server.stop();
      rmSync(server.dataDir, { recursive: true, force: true });
    },
    { scope: "worker" },
  ],
});

const checks = {
  database: "pass",
  migrations: "pass",
  worker: "pass",
  mail: "pass",
  limiter: "pass",
};
const well = { status: 200, said: { status: "pass", checks } };
const warns = (which: Partial<typeof checks>) => ({
  status: 200,
  said: { status: "warn", checks: { ...checks, ...which } },
});
const fails = (which: Partial<typeof checks>) => ({
  status: 503,
  retryAfter: "5",
  said: { status: "fail", checks: { ...checks, ...which } },
});

/** What a machine hears that asks by address; that the process lives it hears each time. */
async function healthOf(client: Client, host = "10.0.0.7") {
  expect(await client.send("/livez", { headers: { host } })).toMatchObject({
    status: 200,
    body: "ok\n",
  });
  const { status, headers, body } = await client.send("/readyz", { headers: { host } });
  expect(headers["cache-control"]).toBe("no-store");
  return { status, retryAfter: headers["retry-after"], said: JSON.parse(body) as unknown };
}

/** The bound of S4, and the rest that Redis is given. */
const soon = { timeout: 120_000, intervals: [100] };

test("without Postgres it is not ready, and says so in words alone", async ({ client, wire }) => {
  const without = fails({ database: "fail", migrations: "fail" });
  wire.cut();
  expect(await healthOf(client)).toEqual(without);
  wire.restore();
  await expect.poll(() => healthOf(client), soon).toEqual(well);
  wire.fallSilent();
  expect(await healthOf(client)).toEqual(without);
  wire.restore();
  await expect.poll(() => healthOf(client), soon).toEqual(well);
});

test("while a migration is pending it is not ready", async ({ client, db }) => {
  const applied = db.sql`drizzle.__drizzle_migrations`;
  await db.sql`update ${applied} set created_at = -created_at where id = (select max(id) from ${applied})`;
  expect(await healthOf(client)).toEqual(fails({ migrations: "fail" }));
  await db.sql`update ${applied} set created_at = abs(created_at)`;
  expect(await healthOf(client)).toEqual(well);
});

test("mail that does not leave is a warning until it has left", async ({
  client,
  sink,
  db,
  newAddress,
}) => {
  sink.failWith("greeting", { says: 421 });
  const email = newAddress("ada");
  await client.askForLink(email);
  const later = async () => {
    await db.advance("outbox", "31 seconds", { column: "to_address", is: email });
    return healthOf(client);
  };
  const attempts = () => db.sql`
    select 1 from outbox where to_address = ${email} and first_attempt_at is not null`;
  await expect.poll(attempts).toHaveLength(1);
  expect(await later()).toEqual(warns({ mail: "warn" }));
  sink.resetProviders();
  await expect.poll(later, soon).toEqual(well);
  expect(sink.accepted).toHaveLength(1);
});

test("whoever asks is answered, by whatever name", async ({ client, server }) => {
  for (const host of ["10.0.0.7:8080", "evil.example", "[::1]", "latchkey.internal", "_"]) {
    expect(await healthOf(client, host)).toEqual(well);
    expect((await client.send("/sign-in", { headers: { host } })).status).not.toBe(200);
  }
  expect(await healthOf(client, new URL(server.origin).host)).toEqual(well);
});

// Its letters leave over a connection that the sink's troubles do not reach: so it comes after those.
test("a Postgres that became read-only is not ready, and is left for one that is not", async ({
  client,
  db,
  newAddress,
}) => {
  const readOnly = async (value: "on" | "off") => {
    const [of] = await db.sql<{ name: string }[]>`select current_database() as name`;
    await db.sql.unsafe(`alter database ${of!.name} set default_transaction_read_only = ${value}`);
  };
  const requestLink = async () => client.whereTo(await client.askForLink(newAddress("ada")));
  await readOnly("on");
  await db.sql`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = 'latchkey'`;
  await expect.poll(() => healthOf(client), soon).toEqual(fails({ database: "fail" }));
  expect(await requestLink()).toBe("/unavailable");

  // The connections that there are stay read-only; the next ones reach a primary.
  await readOnly("off");
  await expect.poll(() => healthOf(client), soon).toEqual(well);
  await expect.poll(requestLink, soon).toBe("/sign-in/check?asked");
});

testWithRedis(
  "a Redis that is away is told before anybody came, and so is its return",
  async ({ client, redis }) => {
    expect(await healthOf(client)).toEqual(warns({ limiter: "warn" }));
    await redis.start();
    await expect.poll(() => healthOf(client), soon).toEqual(well);
    await redis.kill();
    expect(await healthOf(client)).toEqual(warns({ limiter: "warn" }));
  },
);
