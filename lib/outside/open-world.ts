import path from "node:path";
import { type Database, type Db, isDatabaseAway, openDatabase } from "@/db/client";
import { migrateUp } from "@/db/migrate";
import type { Duration } from "@/lib/duration";
import type { Env } from "@/lib/env";
import type { Log, World } from "@/lib/flow";
import { isMailSlow } from "@/lib/identity/outbox";
import { intervals } from "@/lib/policy";
import { chance } from "@/lib/secret";
import { systemClock } from "./clock";
import { postgresLimiter } from "./limiter";
import { createLog } from "./log";
import { localMailbox } from "./mailbox";
import type { Mailer } from "./mailer";
import { openPasswords } from "./passwords";
import { startWorker } from "./worker";
import { settle } from "./world";

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
  const { limiter, isDown } = await openLimiter(env, db, log);
  const local = localMailbox(path.join(env.dataDir, "mailbox"), systemClock);
  const mailer = (await openMailer(env, log)) ?? local.mailer;
  const worker = startWorker({ db, env, log, clock: systemClock, isDatabaseAway }, mailer);
  const world: World = {
    env,
    db,
    isDatabaseAway,
    clock: systemClock,
    chance,
    log,
    limiter,
    passwords: openPasswords(env, log),
    openLine: await openProviders(env, log),
    ringCourier: worker.ring,
    health: () => health(database, isDown),
    mailbox:
      env.mail.by === "local" ? { letters: local.letters, clearLimits: limiter.clear } : null,
  };
  settle(world);
  log.info("world.open", {
    database: database.kind,
    limits: env.redis?.by ?? "postgres",
    mail: env.mail.by,
    origin: env.origin.origin,
  });
  return { stopWorker: worker.stop };
}

/** The database decides whether we can serve; without mail or Redis we can, for a while or for good. */
async function health({ db, pending }: Database, isRedisDown: () => Promise<boolean>) {
  const asked = Promise.all([pending(), isMailSlow(db)]).catch(() => null);
  const [answers, redisIsDown] = await Promise.all([
    Promise.race([asked, inTime(intervals.health)]),
    isRedisDown(),
  ]);
  const [names, mailIsSlow] = answers ?? [];
  return {
    database: names ? "pass" : "fail",
    migrations: names?.length === 0 ? "pass" : "fail",
    mail: mailIsSlow ? "warn" : "pass",
    limiter: redisIsDown ? "warn" : "pass",
  } as const;
}

const inTime = (length: Duration) =>
  new Promise<null>((resolve) => setTimeout(resolve, length * 1000, null).unref());

// What an installation does without is not loaded either: it would cost every start, and memory.

async function openLimiter({ redis }: Env, db: Db, log: Log) {
  const postgres = postgresLimiter(db);
  if (!redis) return { limiter: postgres, isDown: () => Promise.resolve(false) };
  const { openRedis, redisLimiter, withFallback } = await import("./redis-limiter");
  return withFallback(redisLimiter(openRedis(redis), systemClock), postgres, systemClock, log);
}

async function openMailer({ mail }: Env, log: Log): Promise<Mailer | null> {
  switch (mail.by) {
    case "resend":
      return (await import("./resend")).resendMailer(mail.key, mail.baseUrl);
    case "smtp":
      return (await import("./smtp")).smtpMailer(mail.url, log);
    case "local":
      return null;
  }
}

async function openProviders(env: Env, log: Log): Promise<World["openLine"]> {
  if (Object.keys(env.providers).length > 0)
    return (await import("./provider-line")).openLines(env, systemClock, log);
  return (provider) => {
    throw new Error(`${provider} has no keys, so there is no line to it.`);
  };
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
