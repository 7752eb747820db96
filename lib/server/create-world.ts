import path from "node:path";
import { TransactionRollbackError } from "drizzle-orm/errors";
import {
  type Database,
  type Db,
  endTransaction,
  isDatabaseUnavailable,
  openDatabase,
} from "@/db/client";
import { migrateUp } from "@/db/migrate";
import { seconds } from "@/lib/core/duration";
import type { Env } from "@/lib/core/env";
import type { Health, Log, OAuth, World } from "@/lib/runtime/ports";
import { isMailOverdue } from "@/lib/store/outbox";
import { databaseLimits, intervals, type Limit } from "@/lib/core/policy";
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
 * Opens everything a server needs: migrates, connects, starts the worker. Throws what stands in
 * the way. Returns what ends the work beside the requests, so that these can drain.
 */
export async function createWorld(env: Env): Promise<{ stopWorker: () => Promise<void> }> {
  const log = createLog(env);
  await migrateOnOwnConnection(env);
  const database = await openDatabase({
    url: env.databaseUrl,
    directory: env.dataDir,
    onDrop: (reason) => log.warn("database.connection_dropped", { reason }),
  });
  const { db } = database;
  if (database.kind === "pglite") await migrateUp(db);
  const { limiter, isRedisUnavailable } = await createLimiter(env, db, log);
  const local = localMailbox(path.join(env.dataDir, "mailbox"), systemClock);
  const mailer = (await createMailer(env, log)) ?? local.mailer;
  const worker = startWorker({ db, env, log, clock: systemClock, isDatabaseUnavailable }, mailer, {
    // The embedded database has one connection: a second job would only wait behind the stuck one.
    mayOverlap: database.kind === "postgres",
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
    health: oneAtATime(() => health(database, worker, isRedisUnavailable)),
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

/** Written only to see whether the database takes it. */
const probe: Limit = { rule: "readiness", max: 1, per: seconds(1) };

/** Fails where the database takes no writes. Leaves nothing behind: what asks for health changes nothing. */
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
 * The database decides whether we can serve, and it has to take what we write: one that became
 * read-only or has a full disk still answers reads. Without mail, worker or Redis we can serve, for
 * a while or for good.
 */
async function health(
  database: Database,
  worker: Worker,
  isRedisUnavailable: () => Promise<boolean>,
): Promise<Health> {
  const [found, redisIsUnavailable] = await Promise.all([
    orNullInTime(lookInto(database)),
    isRedisUnavailable(),
  ]);
  return {
    database: found?.isWritable ? "pass" : "fail",
    migrations: found?.pending.length === 0 ? "pass" : "fail",
    worker: worker.isLate() ? "warn" : "pass",
    mail: found?.mailIsOverdue ? "warn" : "pass",
    limiter: redisIsUnavailable ? "warn" : "pass",
  };
}

/** One after the other, so that a look needs one connection. */
async function lookInto({ db, pending }: Database) {
  const isWritable = await tryToWrite(db).catch(() => false);
  return { isWritable, pending: await pending(), mailIsOverdue: await isMailOverdue(db) };
}

/** Whoever asks while an answer is on its way gets the same one: the asking costs a write. */
function oneAtATime<T>(ask: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | null = null;
  return () => (result ??= ask().finally(() => (result = null)));
}

/** What was asked; null where it failed, or took too long. */
function orNullInTime<T>(asked: Promise<T>): Promise<T | null> {
  const late = new Promise<null>((resolve) => {
    setTimeout(resolve, intervals.health * 1000, null).unref();
  });
  return Promise.race([asked.catch(() => null), late]);
}

// What an installation does without is not loaded either: it would cost every start, and memory.

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
  const apart = await openDatabase({
    url: migrateDatabaseUrl,
    directory: dataDir,
    connections: 1,
    limits: { statement: databaseLimits.migration },
  });
  try {
    await migrateUp(apart.db);
  } finally {
    await apart.close();
  }
}
