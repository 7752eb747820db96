import { sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row } from "@/db/rows";
import { sessions } from "@/db/schema";
import { bounds, intervals } from "@/lib/core/policy";
import { isExpiredSession } from "./purge";

interface Facts {
  /** The database's clock, in seconds. */
  readonly now: number;
  /** Seconds since the last use of a session; null without sessions. */
  readonly quiet: number | null;
  readonly sessions: number;
  readonly expired: number;
}

/** One statement, so that its parts have the same time. */
const readFacts = async (db: Db): Promise<Facts> =>
  (await row<Facts>(
    db,
    sql`select extract(epoch from now())::float8 as now,
      extract(epoch from now() - max(last_seen_at))::float8 as quiet,
      count(*)::int as sessions, (count(*) filter (where ${isExpiredSession}))::int as expired
      from ${sessions}`,
  ))!;

/**
 * Decides whether a purge may run. A clock that is ahead makes everything look expired, and what is
 * deleted stays deleted when the clock is right again. So a purge waits for `intervals.purgeHold` when
 * the clock may be wrong. `uptime` is in milliseconds, and no change of the clock moves it.
 *
 * The returned function gives the reason to wait, or null.
 */
export function purgeGuard(uptime: () => number = () => performance.now()) {
  let last: { now: number; at: number } | undefined;
  let held: { reason: string; until: number } | undefined;
  let since: number | undefined;

  return async (db: Db): Promise<string | null> => {
    const facts = await readFacts(db);
    const at = uptime();
    const hold = (reason: string) => (held = { reason, until: at + intervals.purgeHold * 1000 });
    const jump = last ? facts.now - last.now - (at - last.at) / 1000 : 0;
    if (!last && (facts.quiet ?? 0) > intervals.purgeQuiet)
      hold(`By the clock, no session was used for ${inDays(facts.quiet!)}.`);
    if (jump > intervals.purgeJump) hold(`The clock has moved ahead by ${inDays(jump)}.`);
    if (jump < -intervals.purgeJump) held = undefined;
    last = { now: facts.now, at };

    const isMost = facts.expired >= bounds.purgeSuspicious && facts.expired * 2 > facts.sessions;
    since = isMost ? (since ?? at) : undefined;
    if (held && at < held.until) return held.reason;
    if (since !== undefined && at < since + intervals.purgeHold * 1000)
      return `${facts.expired} of ${facts.sessions} sessions would be deleted.`;
    return null;
  };
}

const inDays = (seconds: number) => `${Math.round(seconds / 86_400)} days`;
