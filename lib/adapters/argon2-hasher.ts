import { availableParallelism } from "node:os";
import { hash, verify } from "@node-rs/argon2";
import type { Passwords } from "@/lib/runtime/ports";
import { bounds, intervals } from "@/lib/core/policy";
import { ok, refuse, type Result } from "@/lib/core/result";

/** Concurrent hashes: one core stays free for all other requests. */
const hashers = Math.max(1, availableParallelism() - 1);

type Cost = Record<keyof typeof bounds.argon2, number>;

/**
 * argon2id behind a bounded queue (P6). Each hash uses a core and 19 MiB, so a flood of sign-ins would
 * block all other requests, and the thread pool that files, DNS and crypto share. Refuses
 * `overloaded` at once when the queue is full, and after `intervals.hashWait` seconds of waiting.
 */
export function argon2Hasher(cost: Cost = bounds.argon2): Pick<Passwords, "hash" | "verify"> {
  const { memoryCost, timeCost, parallelism } = cost;
  /** The beginning of each hash with the current parameters. */
  const prefix = `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$`;
  /** A hash of zero bytes, which no password matches. Verifying it takes as long as any other. */
  const decoy = `${prefix}${"A".repeat(22)}$${"A".repeat(43)}`;
  const enqueue = queue(hashers, bounds.hashQueue);
  return {
    // The library's default algorithm is argon2id.
    hash: (password) => enqueue(() => hash(password, cost)),
    verify: (storedHash, password) =>
      enqueue(async () => ({
        matches: await verify(storedHash ?? decoy, password),
        needsRehash: storedHash !== null && !storedHash.startsWith(prefix),
      })),
  };
}

/**
 * A first-in, first-out queue: `concurrency` tasks run, and `capacity` wait for `intervals.hashWait` at
 * most.
 */
function queue(concurrency: number, capacity: number) {
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
        resolve(false);
      }, intervals.hashWait * 1000);
      waiting.add(begin);
    });
  return async function enqueue<T>(work: () => Promise<T>): Promise<Result<T>> {
    if (working < concurrency) working += 1;
    else if (waiting.size >= capacity || !(await turn()))
      return refuse("overloaded", { retryAfter: intervals.overloaded });
    try {
      return ok(await work());
    } finally {
      // Passed on without becoming free, so that a new task cannot overtake a waiting one.
      const [next] = waiting;
      if (next) {
        waiting.delete(next);
        next();
      } else working -= 1;
    }
  };
}
