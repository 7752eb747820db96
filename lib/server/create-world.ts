import type { StatsFs } from "node:fs";
import { statfs } from "node:fs/promises";
import path from "node:path";
import { TransactionRollbackError } from "drizzle-orm/errors";
import {
  type Database,
  type Db,
  endTransaction,
  isDatabaseUnavailable,
  openDatabase,
} from "@/db/client";
import { migrateUp, pendingMigrations } from "@/db/migrate";
import { seconds } from "@/lib/core/duration";
import type { Env } from "@/lib/core/env";
import type { Health, Log, OAuth, World } from "@/lib/runtime/ports";
import { isMailOverdue } from "@/lib/store/outbox";
import { bounds, databaseLimits, intervals, type Limit } from "@/lib/core/policy";
import { random } from "@/lib/core/crypto";
import { systemClock } from "@/lib/adapters/clock";
import { postgresLimiter } from "@/lib/adapters/postgres-limiter";
import { createLog } from "@/lib/adapters/log";
import { localMailbox } from "@/lib/adapters/local-mailbox";
import type { Mailer } from "@/lib/adapters/mailer";
import { createPasswords } from "@/lib/adapters/passwords";
import { startWorker, type Worker } from "@/lib/adapters/worker";
import { setWorld } from "@/lib/runtime/world";

/**
 * Creates and sets the world of a server: migrates, connects, starts the worker. Throws any error that
 * prevents this. Returns the function that stops the worker, for a shutdown that lets requests end.
 */
export async function createWorld(env: Env): Promise<{ stopWorker: () => Promise<void> }> {
  const log = createLog(env);
  await migrateOnOwnConnection(env);
  const database = await openDatabase({
    url: env.databaseUrl,
    directory: env.dataDir,
    onDrop: (reason) => log.warn("database.connection_dropped", { reason }),
    onFailure: (error) => log.error("database.stopped", { error: error.message }),
  });
  const { db } = database;
  if (database.kind === "pglite") await migrateUp(db);
  const { limiter, isRedisUnavailable } = await createLimiter(env, db, log);
  const local = localMailbox(path.join(env.dataDir, "mailbox"), systemClock, log);
  const mailer = (await createMailer(env, log)) ?? local.mailer;
  const worker = startWorker({ db, env, log, clock: systemClock, isDatabaseUnavailable }, mailer, {
    isEmbedded: database.kind === "pglite",
  });
  const world: World = {
    env,
    db,
    isDatabaseUnavailable,
    endTransaction,
    clock: systemClock,
    random,
    log,
    limiter,
    passwords: createPasswords(env, log),
    oauth: await createOAuth(env, db, log),
    wakeCourier: worker.wake,
    health: oneAtATime(() => health(env, database, worker, isRedisUnavailable)),
    mailbox: env.mail.by === "local" ? { letters: local.letters } : null,
  };
  setWorld(world);
  log.info("world.open", {
    database: database.kind,
    limits: env.redis?.by ?? "postgres",
    mail: env.mail.by,
    origin: env.origin.origin,
  });
  return { stopWorker: worker.stop };
}

const probe: Limit = { rule: "readiness", max: 1, per: seconds(1) };

/** Writes a limit hit and rolls it back. Rejects when the database cannot write. */
async function tryToWrite(db: Db): Promise<true> {
  const written = db.transaction(async (tx) => {
    await postgresLimiter(tx).consume(probe, "probe");
    tx.rollback();
  });
  return written.then(
    () => true,
    (error: unknown) => {
      if (error instanceof TransactionRollbackError) return true;
      throw error;
    },
  );
}

/**
 * The health of each part (X4). The database must accept writes, because a read-only database and one
 * with a full disk still accept reads. Requests can be served without mail, worker and Redis, so
 * these give `warn`.
 */
