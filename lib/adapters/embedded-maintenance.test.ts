import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { sql } from "drizzle-orm";
import { afterAll, expect, test, vi } from "vitest";
import { openPglite } from "@/db/pglite";
import { bounds } from "@/lib/core/policy";
import { walBytes } from "@/lib/store/embedded-maintenance";
import { startWorker } from "./worker";

const directory = mkdtempSync(path.join(tmpdir(), "latchkey-wal-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test("the worker keeps the WAL of the embedded database small", async () => {
  const { db, close } = await openPglite({ directory });
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
      // The tables of the other jobs do not exist here.
      isDatabaseUnavailable: () => true,
    },
    async () => ({ sent: true }),
    { isEmbedded: true },
  );
  await expect.poll(() => walBytes(db), { timeout: 120_000 }).toBeLessThan(bounds.embeddedWalBytes);
  await worker.stop();
  await close();
});
