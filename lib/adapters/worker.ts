import type { World } from "@/lib/runtime/ports";
import { purge } from "@/lib/store/purge";
import { intervals } from "@/lib/core/policy";
import { deliverDueLetters } from "./courier";
import type { Mailer } from "./mailer";

export interface Worker {
  /** There is something to do now. */
  wake(): void;
  /** Whether a job has got nowhere for longer than its pause and its limit together. */
  isLate(): boolean;
  /** Takes nothing new, and resolves when what was under way is done, or given up. */
  stop(): Promise<void>;
}

type WorkerWorld = Pick<World, "db" | "env" | "log" | "clock" | "isDatabaseUnavailable">;

/**
 * Delivers letters and purges what is over, in this process, beside the requests (X3, X10). A job
 * that is stuck is given up, and the next one begins; where jobs may not overlap it begins when the
 * stuck one has ended.
 */
export function startWorker(
  world: WorkerWorld,
  mailer: Mailer,
  { mayOverlap }: { readonly mayOverlap: boolean },
): Worker {
  const courier = repeat({
    ...{ world, mayOverlap, name: "courier", every: intervals.outboxPoll },
    job: (progress) => deliverDueLetters(world, mailer, progress),
  });
  const purger = repeat({
    ...{ world, mayOverlap, name: "purge", every: intervals.purge },
    job: async (progress) => {
      const rows = await purge(world.db, progress);
      if (rows > 0) world.log.info("purge.done", { rows });
    },
  });
  return {
    wake: courier.wake,
    isLate: () => courier.isLate() || purger.isLate(),
    stop: async () => void (await Promise.all([courier.stop(), purger.stop()])),
  };
}

interface Repeated {
  readonly world: WorkerWorld;
  readonly name: string;
  /** Seconds from the end of one time to the beginning of the next. */
  readonly every: number;
  readonly mayOverlap: boolean;
  /** Calls `progress` after each of its steps. */
  readonly job: (progress: () => void) => Promise<unknown>;
}

/** A job that was given up took another step: it must do nothing more. */
class GivenUp extends Error {}

/** Runs a job now and then again and again, never twice at once; a ring while it runs is not lost. */
function repeat({ world, name, every, mayOverlap, job }: Repeated) {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | null = null;
  let pending = false;
  let stopped = false;
  let aliveAt = performance.now();
  /** Waits for a job that was given up no longer. */
  let leave = () => {};

  const once = async () => {
    let givenUp = false;
    let watch: NodeJS.Timeout | undefined;
    const watchOver = () => {
      clearTimeout(watch);
      watch = setTimeout(() => {
        givenUp = true;
        world.log.error(`${name}.stuck`);
        if (mayOverlap || stopped) leave();
      }, intervals.jobStall * 1000).unref();
    };
    const progress = () => {
      if (givenUp) throw new GivenUp();
      aliveAt = performance.now();
      watchOver();
    };
    const left = new Promise<void>((resolve) => {
      leave = () => {
        if (givenUp) resolve();
      };
    });
    watchOver();
    try {
      await Promise.race([job(progress).then(progress), left]);
    } catch (error) {
      // A background job has nobody to answer to; the log is where its failures are seen.
      if (error instanceof GivenUp) return;
      if (world.isDatabaseUnavailable(error)) world.log.warn("database.unavailable", { job: name });
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
      leave();
      await running;
    },
  };
}
