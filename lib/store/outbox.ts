import { and, desc, eq, type SQL, sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { rows } from "@/db/rows";
import { outbox, verifications } from "@/db/schema";
import type { Duration } from "@/lib/core/duration";
import type { WithheldReason, Letter } from "@/lib/core/letters";
import { bounds, intervals, lifetimes } from "@/lib/core/policy";
import { seal, type Key } from "@/lib/core/crypto";

export interface QueuedLetter {
  readonly letter: Letter;
  readonly withheld: WithheldReason | null;
}

/**
 * Queues letters in the transaction of the change that caused them (I5). A withheld one is born
 * dead: same statement, same work, no payload kept.
 */
export async function queueLetters(tx: Db, key: Key, letters: readonly QueuedLetter[]) {
  if (letters.length === 0) return;
  await tx.insert(outbox).values(
    letters.map(({ letter, withheld }) => {
      const payload = seal(key, JSON.stringify(letter));
      return {
        kind: letter.kind,
        to: letter.to,
        state: withheld ? "dead" : "queued",
        reason: withheld,
        payload: withheld ? null : payload,
        verificationId: "verificationId" in letter ? letter.verificationId : null,
        doneAt: withheld ? sql`now()` : null,
      };
    }),
  );
}

/** A letter taken by a worker, still sealed. */
export interface LeasedLetter {
  readonly id: string;
  readonly payload: string;
  readonly rendered: string | null;
  readonly attempts: number;
}

/**
 * Takes letters that are due. They are this worker's for `intervals.letterLease`; one that died
 * in between leaves them to the others. With the first attempt the lifetimes of link and code
 * begin anew, as long as they were issued for (L1). Letters that are of no use any more die instead: older than `lifetimes.letter`, or
 * tried before and their link over by now, or void (X3).
 */
export async function leaseDueLetters(db: Db): Promise<LeasedLetter[]> {
  return rows<LeasedLetter>(
    db,
    sql`with due as (
      select o.id, o.created_at < now() - make_interval(secs => ${lifetimes.letter})
          or v.consumed_at is not null or v.voided_at is not null
          or (o.attempts > 0 and v.expires_at < now()) as late
      from ${outbox} o left join ${verifications} v on v.id = o.verification_id
      where o.state = 'queued' and o.next_attempt_at <= now()
      order by o.next_attempt_at limit ${bounds.outboxBatch} for update of o skip locked
    ), expired as (
      update ${outbox} set state = 'dead', reason = 'too_late', payload = null, rendered = null, done_at = now()
      where id in (select id from due where late)
    ), started as (
      update ${verifications} set
        expires_at = now() + (expires_at - created_at),
        code_expires_at = now() + (code_expires_at - created_at)
      where id in (
        select v.id from ${verifications} v join ${outbox} o on o.verification_id = v.id
        where o.id in (select id from due where not late) and o.attempts = 0
          and v.consumed_at is null and v.voided_at is null
        order by v.purpose <> 'password_reset', v.purpose, v.id for update of v
      )
    )
    update ${outbox} set attempts = attempts + 1, first_attempt_at = coalesce(first_attempt_at, now()),
      next_attempt_at = now() + make_interval(secs => ${intervals.letterLease})
    where id in (select id from due where not late)
    returning id, payload, rendered, attempts`,
  );
}

/** Keeps the bytes as first rendered, so that every retry sends the same (X3). */
export async function storeRendered(db: Db, id: string, rendered: string) {
  await db.update(outbox).set({ rendered }).where(eq(outbox.id, id));
}

const erased = { payload: null, rendered: null, doneAt: sql`now()` };

/** It has left: what it said is erased. */
export async function markSent(db: Db, id: string) {
  await db
    .update(outbox)
    .set({ state: "sent", ...erased })
    .where(and(eq(outbox.id, id), eq(outbox.state, "queued")));
}

/** Nobody will want it any more. */
export async function markDead(db: Db, id: string, reason: WithheldReason) {
  await db
    .update(outbox)
    .set({ state: "dead", reason, ...erased })
    .where(and(eq(outbox.id, id), eq(outbox.state, "queued")));
}

/**
 * It did not leave this time: again after the n-th pause for the n-th attempt, the last one
 * repeating, or when the provider said, if that is later.
 */
export async function reschedule(db: Db, { id, attempts }: LeasedLetter, asked?: Duration) {
  const usual = intervals.letterRetries[attempts - 1] ?? intervals.letterRetries.at(-1)!;
  const pause = Math.min(Math.max(usual, asked ?? 0), lifetimes.letter);
  await db
    .update(outbox)
    .set({ nextAttemptAt: sql`now() + make_interval(secs => ${pause})` })
    .where(and(eq(outbox.id, id), eq(outbox.state, "queued")));
}

/** Whether mail that was tried is still waiting to leave: the provider is slow or away. */
export function isMailDelayed(db: Db): Promise<boolean> {
  return waitsSince(db, sql`${outbox.firstAttemptAt}`);
}

/** The same, or whether mail that is due was never tried: there is no courier at work. */
export function isMailOverdue(db: Db): Promise<boolean> {
  return waitsSince(db, sql`coalesce(${outbox.firstAttemptAt}, ${outbox.nextAttemptAt})`);
}

async function waitsSince(db: Db, moment: SQL): Promise<boolean> {
  const waiting = await db
    .select({ id: outbox.id })
    .from(outbox)
    .where(
      and(
        eq(outbox.state, "queued"),
        sql`${moment} < now() - make_interval(secs => ${intervals.mailDelayed})`,
      ),
    )
    .limit(1);
  return waiting.length > 0;
}

export interface WithheldLetter {
  readonly id: string;
  readonly kind: Letter["kind"];
  readonly to: string;
  readonly reason: WithheldReason | null;
  readonly createdAt: Date;
}

/** The last letters that were never sent, with their reason; for the local mailbox page. */
export function listWithheld(db: Db): Promise<WithheldLetter[]> {
  const { id, to, createdAt } = outbox;
  const kind = sql<Letter["kind"]>`${outbox.kind}`;
  const reason = sql<WithheldReason | null>`${outbox.reason}`;
  return db
    .select({ id, kind, to, reason, createdAt })
    .from(outbox)
    .where(eq(outbox.state, "dead"))
    .orderBy(desc(outbox.createdAt))
    .limit(bounds.mailboxLetters);
}
