import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { drizzle } from "drizzle-orm/pglite";
import type { Database } from "@/db/client";
import { pendingMigrations } from "@/db/migrate";
import * as schema from "@/db/schema";

// Its package.json is not exported, so it is found beside what is.
const { version } = JSON.parse(
  readFileSync(
    path.join(
      path.dirname(createRequire(import.meta.url).resolve("@electric-sql/pglite")),
      "..",
      "package.json",
    ),
    "utf8",
  ),
) as { version: string };

const snapshot = path.join("node_modules", ".cache", "latchkey", `pglite-${version}.tar`);

/**
 * The embedded Postgres in memory, empty. Making one from nothing takes seconds of a processor, so
 * the first one ever is kept as it was born and the others start from its copy.
 */
export async function openMemory(onQuery?: (query: string) => void): Promise<Database> {
  const client = await born();
  const db = drizzle(client, { schema, ...(onQuery ? { logger: { logQuery: onQuery } } : {}) });
  return {
    db,
    kind: "pglite",
    pending: () => pendingMigrations(db),
    close: () => client.close(),
  };
}

async function born(): Promise<PGlite> {
  const kept = readIfThere(snapshot);
  const client = new PGlite(kept ? { loadDataDir: kept } : {});
  await client.waitReady;
  if (!kept) {
    const dump = await client.dumpDataDir("none");
    mkdirSync(path.dirname(snapshot), { recursive: true });
    // Renamed into place: files run side by side, and none may find half of it.
    const draft = `${snapshot}.${process.pid}`;
    writeFileSync(draft, Buffer.from(await dump.arrayBuffer()));
    renameSync(draft, snapshot);
  }
  return client;
}

function readIfThere(file: string): Blob | undefined {
  try {
    return new Blob([readFileSync(file)]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
