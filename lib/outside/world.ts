import path from "node:path";
import { isDatabaseAway, openDatabase } from "@/db/client";
import { migrateUp } from "@/db/migrate";
import type { Env } from "@/lib/env";
import type { World } from "@/lib/flow";
import { chance } from "@/lib/secret";
import { systemClock } from "./clock";
import { postgresLimiter } from "./limiter";
import { createLog } from "./log";
import { localMailbox } from "./mailbox";
import { startWorker } from "./worker";

/** The world of this process. Bundles are many, the process is one: so it hangs on the global object. */
const slot = globalThis as { [key: symbol]: World | undefined };
const place = Symbol.for("latchkey.world");

/** The running world. Only after `openWorld`, which `instrumentation.ts` waits for. */
export function theWorld(): World {
  const world = slot[place];
  if (!world) throw new Error("The world is not open: instrumentation.ts opens it at start.");
  return world;
}

/**
 * Opens everything a server needs: migrates, connects, starts the worker. Throws what stands in
 * the way. Returns what ends the work beside the requests, so that these can drain.
 */
export async function openWorld(env: Env): Promise<{ stopWorker: () => Promise<void> }> {
  const log = createLog(env);
  await migrateApart(env);
  const database = await openDatabase({ url: env.databaseUrl, directory: env.dataDir });
  const { db } = database;
  if (database.kind === "pglite") await migrateUp(db);
  const limiter = postgresLimiter(db);
  const { mailer, letters } = localMailbox(path.join(env.dataDir, "mailbox"), systemClock);
  const worker = startWorker({ db, env, log, clock: systemClock, isDatabaseAway }, mailer);
  const world: World = {
    env,
    db,
    isDatabaseAway,
    clock: systemClock,
    chance,
    log,
    limiter,
    ringCourier: worker.ring,
    mailbox: { letters, clearLimits: limiter.clear },
  };
  slot[place] = world;
  log.info("world.open", { database: database.kind, origin: env.origin.origin });
  return { stopWorker: worker.stop };
}

/** On Postgres, migrations run on a connection of their own, which may have more rights (X2). */
async function migrateApart({ migrateDatabaseUrl, dataDir }: Env) {
  if (!migrateDatabaseUrl) return;
  const apart = await openDatabase({ url: migrateDatabaseUrl, directory: dataDir, connections: 1 });
  try {
    await migrateUp(apart.db);
  } finally {
    await apart.close();
  }
}
