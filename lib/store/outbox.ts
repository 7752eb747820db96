import { and, type Column, desc, eq, type SQL, sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { rows } from "@/db/rows";
import { outbox, verifications } from "@/db/schema";
import type { Duration } from "@/lib/core/duration";
import {
  kindsOfStrangers,
  type Letter,
  type NewDeviceLetter,
  type WithheldReason,
} from "@/lib/core/letters";
import { bounds, intervals, lifetimes } from "@/lib/core/policy";
import { seal, type Key } from "@/lib/core/crypto";

export interface QueuedLetter {
  readonly letter: Letter;
  readonly withheld: WithheldReason | null;
}

/**
 * A CTE that queues letters in the transaction of the change that caused them (I5). A withheld letter takes
 * the same statement and the same work, but its payload is not stored.
 */
export function lettersQueued(key: Key, letters: readonly QueuedLetter[]): SQL {
  const values = letters.map(({ letter, withheld }) => {
    const payload = seal(key, JSON.stringify(letter));
    const verificationId = "verificationId" in letter ? letter.verificationId : null;
    return sql`(${letter.kind}, ${letter.to}, ${withheld ? "dead" : "queued"}, ${withheld},
      ${withheld ? null : payload}, ${verificationId}::uuid, case when ${withheld !== null} then now() end)`;
  });
  return sql`letters as (
    insert into ${outbox} (kind, to_address, state, reason, payload, verification_id, done_at)
    values ${sql.join(values, sql`, `)}
  )`;
}

/** A CTE that queues the letter about a sign-in if `signInReportable` says so in the same statement (R6). */
export const reportQueued = (key: Key, letter: NewDeviceLetter): SQL => sql`reported as (
    insert into ${outbox} (kind, to_address, state, payload, verification_id)
    select ${letter.kind}, ${letter.to}, 'queued', ${seal(key, JSON.stringify(letter))}, id from reportable
    returning id
  )`;

/** A letter that is leased to a worker. Payload and rendered message are encrypted. */
export interface LeasedLetter {
  readonly id: string;
  readonly payload: string;
  readonly rendered: string | null;
  readonly attempts: number;
  /** How many letters had their first attempt within `intervals.mailBudget`, before these. */
  readonly startedBefore: number;
}

/**
 * No attempt is planned for later than `intervals.emailRetryMax`, and none was made in the future. Such a
 * time is from before the clock was set back, by which a letter waits no longer than it has waited already.
 */
const isDue = sql`(o.next_attempt_at <= now()
  or o.next_attempt_at > now() + make_interval(secs => ${intervals.emailRetryMax})
  or coalesce(o.first_attempt_at, o.next_attempt_at)
    > now() + make_interval(secs => ${intervals.emailClockStep}))`;

/** A moment in the future is from before the clock was set back. */
const started = sql`o.first_attempt_at between now() - make_interval(secs => ${intervals.mailBudget})
  and now() + make_interval(secs => ${intervals.mailBudget})`;

const listOfStrangers = sql.join(
  kindsOfStrangers.map((kind) => sql`${kind}`),
  sql`, `,
);

/** A notice has no link, and so no time at which that expires. */
const isLate = sql`(o.created_at < now() - make_interval(secs => ${lifetimes.queuedEmail})
  or v.consumed_at is not null or v.voided_at is not null
  or (o.attempts > 0 and coalesce(v.expires_at < now(), false)))`;

/**
 * Leases due letters to this worker for `intervals.emailLease` seconds; after a crash they are free
 * again. The first attempt restarts the lifetimes of the letter's link and code (L1). Outdated letters
 * are marked as dead instead: older than `lifetimes.queuedEmail`, with a used or voided link, or with
 * an expired link after an earlier attempt (X3).
 *
 * Once `budget` letters had their first attempt within `intervals.mailBudget`, whoever caused them and
 * whichever process sent them, letters that strangers can cause wait for theirs (R5). Workers at the same
 * moment choose the same letters, of which each then skips what another one has.
 */
export const leaseDueLetters = (db: Db, budget: number): Promise<LeasedLetter[]> =>
  rows<LeasedLetter>(db, leased(budget));

const leased = (budget: number) => sql`with counted as (
    select count(*)::int as "before" from ${outbox} o where ${started}
  ), allowed as (
    select o.id from ${outbox} o left join ${verifications} v on v.id = o.verification_id
    where o.state = 'queued' and ${isDue} and o.attempts = 0 and o.kind in (${listOfStrangers})
      and not ${isLate}
    order by o.next_attempt_at, o.id
    limit (select greatest(0, least(${bounds.outboxBatch}::int, ${budget}::int - "before")) from counted)
  ), due as (
    select o.id, ${isLate} as late
    from ${outbox} o left join ${verifications} v on v.id = o.verification_id
    where o.state = 'queued' and ${isDue} and (o.attempts > 0 or o.kind not in (${listOfStrangers})
      or o.id in (select id from allowed) or ${isLate})
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
  update ${outbox} set attempts = attempts + 1, first_attempt_at = least(first_attempt_at, now()),
    next_attempt_at = now() + make_interval(secs => ${intervals.emailLease})
  where id in (select id from due where not late)
  returning id, payload, rendered, attempts, (select "before" from counted) as "startedBefore"`;

/** Whether letters that strangers can cause wait because the hourly budget is used up (R5). */
export async function isBudgetUsed(db: Db, budget: number): Promise<boolean> {
  const [counted] = await rows<{ used: boolean }>(
    db,
    sql`select count(*) >= ${budget}::int as used from ${outbox} o where ${started}`,
  );
  return counted!.used;
}

/** Stores the rendered message, so that every retry sends the same bytes (X3). */
export async function storeRendered(db: Db, id: string, rendered: string) {
  await db
    .update(outbox)
    .set({ rendered })
    // A late statement must not bring back what another courier has sent and erased.
    .where(and(eq(outbox.id, id), eq(outbox.state, "queued")));
}

const erased = { payload: null, rendered: null, doneAt: sql`now()` };

export async function markSent(db: Db, id: string) {
  await db
    .update(outbox)
    .set({ state: "sent", ...erased })
    .where(and(eq(outbox.id, id), eq(outbox.state, "queued")));
}

/** Marks a letter as one that is never sent, and erases its contents. */
export async function markDead(db: Db, id: string, reason: WithheldReason) {
  await db
    .update(outbox)
    .set({ state: "dead", reason, ...erased })
    .where(and(eq(outbox.id, id), eq(outbox.state, "queued")));
}

/**
 * Schedules the next attempt after the n-th pause of `intervals.emailRetries`, or after `requested`
 * seconds if that is longer; at most `intervals.emailRetryMax`.
 */
export async function reschedule(db: Db, { id, attempts }: LeasedLetter, requested?: Duration) {
  const usual = intervals.emailRetries[attempts - 1] ?? intervals.emailRetries.at(-1)!;
  const pause = Math.min(Math.max(usual, requested ?? 0), intervals.emailRetryMax);
  await db
    .update(outbox)
    .set({ nextAttemptAt: sql`now() + make_interval(secs => ${pause})` })
    .where(and(eq(outbox.id, id), eq(outbox.state, "queued")));
}

/**
 * Whether a letter waits for `intervals.mailDelayed` after its first attempt: the mail server is slow or
 * unavailable.
 */
export function isMailDelayed(db: Db): Promise<boolean> {
  return isQueuedSince(db, sql`${outbox.firstAttemptAt}`);
}

/** The same, or whether a due letter has had no attempt for that long: no courier is running. */
export function isMailOverdue(db: Db): Promise<boolean> {
  return isQueuedSince(db, triedOrDueAt);
}

/** The first attempt, or when it is due. */
const triedOrDueAt = sql`coalesce(${outbox.firstAttemptAt}, ${outbox.nextAttemptAt})`;

/** A moment in the future is from before the clock was set back, and at least as long ago. */
const secondsSince = (moment: SQL) => sql`abs(extract(epoch from now() - ${moment}))`;

/** Not a parameter, so that each plan knows that the index of queued letters has them all. */
const isQueued = sql`${outbox.state} = 'queued'`;

async function isQueuedSince(db: Db, moment: SQL): Promise<boolean> {
  const waiting = await db
    .select({ id: outbox.id })
    .from(outbox)
    .where(and(isQueued, sql`${secondsSince(moment)} > ${intervals.mailDelayed}`))
    .limit(1);
  return waiting.length > 0;
}

/**
 * How many letters are queued, and for how many seconds the longest waiting one has been due or retried; 0
 * when none waits.
 */
export async function queuedMail(db: Db): Promise<{ count: number; oldestSeconds: number }> {
  const [found] = await db
    .select({
      count: sql<number>`count(*)::int`,
      oldestSeconds: sql<number>`coalesce(max(${secondsSince(triedOrDueAt)}), 0)::float`,
    })
    .from(outbox)
    .where(isQueued);
  return found!;
}

export interface WithheldLetter {
  readonly id: string;
  readonly kind: Letter["kind"];
  readonly to: string;
  readonly reason: WithheldReason | null;
  readonly createdAt: Date;
}

/** The newest letters that were never sent, with their reason; for the local mailbox page. */
export function listWithheld(db: Db): Promise<WithheldLetter[]> {
  const { id, to, createdAt } = outbox;
  const kind = sql<Letter["kind"]>`${outbox.kind}`;
  const reason = sql<WithheldReason | null>`${outbox.reason}`;
  return db
    .select({ id, kind, to, reason, createdAt })
    .from(outbox)
    .where(eq(outbox.state, "dead"))
    .orderBy(desc(outbox.createdAt))
    .limit(bounds.mailboxEmails);
}

/** An email as staff see it: what became of it, and nothing of its contents. */
export interface ListedLetter {
  readonly id: string;
  readonly kind: Letter["kind"];
  readonly to: string;
  readonly state: "queued" | "sent" | "dead";
  readonly reason: WithheldReason | null;
  readonly attempts: number;
  readonly createdAt: Date;
  readonly nextAttemptAt: Date;
  readonly doneAt: Date | null;
}

const { id: letterId, to: letterTo, attempts, createdAt, doneAt, nextAttemptAt } = outbox;
const listed = {
  ...{ id: letterId, to: letterTo, attempts, createdAt, doneAt, nextAttemptAt },
  kind: sql<Letter["kind"]>`${outbox.kind}`,
  state: sql<ListedLetter["state"]>`${outbox.state}`,
  reason: sql<WithheldReason | null>`${outbox.reason}`,
};

/** Not a parameter, either. All of them have ended. */
const isDead = sql`${outbox.state} = 'dead' and ${doneAt} is not null`;

interface LetterPage {
  /** The id of the last email of the page before; null for the first page. */
  readonly after: string | null;
  readonly most: number;
}

/** A moment of the letter `after`, and its id: where its page ends. */
const placeOf = (moment: Column, after: string) =>
  sql`(select ${moment}, ${letterId} from ${outbox} where ${letterId} = ${after}::uuid)`;

/** The queued emails, the oldest first. Not by the next attempt: that changes between two pages. */
export const selectQueuedLetters = (db: Db, { after, most }: LetterPage): Promise<ListedLetter[]> =>
  db
    .select(listed)
    .from(outbox)
    .where(
      and(
        isQueued,
        after === null
          ? undefined
          : sql`(${createdAt}, ${letterId}) > ${placeOf(createdAt, after)}`,
      ),
    )
    .orderBy(createdAt, letterId)
    .limit(most);

/** The emails that were not sent, the last one first. */
export const selectDeadLetters = (db: Db, { after, most }: LetterPage): Promise<ListedLetter[]> =>
  db
    .select(listed)
    .from(outbox)
    .where(
      and(
        isDead,
        after === null ? undefined : sql`(${doneAt}, ${letterId}) < ${placeOf(doneAt, after)}`,
      ),
    )
    .orderBy(desc(doneAt), desc(letterId))
    .limit(most);

/** What became of an email; null where there is none with this id. */
export async function findLetterState(db: Db, id: string): Promise<ListedLetter["state"] | null> {
  const [found] = await db.select({ state: listed.state }).from(outbox).where(eq(letterId, id));
  return found?.state ?? null;
}

/** The newest emails to an address; none older than `lifetimes.finishedEmail` is stored. */
export const selectLettersTo = (db: Db, address: string, most: number): Promise<ListedLetter[]> =>
  db.select(listed).from(outbox).where(eq(letterTo, address)).orderBy(desc(createdAt)).limit(most);
