import path from "node:path";
import {
  type Database,
  type Db,
  endTransaction,
  isDatabaseUnavailable,
  openDatabase,
} from "@/db/client";
import { explained } from "@/db/explain-error";
import { migrateUp, migrationState } from "@/db/migrate";
import { type DatabaseCause, databaseCauseOf } from "@/lib/core/database-error";
import type { Env } from "@/lib/core/env";
import { parsePostgresUrl } from "@/lib/core/postgres-url";
import type { Health, Log, Metrics, OAuth, World } from "@/lib/runtime/ports";
import { isBudgetUsed, isMailOverdue, queuedMail } from "@/lib/store/outbox";
import { databaseLimits, intervals } from "@/lib/core/policy";
import { random } from "@/lib/core/crypto";
import { systemClock } from "@/lib/adapters/clock";
import { hasFreeSpace, isFull, readDiskSpace } from "@/lib/adapters/disk-space";
import { databaseClock, type DatabaseClock } from "@/lib/adapters/database-clock";
import { postgresLimiter } from "@/lib/adapters/postgres-limiter";
import { createLog } from "@/lib/adapters/log";
import { localMailbox } from "@/lib/adapters/local-mailbox";
import type { Mailer } from "@/lib/adapters/mailer";
import { argon2Hasher } from "@/lib/adapters/argon2-hasher";
import { hashingProcess } from "@/lib/adapters/hashing-process";
import { noMetrics } from "@/lib/adapters/no-metrics";
import { createPasswords } from "@/lib/adapters/passwords";
import { startWorker, type Worker } from "@/lib/adapters/worker";
import { tryToGrow, tryToWrite } from "@/lib/adapters/write-probe";
import { setWorld } from "@/lib/runtime/world";
import { version } from "@/lib/core/version";

/**
 * Creates and sets the world of a server: migrates, connects, starts the worker. Throws any error that
 * prevents this. Returns it with the function that stops the worker, for a shutdown that lets requests end.
 */
export async function createWorld(
  env: Env,
): Promise<{ world: World; stopWorker: () => Promise<void> }> {
  const log = createLog(env);
  const onWait = () => log.warn("migrations.waiting", { for: "another instance that migrates" });
  await migrateOnOwnConnection(env, onWait);
  let space: SpaceProbe | undefined;
  const database = await explained(
    "DATABASE_URL",
    openDatabase({
      url: env.databaseUrl,
      directory: env.dataDir,
      onDrop: (reason) => log.warn("database.connection_dropped", { reason }),
      onPooler: () => log.info("database.pooler", { preparesStatements: preparesStatements(env) }),
      onDiskFull: () => space?.expire(),
      onWarning: (message) => log.warn("database.directory", { message }),
      onFailure: (error) => log.error("database.stopped", { error: error.message }),
    }),
  );
  const { db } = database;
  const isEmbedded = database.kind === "pglite";
  const clock = databaseClock(db, systemClock, log);
  await explained("DATABASE_URL", prepare(db, clock, { migrates: isEmbedded, onWait }));
  if (!isEmbedded) space = spaceProbe(db);
  const { metrics, page } = await createMetrics(env);
  const { limiter, isRedisUnavailable } = await createLimiter(env, db, log, metrics);
  const local = localMailbox(path.join(env.dataDir, "mailbox"), clock, log);
  const mailer = (await createMailer(env, log)) ?? local.mailer;
  const worker = startWorker(
    { db, env, log, clock, random, isDatabaseUnavailable, metrics },
    mailer,
    {
      isEmbedded,
      readClock: clock.read,
    },
  );
  const parts = { database, worker, isRedisUnavailable, clock, space };
  const reportDatabase = reporterOf(log);
  const checkHealth = oneAtATime(() => health(env, parts, reportDatabase));
  const world: World = {
    env,
    db,
    isDatabaseUnavailable,
    endTransaction,
    clock,
    random,
    log,
    limiter,
    passwords: createPasswords(env, log, argon2Hasher(hashingProcess(log), { metrics })),
    oauth: await createOAuth(env, db, log),
    wakeCourier: worker.wake,
    health: checkHealth,
    pendingMigrations: async () => (await migrationState(db)).pending,
    metrics,
    metricsPage: page({
      health: checkHealth,
      pool: database.poolUse,
      queuedMail: () => queuedMail(db),
    }),
    mailbox: env.mail.by === "local" ? { letters: local.letters } : null,
  };
  setWorld(world);
  log.info("world.open", {
    database: database.kind,
    limits: env.redis?.by ?? "postgres",
    mail: env.mail.by,
    origin: env.origin.origin,
  });
  return { world, stopWorker: worker.stop };
}

/** Brings the database to a state in which requests can be served, or throws. */
async function prepare(
  db: Db,
  clock: DatabaseClock,
  { migrates, onWait }: { migrates: boolean; onWait: () => void },
) {
  if (migrates) await migrateUp(db, { onWait });
  await clock.read();
  await tryToWrite(db);
}

const preparesStatements = ({ databaseUrl = "" }: Env) => {
  const url = parsePostgresUrl(databaseUrl);
  return !("problem" in url) && url.prepare === true;
};

/** Whether Postgres has space for new pages. */
interface SpaceProbe {
  /** Rejects when it has none. A success counts for `intervals.diskProbe`. */
  check(): Promise<void>;
  /** Lets the next check ask Postgres again. */
  expire(): void;
}

