import { type SQL, sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row, rows } from "@/db/rows";
import {
  auditCheckpoints,
  auditCounts,
  auditEventDetails,
  auditEvents,
  auditSeals,
} from "@/db/schema";
import { constantTimeEqual, type Key, keyedHash } from "@/lib/core/crypto";
import type { Duration } from "@/lib/core/duration";
import { bounds } from "@/lib/core/policy";

/** What a seal covers: every column of an event. Details are not covered, because erasure empties them. */
const contentOf = (
  e: SQL,
) => sql`jsonb_build_array(${e}.id, (extract(epoch from ${e}.at) * 1000000)::bigint,
  ${e}.event, ${e}.outcome, ${e}.cause, ${e}.subject_id, ${e}.caller_id, ${e}.session_id, ${e}.staff_id,
  ${e}.request_id)::text`;

const sealOf = (key: string, place: number, before: string, content: string) =>
  keyedHash(key, "audit_seal", JSON.stringify([place, before, content]));

const signatureOf = (key: string, place: number, seal: string) =>
  keyedHash(key, "audit_checkpoint", JSON.stringify([place, seal]));

/** Whether one of the keys, of which a rotation leaves two, gives this hash. */
const isMadeWith = (key: Key, hash: string, make: (key: string) => string) =>
  key.some((one) => constantTimeEqual(make(one), hash));

interface Seal {
  readonly place: number;
  readonly eventId: number;
  readonly seal: string;
}

/** Events up to an id, and the transaction id that all transactions which may still add to them are below. */
interface Horizon {
  readonly upTo: number;
  readonly transactionsBelow: bigint;
}

/**
 * Seals events in the order of their ids: each seal is a keyed hash of the event and of the seal before it,
 * so that whoever changes or deletes a row must have the key (T3). An event gets its id shortly before it
 * becomes visible. So a call seals the events up to the newest that an earlier call has seen, as soon as all
 * transactions of that time have ended: no event with a lower id can appear any more. Sign-ins wait for no
 * lock of it. Of several servers, one seals at a time.
 */
export function auditSealer(db: Db, key: Key) {
  let horizon: Horizon | null = null;

  /** Returns the number of sealed events. Calls `progress` after each batch; it may throw to stop. */
  return async function sealEvents(progress: () => void = () => {}): Promise<number> {
    const now = await row<{ newest: number | null; oldest: string; next: string }>(
      db,
      sql`select (select max(id) from ${auditEvents})::float8 as newest,
        pg_snapshot_xmin(pg_current_snapshot())::text as oldest,
        pg_snapshot_xmax(pg_current_snapshot())::text as next`,
    );
    const { newest, oldest, next } = now!;
    let total = 0;
    if (horizon && BigInt(oldest) >= horizon.transactionsBelow) {
      let sealed: number;
      do {
        sealed = await sealBatch(db, key, horizon.upTo);
        total += sealed;
        progress();
      } while (sealed === bounds.auditBatch);
      horizon = null;
    }
    if (newest !== null) horizon ??= { upTo: newest, transactionsBelow: BigInt(next) };
    return total;
  };
}

/** An arbitrary number of ours: who holds this lock adds to the chain of seals, or cuts it. */
const chainLock = 7_165_401_993;

const lockChain = (tx: Db) =>
  row<{ locked: boolean }>(tx, sql`select pg_try_advisory_xact_lock(${chainLock}) as locked`);

const sealBatch = (db: Db, key: Key, upTo: number) =>
  db.transaction(async (tx) => {
    if (!(await lockChain(tx))!.locked) return 0;
    const last = await row<Seal>(
      tx,
      sql`select place::float8 as place, event_id::float8 as "eventId", seal from ${auditSeals}
        order by place desc limit 1`,
    );
    const events = await rows<{ id: number; content: string }>(
      tx,
      sql`select e.id::float8 as id, ${contentOf(sql`e`)} as content from ${auditEvents} e
        where e.id > ${last?.eventId ?? 0}::bigint and e.id <= ${upTo}::bigint
        order by e.id limit ${bounds.auditBatch}`,
    );
    let { place, seal } = last ?? { place: 0, seal: "" };
    const seals = events.map(({ id, content }) => {
      place += 1;
      seal = sealOf(key[0], place, seal, content);
      return { place, event_id: id, seal };
    });
    if (seals.length > 0)
      await row(
        tx,
        sql`insert into ${auditSeals} (place, event_id, seal)
          select place, event_id, seal
          from jsonb_to_recordset(${JSON.stringify(seals)}::jsonb) as s(place bigint, event_id bigint, seal text)`,
      );
    return seals.length;
  });

/** What is wrong with the first bad event, or with where the chain of seals begins. */
export type AuditProblem = "changed" | "deleted" | "added" | "checkpoint";

export type AuditVerification =
  | {
      readonly ok: true;
      readonly sealed: number;
      /** The newest events, which have no seal yet. */
      readonly unsealed: number;
      /** The newest seal: whoever noted it elsewhere can tell later that nothing was cut off after it. */
      readonly newest: string | null;
    }
  | { readonly ok: false; readonly problem: AuditProblem; readonly eventId: number | null };

