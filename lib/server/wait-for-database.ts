import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "drizzle-orm";
import { isConnectionLost, openDatabase } from "@/db/client";
import { explained } from "@/db/explain-error";
import { databaseCauseOf } from "@/lib/core/database-error";
import type { Env } from "@/lib/core/env";
import { intervals } from "@/lib/core/policy";
import type { Log } from "@/lib/runtime/ports";

type DatabaseUrls = Pick<Env, "databaseUrl" | "migrateDatabaseUrl" | "dataDir">;

/**
 * Resolves once Postgres responds, because it often starts at the same time as the server. Any response
 * counts: a wrong password does not become right. Also resolves after `intervals.databaseStart`, as the
 * next connection says what is wrong. Logs one line when it has to wait.
 */
export async function waitForDatabase(env: DatabaseUrls, log: Log): Promise<void> {
  const { databaseUrl, migrateDatabaseUrl, dataDir } = env;
  if (!databaseUrl) return;
  const end = performance.now() + intervals.databaseStart * 1000;
  let hasWaited = false;
  const urls = new Map([
    [databaseUrl, "DATABASE_URL"],
    ...(migrateDatabaseUrl && migrateDatabaseUrl !== databaseUrl
      ? [[migrateDatabaseUrl, "MIGRATE_DATABASE_URL"] as const]
      : []),
  ]);
  for (const [url, variable] of urls)
    for (;;) {
      const reason = await whyUnreachable(url, variable, dataDir);
      if (reason === null) break;
      if (performance.now() >= end) return;
      const seconds = intervals.databaseStart;
      if (!hasWaited) log.warn("database.waiting", { setting: variable, seconds, reason });
      hasWaited = true;
      await sleep(intervals.databaseReconnectMs.max);
    }
  if (hasWaited) log.info("database.responds");
}

/** Null when something responds that a server can start with, or that says why it cannot. */
async function whyUnreachable(url: string, variable: string, directory: string) {
  try {
    await explained(variable, connect(url, directory));
    return null;
  } catch (error) {
    return isUnreachable(error) ? (error as Error).message : null;
  }
}

async function connect(url: string, directory: string): Promise<void> {
  const database = await openDatabase({ url, directory, connections: 1 });
  try {
    await database.db.execute(sql`select 1`);
  } finally {
    await database.close();
  }
}

const tooManyConnections = "53300";

function isUnreachable(error: unknown): boolean {
  const { code, reason } = databaseCauseOf(error);
  const hasNoSocket = code === "ENOENT" && reason.startsWith("connect");
  return isConnectionLost(error) || hasNoSocket || code === tooManyConnections;
}
