import { type SQL, sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row, rows } from "@/db/rows";
import { limitHits } from "@/db/schema";
import { seconds } from "@/lib/core/duration";
import { limits } from "@/lib/core/policy";
import type { KeyedLimit, Limiter } from "@/lib/runtime/ports";

/** The name of a hit: its time in microseconds, the resolution of Postgres. */
const moment = (hit: SQL) => sql`(extract(epoch from ${hit}) * 1000000)::bigint::text`;

/** After the clock was set back, a hit in the future counts as now: no limit outlasts its window. */
const hitAtMostNow = sql`case when hit > clock_timestamp() + interval '1 second' then clock_timestamp() else hit end`;

/** Counts a hit if that stays within the limit: an upsert, whose row lock serializes concurrent callers. */
function count({ limit: { rule, max, per }, keyHash }: KeyedLimit, condition: SQL): SQL {
  const length = sql`make_interval(secs => ${per})`;
  return sql`insert into ${limitHits} (rule, key_hash, hits, granted, expires_at)
    select ${rule}, ${keyHash}, array[clock_timestamp()], true, clock_timestamp() + ${length} ${condition}
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
      greatest(1, ceil(extract(epoch from hits[1] + ${length} - clock_timestamp())))::int as wait`;
}

const nameAt = (at: number) => sql.raw(`counted_${at}`);

/** A limit is counted when the one before it was, and was granted or does not reject. */
function conditionAt(at: number, before: KeyedLimit | undefined): SQL {
  if (!before) return sql``;
  return before.effect === "reject"
    ? sql`from ${nameAt(at - 1)} where granted`
    : sql`from ${nameAt(at - 1)}`;
}

const listed = (parts: SQL[], separator: SQL) => sql.join(parts, separator);

const rules: readonly string[] = Object.values(limits).map(({ rule }) => rule);

/**
 * Limits in Postgres as exact sliding logs: each row has the times of the hits within the window. The
 * limits of a run are one statement, of one upsert each (R2, decisions 10 and 46). It locks their rows
 * in the order of `limits`, as refunds do, so that no two of them wait for each other.
 */
export function postgresLimiter(db: Db): Limiter {
  return {
    async consume(limits) {
      const counts = limits.map(
        (one, at) => sql`${nameAt(at)} as (${count(one, conditionAt(at, limits[at - 1]))})`,
      );
      const results = limits.map((_, at) => sql`select ${at}::int as place, * from ${nameAt(at)}`);
      const counted = await rows<{ granted: boolean; hit: string; wait: number }>(
        db,
        sql`with ${listed(counts, sql`, `)} ${listed(results, sql` union all `)} order by place`,
      );
      return counted.map(({ granted, hit, wait }) =>
        granted ? { ok: true, hit } : { ok: false, retryAfter: seconds(wait) },
      );
    },

    async refund(hits, forgotten = []) {
      const changes = [...hits, ...forgotten.map((key) => ({ ...key, hit: null }))].map(
        ({ rule, keyHash, hit }) =>
          sql`(${rules.indexOf(rule)}::int, ${rule}::text, ${keyHash}::text, ${hit}::text)`,
      );
      await row(
        db,
        sql`with changes as (
          select place, rule, key_hash, array_agg(hit) as refunded
          from (values ${listed(changes, sql`, `)}) as change(place, rule, key_hash, hit)
          group by 1, 2, 3
        ), locked as (
          select l.rule, l.key_hash, refunded from ${limitHits} l join changes using (rule, key_hash)
          order by place, l.key_hash for update of l
        ), forgotten as (
          delete from ${limitHits} l using locked
          where (l.rule, l.key_hash) = (locked.rule, locked.key_hash)
            and array_position(refunded, null) is not null
        )
        update ${limitHits} l set hits = array(
          select one from unnest(l.hits) as one where ${moment(sql`one`)} <> all(refunded) order by one
        ) from locked
        where (l.rule, l.key_hash) = (locked.rule, locked.key_hash)
          and array_position(refunded, null) is null`,
      );
    },

    async clear() {
      await db.delete(limitHits);
    },
  };
}
