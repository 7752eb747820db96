import type { Db } from "@/db/client";
import type { Log } from "@/lib/runtime/ports";
import { bounds, intervals } from "@/lib/core/policy";
import { readPurgeFacts } from "@/lib/store/purge";

interface Wait {
  readonly code: "unused" | "clock_moved" | "most_sessions";
  /** For the log. */
  readonly reason: string;
}

/**
 * Decides whether a purge may run, and warns once of each reason to wait. A clock that is ahead makes
 * everything look expired, and what is deleted stays deleted when the clock is right again. So a purge waits
 * for `intervals.purgeHold` when the clock may be wrong. `uptime` is in milliseconds, and no change of the
 * clock moves it.
 */
export function purgeGuard(
  log: Pick<Log, "warn">,
  uptime: () => number = () => performance.now(),
): (db: Db) => Promise<boolean> {
  const findWait = waits(uptime);
  let warned: Wait["code"] | undefined;
  return async (db) => {
    const wait = await findWait(db);
    if (wait && wait.code !== warned)
      log.warn("purge.waits", {
        reason: wait.reason,
        help: `Check the clock of the database. Nothing is deleted for ${intervals.purgeHold / 3600} hours.`,
      });
    warned = wait?.code;
    return !wait;
  };
}

function waits(uptime: () => number) {
  let last: { now: number; at: number } | undefined;
  let held: { wait: Wait; until: number } | undefined;
  let since: number | undefined;

  return async (db: Db): Promise<Wait | null> => {
    const facts = await readPurgeFacts(db);
    const at = uptime();
    const hold = (wait: Wait) => (held = { wait, until: at + intervals.purgeHold * 1000 });
    const jump = last ? facts.now - last.now - (at - last.at) / 1000 : 0;
    if (!last && (facts.quiet ?? 0) > intervals.purgeQuiet) {
      const reason = `By the clock, no session was used for ${inDays(facts.quiet!)}.`;
      hold({ code: "unused", reason });
    }
    if (jump > intervals.purgeJump)
      hold({ code: "clock_moved", reason: `The clock has moved ahead by ${inDays(jump)}.` });
    if (jump < -intervals.purgeJump) held = undefined;
    last = { now: facts.now, at };

    const isMost = facts.expired >= bounds.purgeSuspicious && facts.expired * 2 > facts.sessions;
    since = isMost ? (since ?? at) : undefined;
    if (held && at < held.until) return held.wait;
    if (since !== undefined && at < since + intervals.purgeHold * 1000) {
      const reason = `${facts.expired} of ${facts.sessions} sessions that were looked at would be deleted.`;
      return { code: "most_sessions", reason };
    }
    return null;
  };
}

const inDays = (seconds: number) => `${Math.round(seconds / 86_400)} days`;
