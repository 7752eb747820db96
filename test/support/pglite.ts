import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { drizzle } from "drizzle-orm/pglite";
import type { Database } from "@/db/client";
import * as schema from "@/db/schema";
import { type Contents, contentsHash, fillDatabase } from "./template";

// Its package.json is not exported, so it is found beside an exported file.
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

const folder = path.join("node_modules", ".cache", "latchkey");

/**
 * The embedded Postgres in memory. Creating and migrating one takes seconds of a processor, so the
 * first of each kind is saved and the others start from its copy.
 */
export async function openMemory(
  contents: Contents,
  onQuery?: (query: string) => void,
): Promise<Database> {
  const client = await copyOf(contents);
  const db = drizzle(client, { schema, ...(onQuery ? { logger: { logQuery: onQuery } } : {}) });
  return {
    db,
    kind: "pglite",
    poolUse: () => null,
    close: () => client.close(),
  };
}

async function copyOf(contents: Contents): Promise<PGlite> {
  const name = `pglite-${version}-${contents}`;
  const snapshot = path.join(folder, `${name}-${contentsHash}.tar`);
  const saved = readIfThere(snapshot);
  const client = new PGlite(saved ? { loadDataDir: saved } : {});
  await client.waitReady;
  if (!saved) {
    if (contents === "watched") await fillDatabase(drizzle(client, { schema }));
    const dump = await client.dumpDataDir("none");
    mkdirSync(folder, { recursive: true });
    // Renamed into place: test files run side by side, and must never read a partial file.
    const draft = `${snapshot}.${process.pid}`;
    writeFileSync(draft, Buffer.from(await dump.arrayBuffer()));
    for (const old of readdirSync(folder))
      if (old.startsWith(`${name}-`) && old.endsWith(".tar")) rmSync(path.join(folder, old));
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
