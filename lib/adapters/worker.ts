import { randomUUID } from "node:crypto";
import type { Db } from "@/db/client";
import type { World } from "@/lib/runtime/ports";
import { checkpointIfDue, vacuum } from "@/lib/store/embedded-maintenance";
import { databaseCauseOf } from "@/lib/core/database-error";
import { auditSealer, cutAuditLog } from "@/lib/store/audit-seals";
import { eraseDueAccounts } from "@/lib/store/erasures";
import { purge } from "@/lib/store/purge";
import { intervals } from "@/lib/core/policy";
import { deliverDueLetters } from "./courier";
import { applyDueEmailChanges } from "./due-email-changes";
import type { Mailer } from "./mailer";
import { purgeGuard } from "./purge-guard";

export interface Worker {
  /** Runs the courier before its next poll. */
  wake(): void;
  /** Whether a job has made no progress for longer than its pause and `intervals.jobStall` together. */
  isLate(): boolean;
  /** Starts nothing new. Resolves when the running jobs have ended or are stuck. */
  stop(): Promise<void>;
}

export interface WorkerOptions {
  readonly isEmbedded: boolean;
  /** Reads the database's clock; called every `intervals.clockReading`. */
  readonly readClock?: () => Promise<void>;
}

type WorkerWorld = Pick<
  World,
  "db" | "env" | "log" | "clock" | "random" | "isDatabaseUnavailable" | "metrics"
>;

/**
 * Sends letters, purges expired rows, changes due addresses, erases deleted accounts and seals audit events
 * in this process (X3, X10, T3, U4). A job without progress for `intervals.jobStall` is abandoned and the
 * next one starts; on the embedded database the next one starts when the stuck one has ended.
 */
export function startWorker(
  world: WorkerWorld,
  mailer: Mailer,
  { isEmbedded, readClock }: WorkerOptions,
): Worker {
  // On the embedded database's one connection a second job would wait for the stuck one.
  const mayOverlap = !isEmbedded;
  const courier = repeat({
    ...{ world, mayOverlap, name: "courier", every: intervals.outboxPoll },
    job: (progress, isStopping) => deliverDueLetters(world, mailer, progress, isStopping),
  });
  const mayPurge = purgeGuard(world.log);
  const purger = repeat({
    ...{ world, mayOverlap, name: "purge", every: intervals.purge },
    job: async (progress) => {
      if (!(await mayPurge(world.db))) return;
      const addresses = await applyDueEmailChanges(world, progress);
      if (addresses > 0) world.log.info("addresses.changed", { addresses });
      const rows = await purge(world.db, progress);
      if (rows > 0) world.log.info("purge.done", { rows });
      const { auditKey, lifetimes } = world.env;
      const events = await cutAuditLog(world.db, auditKey, lifetimes.auditLog, progress);
      if (events > 0) world.log.info("audit.cut", { events });
      const accounts = await eraseDueAccounts(world.db, randomUUID, progress);
      if (accounts > 0) world.log.info("accounts.erased", { accounts });
    },
  });
  const sealEvents = auditSealer(world.db, world.env.auditKey);
  const sealer = repeat({
    ...{ world, mayOverlap, name: "audit_sealer", every: intervals.auditSeal },
    job: sealEvents,
  });
  const jobs = [courier, purger, sealer];
  if (readClock)
    jobs.push(
      repeat({
        ...{ world, mayOverlap, name: "clock", every: intervals.clockReading },
        job: readClock,
      }),
    );
  if (isEmbedded)
    jobs.push(
      repeat({
        ...{ world, mayOverlap, name: "maintenance", every: intervals.embeddedMaintenance },
        job: maintenanceOf(world.db),
      }),
    );
  return {
    wake: courier.wake,
    isLate: () => jobs.some((job) => job.isLate()),
    stop: async () => void (await Promise.all(jobs.map((job) => job.stop()))),
  };
}

/** Checkpoints when due, and vacuums after each `intervals.embeddedVacuum`. */
function maintenanceOf(db: Db) {
  let vacuumedAt = performance.now();
  return async () => {
    await checkpointIfDue(db);
    if (performance.now() - vacuumedAt < intervals.embeddedVacuum * 1000) return;
    await vacuum(db);
    vacuumedAt = performance.now();
  };
}

interface Repeated {
  readonly world: WorkerWorld;
  readonly name: string;
  /** Seconds from the end of one run to the start of the next. */
  readonly every: number;
  readonly mayOverlap: boolean;
  /** Calls `progress` after each step, and takes no long further step once `isStopping`. */
  readonly job: (progress: () => void, isStopping: () => boolean) => Promise<unknown>;
}

/** Stops an abandoned job at its next step. */
class GivenUp extends Error {}

/** Runs a job now and then repeatedly, never twice at once. A `wake` during a run causes another run. */
function repeat({ world, name, every, mayOverlap, job }: Repeated) {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | null = null;
  let pending = false;
  let stopped = false;
  let aliveAt = performance.now();
  /** Ends the wait for a stuck job. */
  let abandonStuck = () => {};

  const once = async () => {
    let givenUp = false;
    let watch: NodeJS.Timeout | undefined;
    const watchOver = () => {
      clearTimeout(watch);
      watch = setTimeout(() => {
        givenUp = true;
        world.log.error(`${name}.stuck`);
        if (mayOverlap || stopped) abandonStuck();
      }, intervals.jobStall * 1000).unref();
    };
    const progress = () => {
      if (givenUp) throw new GivenUp();
      aliveAt = performance.now();
      watchOver();
    };
    const abandoned = new Promise<void>((resolve) => {
      abandonStuck = () => {
        if (givenUp) resolve();
      };
    });
    watchOver();
    try {
      await Promise.race([job(progress, () => stopped).then(progress), abandoned]);
    } catch (error) {
      // No caller receives the error, so it is logged.
      if (error instanceof GivenUp) return;
      if (world.isDatabaseUnavailable(error))
        world.log.warn("database.unavailable", { job: name, ...databaseCauseOf(error) });
      else world.log.error(`${name}.failed`, { error });
    } finally {
      clearTimeout(watch);
    }
  };
  const run = async () => {
    do {
      pending = false;
      await once();
    } while (pending && !stopped);
    running = null;
    if (!stopped) timer = setTimeout(start, every * 1000).unref();
  };
  const start = () => void (running ??= run());
  const wake = () => {
    if (stopped) return;
    pending = true;
    clearTimeout(timer);
    start();
  };
  start();
  return {
    wake,
    isLate: () => performance.now() - aliveAt > (every + intervals.jobStall) * 1000,
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      abandonStuck();
      await running;
    },
  };
}