/**
 * Compares every event with its seal, from the beginning or from the checkpoint of the last cut, and names
 * the first bad one (T3). Events and seals deleted together at the end of the chain leave no trace in it.
 */
export async function verifyAuditLog(db: Db, key: Key): Promise<AuditVerification> {
  const found = await startOfChain(db, key);
  if ("ok" in found) return found;
  let { place, seal } = found;
  let lastId: number | null = null;
  let sealed = 0;
  for (;;) {
    const batch = await rows<Seal & { content: string | null }>(
      db,
      sql`select s.place::float8 as place, s.event_id::float8 as "eventId", s.seal,
          case when e.id is not null then ${contentOf(sql`e`)} end as content
        from ${auditSeals} s left join ${auditEvents} e on e.id = s.event_id
        where s.place > ${place}::bigint order by s.place limit ${bounds.auditBatch}`,
    );
    for (const one of batch) {
      // A gap in the places is a deleted seal. Its event, if it is still there, counts as changed.
      if (one.place !== place + 1 || one.content === null)
        return { ok: false, problem: "deleted", eventId: one.eventId };
      const { content } = one;
      const before = seal;
      if (!isMadeWith(key, one.seal, (oneKey) => sealOf(oneKey, one.place, before, content)))
        return { ok: false, problem: "changed", eventId: one.eventId };
      ({ place, seal } = one);
      sealed += 1;
    }
    const upTo = batch.at(-1)?.eventId;
    if (upTo === undefined) break;
    const added = await row<{ id: number }>(
      db,
      sql`select e.id::float8 as id from ${auditEvents} e
        where (e.id > ${lastId}::bigint or ${lastId === null}) and e.id < ${upTo}::bigint
          and not exists (select from ${auditSeals} s where s.event_id = e.id)
        order by e.id limit 1`,
    );
    if (added) return { ok: false, problem: "added", eventId: added.id };
    lastId = upTo;
  }
  const rest = await row<{ n: number }>(
    db,
    sql`select count(*)::int as n from ${auditEvents} where id > ${lastId}::bigint or ${lastId === null}`,
  );
  return { ok: true, sealed, unsealed: rest!.n, newest: seal || null };
}

/** Where the chain begins: at the first event, or after a checkpoint that was signed with our key. */
async function startOfChain(db: Db, key: Key) {
  const bad = { ok: false, problem: "checkpoint", eventId: null } as const;
  const [checkpoint, first] = await Promise.all([
    row<{ place: number; seal: string; signature: string }>(
      db,
      sql`select place::float8 as place, seal, signature from ${auditCheckpoints}
        order by place desc limit 1`,
    ),
    row<{ place: number }>(db, sql`select min(place)::float8 as place from ${auditSeals}`),
  ]);
  const { place, seal, signature } = checkpoint ?? { place: 0, seal: "", signature: "" };
  if (checkpoint && !isMadeWith(key, signature, (oneKey) => signatureOf(oneKey, place, seal)))
    return bad;
  if (typeof first?.place === "number" && first.place > place + 1) return bad;
  return { place, seal };
}

/**
 * Deletes events that are older than `retention`, and their counts: a prefix of the sealed ones, of which a
 * signed checkpoint remains, so that the rest can still be verified (T3). The newest seal stays. Returns the
 * number of deleted events. Calls `progress` after each batch; it may throw to stop.
 */
export async function cutAuditLog(
  db: Db,
  key: Key,
  retention: Duration,
  progress: () => void = () => {},
): Promise<number> {
  const isOld = (at: SQL) => sql`${at} < now() - make_interval(secs => ${retention})`;
  await row(db, sql`delete from ${auditCounts} where ${isOld(sql`hour`)}`);
  let total = 0;
  let deleted: number;
  do {
    deleted = await db.transaction(async (tx) => {
      if (!(await lockChain(tx))!.locked) return 0;
      const cut = await row<Omit<Seal, "eventId">>(
        tx,
        sql`with oldest as (
            select s.place, s.seal, ${isOld(sql`e.at`)} as is_old
            from ${auditSeals} s join ${auditEvents} e on e.id = s.event_id
            where s.place < (select max(place) from ${auditSeals})
            order by s.place limit ${bounds.auditBatch}
          )
          select place::float8 as place, seal from oldest
          where place < coalesce((select min(place) from oldest where not is_old), place + 1)
          order by place desc limit 1`,
      );
      if (!cut) return 0;
      await row(
        tx,
        sql`insert into ${auditCheckpoints} (place, seal, signature)
          values (${cut.place}::bigint, ${cut.seal}, ${signatureOf(key[0], cut.place, cut.seal)})`,
      );
      await row(tx, sql`delete from ${auditCheckpoints} where place < ${cut.place}::bigint`);
      const isCut = sql`in (select event_id from ${auditSeals} where place <= ${cut.place}::bigint)`;
      await row(tx, sql`delete from ${auditEventDetails} where event_id ${isCut}`);
      const events = await rows(tx, sql`delete from ${auditEvents} where id ${isCut} returning 1`);
      await row(tx, sql`delete from ${auditSeals} where place <= ${cut.place}::bigint`);
      return events.length;
    });
    total += deleted;
    progress();
  } while (deleted === bounds.auditBatch);
  return total;
}
