import { sql } from "drizzle-orm";
import { expect, test, vi } from "vitest";
import { random } from "@/lib/core/crypto";
import { bounds } from "@/lib/core/policy";
import { openMemory } from "@/test/support/pglite";
import { walBytes } from "@/lib/store/embedded-maintenance";
import { noMetrics } from "./no-metrics";
import { startWorker } from "./worker";

test("the worker keeps the WAL of the embedded database small", async () => {
  const { db, close } = await openMemory("empty");
  await db.execute(sql`create table t (n int)`);
  for (let n = 0; n < 4; n += 1) {
    await db.execute(sql`insert into t values (1)`);
    await db.execute(sql`select pg_switch_wal()`);
  }
  expect(await walBytes(db)).toBeGreaterThan(bounds.embeddedWalBytes);
  const worker = startWorker(
    {
      db,
      env: {} as never,
      log: { info: vi.fn(), warn: vi.fn(), error: vi.fn() },
      clock: { now: () => new Date() },
      random,
      metrics: noMetrics,
      // The tables of the other jobs do not exist here.
      isDatabaseUnavailable: () => true,
    },
    async () => ({ sent: true }),
    { isEmbedded: true },
  );
  await expect.poll(() => walBytes(db)).toBeLessThan(bounds.embeddedWalBytes);
  await worker.stop();
  await close();
});
