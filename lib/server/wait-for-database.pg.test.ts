import { afterAll, afterEach, expect, test, vi } from "vitest";
import type { Log } from "@/lib/runtime/ports";
import { FaultProxy } from "@/test/support/fault-proxy";
import { openTestDatabase, postgresUrlOf } from "@/test/support/world";
import { waitForDatabase } from "./wait-for-database";

/** A server that starts before its Postgres. */

// The same order in less time.
vi.mock(import("@/lib/core/policy"), async (original) => {
  const policy = await original();
  const { databaseReconnectMs } = policy.intervals;
  const intervals = {
    ...policy.intervals,
    databaseStart: 3,
    databaseReconnectMs: { ...databaseReconnectMs, max: 50 },
  };
  return { ...policy, intervals } as never;
});

const { database, drop } = await openTestDatabase();
const proxy = await FaultProxy.before((await postgresUrlOf(database.db)).href);
const through = (url = proxy.url) => ({
  databaseUrl: url,
  migrateDatabaseUrl: url,
  dataDir: "memory",
});

const logged: [event: string, facts?: unknown][] = [];
const note: Log["info"] = (...entry) => void logged.push(entry);
const log: Log = { info: note, warn: note, error: note };

afterEach(() => {
  proxy.restore();
  logged.splice(0);
});
afterAll(async () => {
  await proxy.close();
  await database.close();
  await drop();
});

test("waits for it, and says so once and why", async () => {
  proxy.cut();
  const waiting = waitForDatabase(through(), log);
  await vi.waitUntil(() => logged.length > 0);
  proxy.restore();
  await waiting;
  expect(logged).toEqual([
    [
      "database.waiting",
      { setting: "DATABASE_URL", seconds: 3, reason: expect.stringMatching(/./) },
    ],
    ["database.responds"],
  ]);
});

test("waits for either of two addresses, and names the one that does not respond", async () => {
  const { databaseUrl } = through();
  const migrates = { ...through((await postgresUrlOf(database.db)).href) };
  proxy.cut();
  const waiting = waitForDatabase({ ...migrates, migrateDatabaseUrl: databaseUrl }, log);
  await vi.waitUntil(() => logged.length > 0);
  expect(logged[0]![1]).toMatchObject({ setting: "MIGRATE_DATABASE_URL" });
  proxy.restore();
  await waiting;
});

test("gives up after a while, and leaves it to the start to say why", async () => {
  proxy.cut();
  await waitForDatabase(through(), log);
  expect(logged.map(([event]) => event)).toEqual(["database.waiting"]);
});

test("does not wait for what will not change: no such database, no such user, no URL", async () => {
  const wrong = (change: (url: URL) => void) => {
    const url = new URL(proxy.url);
    change(url);
    return through(url.href);
  };
  await waitForDatabase(
    wrong((url) => (url.pathname = "/nowhere")),
    log,
  );
  await waitForDatabase(
    wrong((url) => (url.username = "nobody")),
    log,
  );
  await waitForDatabase({ ...through(), databaseUrl: undefined }, log);
  await waitForDatabase(through(), log);
  expect(logged).toEqual([]);
});
