import { availableParallelism } from "node:os";
import type * as argon2 from "@node-rs/argon2";
import type { Metrics, Passwords } from "@/lib/runtime/ports";
import { noMetrics } from "./no-metrics";
import { bounds, intervals } from "@/lib/core/policy";
import { ok, refuse, type Result } from "@/lib/core/result";

type Cost = Record<keyof typeof bounds.argon2, number>;

/** Where argon2 runs. Its results are null when the process that ran it has ended. */
export interface Hashing {
  /** How many may run at once, now. */
  atOnce(): number;
  hash(password: string, cost: Cost): Promise<string | null>;
  verify(storedHash: string, password: string): Promise<boolean | null>;
}

let loading: Promise<typeof argon2> | undefined;

/** Loaded when it is used: the server needs no argon2 where another process hashes. */
const library = () => (loading ??= import("@node-rs/argon2"));

/** Hashes in this process. One core stays free for all other requests. */
export function hashingInServer(): Hashing {
  const atOnce = Math.max(1, availableParallelism() - 1);
  return {
    atOnce: () => atOnce,
    // The library's default algorithm is argon2id.
    hash: async (password, cost) => (await library()).hash(password, cost),
    verify: async (storedHash, password) => (await library()).verify(storedHash, password),
  };
}

/**
 * argon2id behind a bounded queue (P6). Each hash uses a core and 19 MiB, so a flood of sign-ins would
 * block all other requests. Refuses `overloaded` at once when the queue is full, after
 * `intervals.hashWait` seconds of waiting, and when `hashing` has lost its process twice.
 */
export function argon2Hasher(
  hashing: Hashing = hashingInServer(),
  { cost = bounds.argon2, metrics = noMetrics }: { cost?: Cost; metrics?: QueueMetrics } = {},
): Pick<Passwords, "hash" | "verify"> {
  const { memoryCost, timeCost, parallelism } = cost;
  /** The beginning of each hash with the current parameters. */
  const prefix = `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$`;
  /** A hash of zero bytes, which no password matches. Verifying it takes as long as any other. */
  const decoy = `${prefix}${"A".repeat(22)}$${"A".repeat(43)}`;
  const enqueue = queue(hashing.atOnce, bounds.hashQueue, metrics);
  return {
    hash: (password) => enqueue(() => hashing.hash(password, cost)),
    async verify(storedHash, password) {
      const matches = await enqueue(() => hashing.verify(storedHash ?? decoy, password));
      if (!matches.ok) return matches;
      const needsRehash = storedHash !== null && !storedHash.startsWith(prefix);
      return ok({ matches: matches.value, needsRehash });
    },
  };
}

type QueueMetrics = Pick<Metrics, "hashesQueued" | "hashWaited">;

const overloaded = () => refuse("overloaded", { retryAfter: intervals.overloaded });

/**
 * A first-in, first-out queue: `concurrency` tasks run, and `capacity` wait for `intervals.hashWait` at
 * most.
 */
function queue(concurrency: () => number, capacity: number, metrics: QueueMetrics) {
  let working = 0;
  const waiting = new Set<() => void>();
  const turn = () =>
    new Promise<boolean>((resolve) => {
      const begin = () => {
        clearTimeout(tooLong);
        resolve(true);
      };
      const tooLong = setTimeout(() => {
        waiting.delete(begin);
        metrics.hashesQueued(waiting.size);
        resolve(false);
      }, intervals.hashWait * 1000);
      waiting.add(begin);
      metrics.hashesQueued(waiting.size);
    });
  /** At once, so that a new task cannot overtake a waiting one. */
  const beginWaiting = () => {
    for (const begin of waiting) {
      if (working >= concurrency()) return;
      waiting.delete(begin);
      metrics.hashesQueued(waiting.size);
      working += 1;
      begin();
    }
  };
  return async function enqueue<T>(work: () => Promise<T | null>): Promise<Result<T>> {
    const since = performance.now();
    if (working < concurrency()) working += 1;
    else if (waiting.size >= capacity || !(await turn())) return overloaded();
    metrics.hashWaited((performance.now() - since) / 1000);
    try {
      const value = await work();
      return value === null ? overloaded() : ok(value);
    } finally {
      working -= 1;
      beginWaiting();
    }
  };
}
