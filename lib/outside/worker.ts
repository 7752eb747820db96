import type { World } from "@/lib/flow";
import { purge } from "@/lib/identity/purge";
import { intervals } from "@/lib/policy";
import { deliverDueLetters } from "./courier";
import type { Mailer } from "./mailer";

export interface Worker {
  /** There is something to do now. */
  ring(): void;
  /** Takes nothing new, and resolves when what was under way is done. */
  stop(): Promise<void>;
}

type WorkerWorld = Pick<World, "db" | "env" | "log" | "clock" | "isDatabaseAway">;

/** Delivers letters and purges what is over, in this process, beside the requests (X3, X10). */
export function startWorker(world: WorkerWorld, mailer: Mailer): Worker {
  const courier = repeat(world, "courier", intervals.outboxPoll, () =>
    deliverDueLetters(world, mailer),
  );
  const purger = repeat(world, "purge", intervals.purge, async () => {
    const rows = await purge(world.db);
    if (rows > 0) world.log.info("purge.done", { rows });
  });
  return {
    ring: courier.ring,
    stop: async () => void (await Promise.all([courier.stop(), purger.stop()])),
  };
}

/** Runs a job now and then again and again, never twice at once; a ring while it runs is not lost. */
function repeat(world: WorkerWorld, name: string, every: number, job: () => Promise<unknown>) {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | null = null;
  let rung = false;
  let stopped = false;

  const run = async () => {
    do {
      rung = false;
      try {
        await job();
      } catch (error) {
        // A background job has nobody to answer to; the log is where its failures are seen.
        if (world.isDatabaseAway(error)) world.log.warn("database.away", { job: name });
        else world.log.error(`${name}.failed`, { error });
      }
    } while (rung && !stopped);
    running = null;
    if (!stopped) timer = setTimeout(start, every * 1000).unref();
  };
  const start = () => void (running ??= run());
  const ring = () => {
    if (stopped) return;
    rung = true;
    clearTimeout(timer);
    start();
  };
  start();
  return {
    ring,
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
