import { rmSync } from "node:fs";
import type { Health } from "@/lib/runtime/ports";
import { passingChecks } from "@/test/support/health";
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

/** The same with a Redis that is not running when the server starts. */
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

const checks: Health = passingChecks;
const healthy = { status: 200, report: { status: "pass", checks } };
const warns = (which: Partial<Health>) => ({
  status: 200,
  report: { status: "warn", checks: { ...checks, ...which } },
});
const fails = (which: Partial<Health>) => ({
  status: 503,
  retryAfter: "5",
  report: { status: "fail", checks: { ...checks, ...which } },
});

/** The readiness of the server, requested by IP address; expects it to be alive each time. */
async function healthOf(client: Client, host = "10.0.0.7") {
  expect(await client.send("/livez", { headers: { host } })).toMatchObject({
    status: 200,
    body: "ok\n",
  });
  const { status, headers, body } = await client.send("/readyz", { headers: { host } });
  expect(headers["cache-control"]).toBe("private, no-store");
  return { status, retryAfter: headers["retry-after"], report: JSON.parse(body) as unknown };
}

/** Recovery within two minutes, and the pause before Redis is tried again (S4). */
const soon = { timeout: 120_000, intervals: [100] };

test("the server is not ready without Postgres, and its report contains no details", async ({
  client,
  wire,
}) => {
  const failing = fails({ database: "fail", migrations: "fail" });
  wire.cut();
  expect(await healthOf(client)).toEqual(failing);
  wire.restore();
  await expect.poll(() => healthOf(client), soon).toEqual(healthy);
  wire.fallSilent();
  expect(await healthOf(client)).toEqual(failing);
  wire.restore();
  await expect.poll(() => healthOf(client), soon).toEqual(healthy);
});

test("the server is not ready while a migration is pending", async ({ client, db }) => {
  const applied = db.sql`drizzle.__drizzle_migrations`;
  await db.sql`update ${applied} set created_at = -created_at where id = (select max(id) from ${applied})`;
  expect(await healthOf(client)).toEqual(fails({ migrations: "fail" }));
  await db.sql`update ${applied} set created_at = abs(created_at)`;
  expect(await healthOf(client)).toEqual(healthy);
});

test("the server warns while an email cannot be sent, until it is sent", async ({
  client,
  sink,
  db,
  newAddress,
}) => {
  sink.failWith("greeting", { says: 421 });
  const email = newAddress("ada");
  await client.requestLink(email);
  const later = async () => {
    await db.advance("outbox", "31 seconds", { column: "to_address", is: email });
    return healthOf(client);
  };
  const attempts = () => db.sql`
    select 1 from outbox where to_address = ${email} and first_attempt_at is not null`;
  await expect.poll(attempts).toHaveLength(1);
  expect(await later()).toEqual(warns({ mail: "warn" }));
  sink.resetProviders();
  await expect.poll(later, soon).toEqual(healthy);
  expect(sink.accepted).toHaveLength(1);
});

test("the health checks respond for any Host", async ({ client, server }) => {
  for (const host of ["10.0.0.7:8080", "evil.example", "[::1]", "latchkey.internal", "_"]) {
    expect(await healthOf(client, host)).toEqual(healthy);
    expect((await client.send("/sign-in", { headers: { host } })).status).not.toBe(200);
  }
  expect(await healthOf(client, new URL(server.origin).host)).toEqual(healthy);
});

// After the mail test, because its letters use a connection without the SMTP faults.
test("the server is not ready on a read-only Postgres, and reconnects to a writable one", async ({
  client,
  db,
  newAddress,
}) => {
  const readOnly = async (value: "on" | "off") => {
    const [of] = await db.sql<{ name: string }[]>`select current_database() as name`;
    await db.sql.unsafe(`alter database ${of!.name} set default_transaction_read_only = ${value}`);
  };
  const requestLink = async () => client.whereTo(await client.requestLink(newAddress("ada")));
  await readOnly("on");
  await db.sql`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = 'latchkey'`;
  await expect.poll(() => healthOf(client), soon).toEqual(fails({ database: "fail" }));
  expect(await requestLink()).toBe("/unavailable");

  // Existing connections stay read-only; new connections reach a primary.
  await readOnly("off");
  await expect.poll(() => healthOf(client), soon).toEqual(healthy);
  await expect.poll(requestLink, soon).toBe("/sign-in/check?asked");
});

testWithRedis(
  "the server warns while Redis is unavailable, before the first visitor, and recovers",
  { tag: "@long" },
  async ({ client, redis }) => {
    expect(await healthOf(client)).toEqual(warns({ limiter: "warn" }));
    await redis.start();
    await expect.poll(() => healthOf(client), soon).toEqual(healthy);
    await redis.kill();
    expect(await healthOf(client)).toEqual(warns({ limiter: "warn" }));
  },
);
