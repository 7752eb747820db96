import { and, eq, type SQL, sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row } from "@/db/rows";
import { limitHits } from "@/db/schema";
import { seconds } from "@/lib/core/duration";
import type { Limiter } from "@/lib/runtime/ports";

/** The name of a hit: its time in microseconds, the resolution of Postgres. */
const moment = (hit: SQL) => sql`(extract(epoch from ${hit}) * 1000000)::bigint::text`;

/** After the clock was set back, a hit in the future counts as now: no limit outlasts its window. */
const hitAtMostNow = sql`case when hit > clock_timestamp() + interval '1 second' then clock_timestamp() else hit end`;

/**
 * Limits in Postgres as exact sliding logs: each row has the times of the hits within the window. One
 * upsert counts a hit; its row lock serializes concurrent callers (R2, decision 10).
 */
export function postgresLimiter(db: Db): Limiter {
  return {
    async consume({ rule, max, per }, keyHash) {
      const length = sql`make_interval(secs => ${per})`;
      const result = await row<{ granted: boolean; hit: string; wait: number }>(
        db,
        sql`insert into ${limitHits} (rule, key_hash, hits, granted, expires_at)
          values (${rule}, ${keyHash}, array[clock_timestamp()], true, clock_timestamp() + ${length})
          on conflict (rule, key_hash) do update set (hits, granted, expires_at) = (
            select case when cardinality(live) < ${max}::int then live || greatest(
                clock_timestamp(), live[cardinality(live)] + interval '1 microsecond'
              ) else live end,
              cardinality(live) < ${max}::int, clock_timestamp() + ${length}
            from (
              select coalesce(array_agg(${hitAtMostNow} order by hit), '{}') as live
              from unnest(limits.hits) as hit where hit > clock_timestamp() - ${length}
            ) as counted
          )
          returning granted, ${moment(sql`hits[cardinality(hits)]`)} as hit,
            greatest(1, ceil(extract(epoch from hits[1] + ${length} - clock_timestamp())))::int as wait`,
      );
      return result!.granted
        ? { ok: true, hit: result!.hit }
        : { ok: false, retryAfter: seconds(result!.wait) };
    },

    async refund(rule, keyHash, hit) {
      await row(
        db,
        sql`update ${limitHits} set hits = array(
              select one from unnest(hits) as one where ${moment(sql`one`)} <> ${hit} order by one
            ) where rule = ${rule} and key_hash = ${keyHash}`,
      );
    },

    async forget(rule, keyHash) {
      await db
        .delete(limitHits)
        .where(and(eq(limitHits.rule, rule), eq(limitHits.keyHash, keyHash)));
    },

    async clear() {
      await db.delete(limitHits);
    },
  };
}
