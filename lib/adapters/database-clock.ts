import { sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row } from "@/db/rows";
import { intervals } from "@/lib/core/policy";
import type { Clock, Log } from "@/lib/runtime/ports";

export interface DatabaseClock extends Clock {
  /** Reads the database's clock. Throws when the database is unavailable. */
  read(): Promise<void>;
  /** Whether the clock of this process differed from it by `intervals.clockDifference` or more. */
  differs(): boolean;
  /** By how many seconds the clock of this process was ahead of it at the last reading. */
  secondsAhead(): number;
}

/**
 * The database's clock, which judges every expiry, as it was read last and has advanced since; `system`
 * before the first reading. A difference to `system` is logged when it appears and when it is gone.
 */
export function databaseClock(db: Db, system: Clock, log: Log): DatabaseClock {
  let read: { readonly time: number; readonly at: number } | undefined;
  let differs = false;
  let ahead = 0;
  return {
    now: () => (read ? new Date(read.time + performance.now() - read.at) : system.now()),
    differs: () => differs,
    secondsAhead: () => Math.round(ahead / 1000),
    read: async () => {
      const before = performance.now();
      const found = await row<{ time: number }>(
        db,
        sql`select (extract(epoch from clock_timestamp()) * 1000)::float8 as time`,
      );
      // The database read its clock between the two, so the middle is wrong by half of them at most.
      const at = (before + performance.now()) / 2;
      read = { time: found!.time, at };
      ahead = system.now().getTime() - (read.time + performance.now() - at);
      const nowDiffers = Math.abs(ahead) >= intervals.clockDifference * 1000;
      if (nowDiffers && !differs)
        log.warn("clock.differs", {
          secondsAheadOfDatabase: Math.round(ahead / 1000),
          advice: "Synchronize the clocks of this machine and of the database, such as by NTP.",
        });
      else if (!nowDiffers && differs) log.info("clock.agrees");
      differs = nowDiffers;
    },
  };
}
