import { constants, existsSync } from "node:fs";
import { access, readdir, stat } from "node:fs/promises";
import path from "node:path";
import { openDatabase } from "@/db/client";
import { DirectoryLockedError } from "@/db/lock";
import { EmbeddedDatabaseError } from "@/db/pglite";
import type { Env } from "@/lib/core/env";
import type { Clock } from "@/lib/runtime/ports";
import { freeMegabytes, hasFreeSpace, isFull, readDiskSpace } from "@/lib/adapters/disk-space";
import { checkClock, checkMigrations } from "./check-database";
import { type Found, found } from "./findings";

/** The directory of the settings: that it can be written to, and the space of its disk. */
export async function checkDirectory({ dataDir: directory }: Pick<Env, "dataDir">) {
  const reason = await refusalOf(directory);
  if (reason) return [found("data_directory_unusable", { directory, reason })];
  const disk = await readDiskSpace(existing(directory)).catch(() => null);
  if (!disk || hasFreeSpace(disk)) return [];
  return isFull(disk)
    ? [found("disk_full", { directory })]
    : [found("disk_space_low", { directory, megabytes: freeMegabytes(disk) })];
}

/** The directory, or the closest one above it that is there. */
function existing(directory: string): string {
  const parent = path.dirname(directory);
  return existsSync(directory) || parent === directory ? directory : existing(parent);
}

async function refusalOf(directory: string): Promise<string | null> {
  const place = existing(directory);
  try {
    if (!(await stat(place)).isDirectory()) return `${place} is not a directory`;
    await access(place, constants.R_OK | constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

/** The embedded database, unless a server has it open. Creates none. */
export async function checkEmbedded(
  { dataDir: directory, loopback }: Pick<Env, "dataDir" | "loopback">,
  clock: Clock,
): Promise<Found[]> {
  const use = loopback ? [] : [found("embedded_database_public")];
  const files = await readdir(path.join(directory, "pglite")).catch(() => []);
  if (files.length === 0) return [...use, found("embedded_database_new", { directory })];
  const findings = [...use, ...(loopback ? [found("embedded_database_used", { directory })] : [])];
  try {
    const { db, close } = await openDatabase({ directory });
    try {
      return [...findings, ...(await checkMigrations(db)).found, ...(await checkClock(db, clock))];
    } finally {
      await close();
    }
  } catch (error) {
    if (error instanceof DirectoryLockedError)
      return [...findings, found("embedded_database_in_use")];
    if (error instanceof EmbeddedDatabaseError)
      return [...use, found("embedded_database_unusable", { explanation: error.message })];
    throw error;
  }
}
