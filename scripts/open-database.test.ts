import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { CopyError } from "@/db/copy";
import { lockDirectory } from "@/db/lock";
import { onDatabase } from "./open-database";
import { Failure } from "./run.mjs";

it("a command refuses an embedded database that a server uses, in one sentence", async () => {
  const directory = mkdtempSync(path.join(tmpdir(), "latchkey-command-"));
  const unlock = await lockDirectory(directory);
  try {
    const running = onDatabase(
      { variable: "DATABASE_URL", url: undefined, directory },
      async () => 0,
    );
    await expect(running).rejects.toThrow(Failure);
    await expect(running).rejects.toThrow(/Another process uses the embedded database/);
  } finally {
    unlock();
    rmSync(directory, { recursive: true, force: true });
  }
});

it("a command reports a refused copy in one sentence", async () => {
  // The driver connects only at the first query.
  const where = { variable: "--to", url: "postgres://127.0.0.1:1/app", directory: "" };
  const running = onDatabase(where, () =>
    Promise.reject(new CopyError("The target is not empty.")),
  );
  await expect(running).rejects.toThrow(new Failure("The target is not empty."));
});
