import { availableParallelism } from "node:os";
import { hash, verify } from "@node-rs/argon2";
import type { Passwords } from "@/lib/runtime/ports";
import { bounds, intervals } from "@/lib/core/policy";
import { ok, refuse, type Result } from "@/lib/core/result";

/** Cores that hash at once: one is left for everybody who only reads a page. */
const hashers = Math.max(1, availableParallelism() - 1);

type Cost = Record<keyof typeof bounds.argon2, number>;

/**
 * argon2id behind a bounded queue (P6). Each hash takes a core and 19 MiB for a while, so a flood of
 * sign-ins would keep everybody else waiting, and with it the thread pool that files, DNS and
 * crypto share. What finds the queue full is turned away at once, and what waits too long, after
 * that: `overloaded`, before the runner would take the database for away.
 */
export function argon2Hasher(cost: Cost = bounds.argon2): Pick<Passwords, "hash" | "verify"> {
  const { memoryCost, timeCost, parallelism } = cost;
  /** How every hash of today begins. */
  const today = `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$`;
  /**
   * A hash that no password matches: its bytes are all zero. It is verified for those who have none,
   * by the same code and with the same parameters.
   */
  const decoy = `${today}${"A".repeat(22)}$${"A".repeat(43)}`;
  const enqueue = queue(hashers, bounds.hashQueue);
  return {
    hash: (password) => enqueue(() => hash(password, cost)),
    verify: (storedHash, password) =>
      enqueue(async () => ({
        matches: await verify(storedHash ?? decoy, password),
        needsRehash: storedHash !== null && !storedHash.startsWith(today),
      })),
  };
}

/**
 * Lets so many work at once and so many wait, first come, first served; nobody waits for longer
 * than `intervals.hashWait`.
 */
function queue(atOnce: number, mayWait: number) {
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
    if (working < atOnce) working += 1;
    else if (waiting.size >= mayWait || !(await turn()))
      return refuse("overloaded", { retryAfter: intervals.overloaded });
    try {
      return ok(await work());
    } finally {
      // The place goes to the next in line, without a moment in which somebody else could take it.
      const [next] = waiting;
      if (next) {
        waiting.delete(next);
        next();
      } else working -= 1;
    }
  };
}