function spaceProbe(db: Db): SpaceProbe {
  let foundAt = -Infinity;
  return {
    expire: () => void (foundAt = -Infinity),
    check: async () => {
      if (performance.now() - foundAt < intervals.diskProbe * 1000) return;
      await tryToGrow(db);
      foundAt = performance.now();
    },
  };
}

interface Parts {
  readonly database: Database;
  readonly worker: Worker;
  readonly isRedisUnavailable: () => Promise<boolean>;
  readonly clock: DatabaseClock;
  readonly space: SpaceProbe | undefined;
}

/**
 * The health of each part (X4). The database must accept writes, because a read-only database and one
 * with a full disk still accept reads. Requests can be served without mail, worker and Redis, so
 * these give `warn`. `report` receives why the database fails, or null.
 */
async function health(
  env: Env,
  parts: Parts,
  report: (cause: DatabaseCause | null) => void,
): Promise<Health> {
  const { database, worker, isRedisUnavailable, clock } = parts;
  const isEmbedded = database.kind === "pglite";
  const [found, redisIsUnavailable, stats] = await Promise.all([
    causeAfterTimeout(inspect(database.db, env, parts)),
    isRedisUnavailable(),
    isEmbedded ? causeAfterTimeout(readDiskSpace(env.dataDir)) : null,
  ]);
  const disk = stats && "bavail" in stats ? stats : null;
  const cause = "cause" in found ? found.cause : disk && isFull(disk) ? noSpace : found.refusal;
  report(cause);
  const isMigrated = "pending" in found && found.pending.length === 0 && !found.isTooNew;
  return {
    database: cause ? "fail" : "pass",
    migrations: isMigrated ? "pass" : "fail",
    worker: worker.isLate() ? "warn" : "pass",
    mail: "mailWaits" in found && found.mailWaits ? "warn" : "pass",
    limiter: redisIsUnavailable ? "warn" : "pass",
    disk: isEmbedded && !(disk && hasFreeSpace(disk)) ? "warn" : "pass",
    clock: clock.differs() ? "warn" : "pass",
  };
}

const noSpace: DatabaseCause = { code: "ENOSPC", reason: "The disk of the database is full." };

/** Runs its queries one after another: together they would use several connections of the pool. */
async function inspect(
  db: Db,
  { emailsPerHour }: Env,
  { clock, space }: Pick<Parts, "clock" | "space">,
) {
  await clock.read();
  const refusal = await tryToWrite(db)
    .then(() => space?.check())
    .then(() => null, databaseCauseOf);
  const { pending, isTooNew } = await migrationState(db);
  const mailWaits = (await isMailOverdue(db)) || (await isBudgetUsed(db, emailsPerHour));
  return { refusal, pending, isTooNew, mailWaits };
}

/** Logs why the database fails once for each cause, and that it no longer does. */
function reporterOf(log: Log) {
  let reported = "";
  return (cause: DatabaseCause | null) => {
    const text = cause ? `${cause.code} ${cause.reason}` : "";
    if (text === reported) return;
    reported = text;
    if (cause) log.warn("database.not_ready", { ...cause });
    else log.info("database.ready");
  };
}

/** Concurrent calls share one result, because a health check writes. */
function oneAtATime<T>(check: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | null = null;
  return () => (result ??= check().finally(() => (result = null)));
}

/** The result, or why there is none: the error, or that it took longer than `intervals.health`. */
function causeAfterTimeout<T>(result: Promise<T>): Promise<T | { cause: DatabaseCause }> {
  const late = new Promise<{ cause: DatabaseCause }>((resolve) => {
    const cause = { code: "TIMEOUT", reason: "The database did not respond in time." };
    setTimeout(resolve, intervals.health * 1000, { cause }).unref();
  });
  const failed = (error: unknown) => ({ cause: databaseCauseOf(error) });
  return Promise.race([result.catch(failed), late]);
}

// Adapters load their libraries only when configured: each costs start-up time and memory.

/** Without a token nobody can read metrics, so nothing is counted. */
async function createMetrics({ metricsToken }: Env) {
  if (!metricsToken) return { metrics: noMetrics, page: () => null };
  const { prometheus } = await import("@/lib/adapters/prometheus");
  return prometheus({ version, node: process.version });
}

async function createLimiter({ redis }: Env, db: Db, log: Log, metrics: Metrics) {
  const postgres = postgresLimiter(db);
  if (!redis) return { limiter: postgres, isRedisUnavailable: () => Promise.resolve(false) };
  const { createRedisClient, redisLimiter, withFallback } =
    await import("@/lib/adapters/redis-limiter");
  return withFallback(
    redisLimiter(createRedisClient(redis), systemClock),
    postgres,
    systemClock,
    log,
    metrics,
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
async function migrateOnOwnConnection(
  { migrateDatabaseUrl, databaseUrl, dataDir }: Env,
  onWait: () => void,
) {
  if (!migrateDatabaseUrl) return;
  const variable = migrateDatabaseUrl === databaseUrl ? "DATABASE_URL" : "MIGRATE_DATABASE_URL";
  const migrate = async () => {
    const database = await openDatabase({
      url: migrateDatabaseUrl,
      directory: dataDir,
      connections: 1,
      limits: { statement: databaseLimits.migration },
    });
    try {
      await migrateUp(database.db, { onWait });
    } finally {
      await database.close();
    }
  };
  await explained(variable, migrate());
}
