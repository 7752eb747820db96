import { and, desc, eq, sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { rows } from "@/db/rows";
import { outbox, verifications } from "@/db/schema";
import type { Duration } from "@/lib/duration";
import type { DeathReason, Letter } from "@/lib/letters";
import { bounds, intervals, lifetimes } from "@/lib/policy";
import { seal, type Key } from "@/lib/secret";

export interface QueuedLetter {
  readonly letter: Letter;
  readonly withheld: DeathReason | null;
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
        verificationId: letter.verificationId,
        doneAt: withheld ? sql`now()` : null,
      };
    }),
  );
}

/** A letter taken by a worker, still sealed. */
export interface TakenLetter {
  readonly id: string;
  readonly payload: string;
  readonly rendered: string | null;
  readonly attempts: number;
}

/**
 * Takes letters that are due. They are this worker's for `intervals.letterLease`; one that died
 * in between leaves them to the others. With the first attempt the lifetimes of link and code
 * begin anew (L1); letters older than `lifetimes.letter` die instead (X3).
 */
export async function takeLetters(
  db: Db,
  { linkLifetime, codeLifetime }: { linkLifetime: Duration; codeLifetime: Duration },
): Promise<TakenLetter[]> {
  return rows<TakenLetter>(
    db,
    sql`with due as (
      select id, created_at < now() - make_interval(secs => ${lifetimes.letter}) as late from ${outbox}
      where state = 'queued' and next_attempt_at <= now()
      order by next_attempt_at limit ${bounds.outboxBatch} for update skip locked
    ), buried as (
      update ${outbox} set state = 'dead', reason = 'too_late', payload = null, rendered = null, done_at = now()
      where id in (select id from due where late)
    ), started as (
      update ${verifications} set
        expires_at = now() + make_interval(secs => ${linkLifetime}),
        code_expires_at = now() + make_interval(secs => ${codeLifetime})
      where id in (select verification_id from ${outbox} where id in (select id from due where not late) and attempts = 0)
        and consumed_at is null and voided_at is null
    )
    update ${outbox} set attempts = attempts + 1, first_attempt_at = coalesce(first_attempt_at, now()),
      next_attempt_at = now() + make_interval(secs => ${intervals.letterLease})
    where id in (select id from due where not late)
    returning id, payload, rendered, attempts`,
  );
}

/** Keeps the bytes as first rendered, so that every retry sends the same (X3). */
export async function keepRendered(db: Db, id: string, rendered: string) {
  await db.update(outbox).set({ rendered }).where(eq(outbox.id, id));
}

const erased = { payload: null, rendered: null, doneAt: sql`now()` };

export async function markSent(db: Db, id: string) {
  await db
    .update(outbox)
    .set({ state: "sent", ...erased })
    .where(and(eq(outbox.id, id), eq(outbox.state, "queued")));
}

/** It did not leave this time; after the n-th attempt the n-th pause, the last one repeating. */
export async function retryLater(db: Db, { id, attempts }: TakenLetter) {
  const pause = intervals.letterRetries[attempts - 1] ?? intervals.letterRetries.at(-1)!;
  await db
    .update(outbox)
    .set({ nextAttemptAt: sql`now() + make_interval(secs => ${pause})` })
    .where(and(eq(outbox.id, id), eq(outbox.state, "queued")));
}

export interface WithheldLetter {
  readonly id: string;
  readonly kind: string;
  readonly to: string;
  readonly reason: string | null;
  readonly createdAt: Date;
}

/** The last letters that were never sent, with their reason; for the local mailbox page. */
export function listWithheld(db: Db): Promise<WithheldLetter[]> {
  const { id, kind, to, reason, createdAt } = outbox;
  return db
    .select({ id, kind, to, reason, createdAt })
    .from(outbox)
    .where(eq(outbox.state, "dead"))
    .orderBy(desc(outbox.createdAt))
    .limit(bounds.mailboxLetters);
}
