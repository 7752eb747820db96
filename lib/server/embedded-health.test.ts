import { mkdtempSync, rmSync, type StatsFs } from "node:fs";
import type * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { bounds } from "@/lib/core/policy";
import { getWorld } from "@/lib/runtime/world";
import { passingChecks } from "@/test/support/health";
import { captureLogLines } from "@/test/support/log-lines";
import { testEnv } from "@/test/support/world";
import { createWorld } from "./create-world";

/** The free bytes that the file system reports; null makes the call fail. */
const disk = vi.hoisted(() => ({ free: 0 as number | null, inodes: 1000 }));
vi.mock("node:fs/promises", async (original) => ({
  ...(await original<typeof fs>()),
  statfs: async (): Promise<Pick<StatsFs, "bavail" | "bsize" | "files" | "ffree">> => {
    if (disk.free === null) throw new Error("no such directory");
    return { bavail: disk.free / 4096, bsize: 4096, files: 1000, ffree: disk.inodes };
  },
}));

const directory = mkdtempSync(path.join(tmpdir(), "latchkey-health-"));
let stopWorker: () => Promise<void>;
beforeAll(async () => {
  captureLogLines();
  ({ stopWorker } = await createWorld(testEnv({ DATA_DIR: directory })));
});
afterAll(async () => {
  await stopWorker();
  vi.restoreAllMocks();
  rmSync(directory, { recursive: true, force: true });
});

test.each([
  ["with enough space", bounds.freeDiskBytes, bounds.freeInodes, "pass"],
  ["with too little space", bounds.freeDiskBytes - 4096, bounds.freeInodes, "warn"],
  ["with too few inodes", bounds.freeDiskBytes, bounds.freeInodes - 1, "warn"],
  ["whose space is unknown", null, bounds.freeInodes, "warn"],
])("readiness of an embedded database on a disk %s", async (_, free, inodes, status) => {
  Object.assign(disk, { free, inodes });
  expect(await getWorld().health()).toEqual({ ...passingChecks, disk: status });
});
