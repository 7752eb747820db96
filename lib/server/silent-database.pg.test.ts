import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { GET as readyz } from "@/app/readyz/route";
import { Browser } from "@/test/support/browser";
import { FaultProxy } from "@/test/support/fault-proxy";
import { captureLogLines } from "@/test/support/log-lines";
import { openTestDatabase, testEnv, type TestWorld, postgresUrlOf } from "@/test/support/world";
import { createWorld } from "./create-world";
import { getWorld } from "@/lib/runtime/world";

/** A whole system on a connection that delivers nothing for a while (S4). */

// The same limits in the same order, in less time.
vi.mock(import("@/lib/core/policy"), async (original) => {
  const policy = await original();
  return {
    ...policy,
    databaseLimits: { ...policy.databaseLimits, connect: 2, statement: 1, grace: 1, poolWait: 2 },
    intervals: { ...policy.intervals, outboxPoll: 1 },
  } as never;
});

const patient = { timeout: 120_000, interval: 50 };

test("a requested link is emailed after the worker has waited through a silent network", async () => {
  const { database, drop } = await openTestDatabase();
  const url = await postgresUrlOf(database.db);
  const proxy = await FaultProxy.before(url.href);
  const dataDir = mkdtempSync(path.join(tmpdir(), "latchkey-silent-"));
  const { logLines, restore } = captureLogLines();
  const logged = (text: string) => logLines.some((logLine) => logLine.includes(text));
  const { stopWorker } = await createWorld(testEnv({ DATABASE_URL: proxy.url, DATA_DIR: dataDir }));
  try {
    const isMailed = async (address: string) => {
      const browser = new Browser(getWorld() as TestWorld);
      await vi.waitUntil(async () => (await browser.requestLink(address)).ok, patient);
      await vi.waitUntil(async () => {
        const letters = await getWorld().mailbox!.letters();
        return letters.some(({ to }) => to === address);
      }, patient);
    };
    await isMailed("leo@example.com");
    proxy.fallSilent();
    await vi.waitUntil(() => logged(`"job":"courier"`), patient);
    expect((await readyz()).status).toBe(503);
    await vi.waitUntil(() => logged(`"reason":"silent"`), patient);

    proxy.restore();
    await isMailed("ada@example.com");
    await vi.waitUntil(async () => (await readyz()).status === 200, patient);
  } finally {
    await stopWorker();
    restore();
    await proxy.close();
    await database.close();
    await drop();
    rmSync(dataDir, { recursive: true, force: true });
  }
});