async function health(
  env: Env,
  database: Database,
  worker: Worker,
  isRedisUnavailable: () => Promise<boolean>,
): Promise<Health> {
  const isEmbedded = database.kind === "pglite";
  const [found, redisIsUnavailable, disk] = await Promise.all([
    nullAfterTimeout(inspect(database)),
    isRedisUnavailable(),
    isEmbedded ? nullAfterTimeout(statfs(env.dataDir)) : null,
  ]);
  return {
    database: found?.isWritable ? "pass" : "fail",
    migrations: found?.pending.length === 0 ? "pass" : "fail",
    worker: worker.isLate() ? "warn" : "pass",
    mail: found?.mailIsOverdue ? "warn" : "pass",
    limiter: redisIsUnavailable ? "warn" : "pass",
    disk: isEmbedded && !hasFreeSpace(disk) ? "warn" : "pass",
  };
}

/** Some file systems have no fixed number of inodes, and report none. */
const hasFreeSpace = (disk: StatsFs | null) =>
  disk !== null &&
  disk.bavail * disk.bsize >= bounds.freeDiskBytes &&
  !(disk.files > 0 && disk.ffree < bounds.freeInodes);

/** Runs its queries one after another: together they would use several connections of the pool. */
async function inspect({ db }: Database) {
  const isWritable = await tryToWrite(db).catch(() => false);
  const pending = await pendingMigrations(db);
  return { isWritable, pending, mailIsOverdue: await isMailOverdue(db) };
}

/** Concurrent calls share one result, because a health check writes. */
function oneAtATime<T>(check: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | null = null;
  return () => (result ??= check().finally(() => (result = null)));
}

/** The result; null after an error or after `intervals.health`. */
function nullAfterTimeout<T>(result: Promise<T>): Promise<T | null> {
  const late = new Promise<null>((resolve) => {
    setTimeout(resolve, intervals.health * 1000, null).unref();
  });
  return Promise.race([result.catch(() => null), late]);
}

// Adapters load their libraries only when configured: each costs start-up time and memory.

async function createLimiter({ redis }: Env, db: Db, log: Log) {
  const postgres = postgresLimiter(db);
  if (!redis) return { limiter: postgres, isRedisUnavailable: () => Promise.resolve(false) };
  const { createRedisClient, redisLimiter, withFallback } =
    await import("@/lib/adapters/redis-limiter");
  return withFallback(
    redisLimiter(createRedisClient(redis), systemClock),
    postgres,
    systemClock,
    log,
  );
}

async function createMailer({ mail }: Env, log: Log): Promise<Mailer | null> {
  switch (mail.by) {
    case "resend":
      return (await import("@/lib/adapters/resend")).resendMailer(mail.key, mail.baseUrl);
    case "smtp":
      return (await import("@/lib/adapters/smtp")).smtpMailer(mail.url, log);
    case "local":
      return null;
  }
}

/** Without providers Auth.js and the OIDC client are not loaded. */
async function createOAuth(env: Env, db: Db, log: Log): Promise<OAuth> {
  const withoutKeys = (provider: string) => {
    throw new Error(`${provider} has no keys.`);
  };
  if (Object.keys(env.providers).length === 0)
    return { authorize: withoutKeys, exchange: withoutKeys };
  const [{ createAuthJsOAuth }, { createOidcClients }] = await Promise.all([
    import("@/lib/web/authjs"),
    import("@/lib/adapters/oidc-client"),
  ]);
  return createAuthJsOAuth({
    env,
    db,
    log,
    createOidcClient: createOidcClients(env, systemClock, log),
  });
}

/** On Postgres, migrations run on a connection of their own, which may have more rights (X2). */
async function migrateOnOwnConnection({ migrateDatabaseUrl, dataDir }: Env) {
  if (!migrateDatabaseUrl) return;
  const database = await openDatabase({
    url: migrateDatabaseUrl,
    directory: dataDir,
    connections: 1,
    limits: { statement: databaseLimits.migration },
  });
  try {
    await migrateUp(database.db);
  } finally {
    await database.close();
  }
}
