import { and, desc, eq, or, type SQL, sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row, rows } from "@/db/rows";
import { verifications } from "@/db/schema";
import type { Duration } from "@/lib/core/duration";
import type { Identifier } from "@/lib/core/identifier";
import { bounds, intervals } from "@/lib/core/policy";
import { refuse, type Result } from "@/lib/core/result";
import { alike, digest, type Key, keyedHash, type TokenUse } from "@/lib/core/crypto";

/** What a verification is for; its token works for nothing else. */
export type Purpose = Extract<TokenUse, "magic_link" | "sign_up" | "password_reset" | "step_up">;

const stillLive = sql`consumed_at is null and voided_at is null and expires_at > now()`;

const codeHash = (key: string, tokenDigest: string, code: string) =>
  keyedHash(key, "code", `${tokenDigest} ${code}`);

export interface NewVerification {
  readonly purpose: Purpose;
  readonly identifier: Identifier;
  readonly token: string;
  /** Null for a mail that carries none: then no code is right. */
  readonly code: string | null;
  readonly codeKey: string;
  readonly browserDigest: string;
  readonly browser: string;
  readonly fromMarkedDevice: boolean;
  readonly keep: boolean;
  readonly next: string;
  readonly receipt: string;
  readonly linkLifetime: Duration;
  readonly codeLifetime: Duration;
  /**
   * Nobody gets its secrets: its letter is withheld, or is another. It takes tries as any other
   * does, so that a stranger cannot tell (L8); but no code is right, and it pushes out nobody's.
   */
  readonly stillborn: boolean;
  /** What a sign-up will have as its password. */
  readonly passwordHash?: string | null;
  /** The session that a step-up is for. */
  readonly sessionId?: string;
}

/**
 * Issues a one-time secret and returns its id. Of the address's live ones the latest stay, three
 * with this one (L4); those asked from a marked device come first, so that strangers who ask often
 * cannot void the owner's; and attempts to sign up push out only those of their own browser (P1).
 * Lifetimes start now, and again at the first attempt to send (L1).
 */
export async function issueVerification(tx: Db, v: NewVerification): Promise<string> {
  const tokenDigest = digest(v.purpose, v.token);
  const hash = codeHash(v.codeKey, tokenDigest, v.stillborn ? v.token : (v.code ?? v.token));
  const issued = await row<{ id: string }>(
    tx,
    sql`with pushed_out as (
      update ${verifications} set voided_at = now() where not ${v.stillborn} and id in (
        select id from ${verifications}
        where identifier = ${v.identifier} and purpose = ${v.purpose} and ${stillLive} and not stillborn
          and (purpose <> 'sign_up' or browser_digest = ${v.browserDigest})
        order by from_marked_device desc, created_at desc offset ${bounds.liveLinks - 1}
      )
    )
    insert into ${verifications} (purpose, identifier, token_digest, code_hash, browser_digest, browser,
      stillborn, from_marked_device, password_hash, session_id, keep, next, receipt, expires_at, code_expires_at)
    values (${v.purpose}, ${v.identifier}, ${tokenDigest}, ${hash},
      ${v.browserDigest}, ${v.browser}, ${v.stillborn}, ${v.fromMarkedDevice},
      ${v.passwordHash ?? null}, ${v.sessionId ?? null}::uuid, ${v.keep}, ${v.next}, ${v.receipt},
      now() + make_interval(secs => ${v.linkLifetime}), now() + make_interval(secs => ${v.codeLifetime}))
    returning id`,
  );
  return issued!.id;
}

/** What a spent verification entitles to. */
export interface Consumed {
  readonly id: string;
  readonly identifier: Identifier;
  readonly next: string;
  readonly receipt: string;
  /** The person's choice to be kept signed in; made in the browser that asked, for that browser. */
  readonly keep: boolean;
  /** Of a sign-up. */
  readonly passwordHash: string | null;
}

/**
 * Who may spend a link: the browser that asked, or whoever typed the whole address (L5). A step-up's
 * belongs to its session, and to no other browser whatever is typed there.
 */
export interface Claim {
  readonly browserDigest: string;
  readonly typed: Identifier | null;
  readonly sessionId?: string;
}

const claimedBy = ({ browserDigest, typed }: Claim) =>
  or(
    eq(verifications.browserDigest, browserDigest),
    typed ? eq(verifications.identifier, typed) : undefined,
  );

const byToken = (purpose: Purpose, token: string) =>
  and(eq(verifications.purpose, purpose), eq(verifications.tokenDigest, digest(purpose, token)));

/**
 * Spends a link in one statement, so that of two racing presses one wins (I3), and voids the
 * address's other links with it (L4). Null if it is not to be had.
 */
export const consumeLink = (tx: Db, purpose: Purpose, token: string, claim: Claim) =>
  spend(
    tx,
    purpose,
    claim.browserDigest,
    sql`token_digest = ${digest(purpose, token)} and not stillborn
      and (browser_digest = ${claim.browserDigest} or identifier = ${claim.typed}::text)
      and session_id is not distinct from ${claim.sessionId ?? null}::uuid`,
  );

/**
 * All live rows of an address are taken in one order, so that presses on several of its links at
 * the same moment wait for each other instead of for ever.
 */
async function spend(
  tx: Db,
  purpose: Purpose,
  browserDigest: string,
  which: SQL,
): Promise<Consumed | null> {
  const spent = await row<Consumed>(
    tx,
    sql`with mine as (
      select id, identifier from ${verifications} where purpose = ${purpose} and ${which} and ${stillLive}
    ), alone as (
      select id from ${verifications}
      where purpose = ${purpose} and identifier in (select identifier from mine) and ${stillLive}
      order by id for update
    ), settled as (
      update ${verifications} v set
        consumed_at = case when v.id = mine.id then now() end,
        voided_at = case when v.id <> mine.id then now() end
      from mine where v.id in (select id from alone) and mine.id in (select id from alone)
      returning v.*, v.id = mine.id as spent
    )
    select id, identifier, next, receipt, keep and browser_digest = ${browserDigest} as keep,
      password_hash as "passwordHash"
    from settled where spent`,
  );
  return spent ?? null;
}

/** Voids a link and its code, by the same claim as spending it. False if it is not to be had. */
export async function voidLink(
  tx: Db,
  purpose: Purpose,
  token: string,
  claim: Claim,
): Promise<boolean> {
  const voided = await tx
    .update(verifications)
    .set({ voidedAt: sql`now()` })
    .where(and(byToken(purpose, token), stillLive, claimedBy(claim)))
    .returning({ id: verifications.id });
  return voided.length > 0;
}

export type CodeOutcome =
  | { readonly consumed: Consumed }
  | { readonly consumed: null; readonly cause: "wrong" | "spent" | "none" };

/**
 * Tries a code against what this browser asked for at this address. The try is counted before
 * anything is compared, in a statement that takes the rows, so that parallel guesses share one
 * budget (I10). `spent`: all its tries are used; `none`: nothing live to try.
 */
export async function consumeCode(
  tx: Db,
  { purpose, browserDigest, sessionId, identifier, code, keys }: CodeClaim,
): Promise<CodeOutcome> {
  const asked = sql`browser_digest = ${browserDigest} and identifier = ${identifier}
    and session_id is not distinct from ${sessionId ?? null}::uuid
    and purpose = ${purpose} and ${stillLive} and code_expires_at > now()`;
  const tried = await rows<{ id: string; tokenDigest: string; codeHash: string }>(
    tx,
    sql`with alone as (
      select id from ${verifications}
      where purpose = ${purpose} and identifier = ${identifier} and ${stillLive}
      order by id for update
    )
    update ${verifications} set tries = tries + 1
    where id in (select id from alone) and ${asked} and tries < ${bounds.codeTries}
    returning id, token_digest as "tokenDigest", code_hash as "codeHash"`,
  );
  const right = tried.find((candidate) =>
    keys.some((key) => alike(candidate.codeHash, codeHash(key, candidate.tokenDigest, code))),
  );
  if (!right) {
    if (tried.length > 0) return { consumed: null, cause: "wrong" };
    const left = await rows(tx, sql`select 1 from ${verifications} where ${asked}`);
    return { consumed: null, cause: left.length > 0 ? "spent" : "none" };
  }
  const spent = await spend(tx, purpose, browserDigest, sql`id = ${right.id}::uuid`);
  return spent ? { consumed: spent } : { consumed: null, cause: "none" };
}

/** A code that was not right, as its form is told; the cause is for the audit log. */
export const refuseCode = (cause: "wrong" | "spent" | "none"): Result<never> =>
  refuse(cause === "spent" ? "code_tries_spent" : "code_wrong", { field: "code", cause });

export interface CodeClaim {
  readonly purpose: Purpose;
  readonly browserDigest: string;
  /** Of a step-up: the session it is for. */
  readonly sessionId?: string;
  readonly identifier: Identifier;
  readonly code: string;
  readonly keys: Key;
}

/**
 * An address's live secrets of these purposes, taken until the transaction ends; as part of a larger
 * statement. Whoever takes several takes them in one order, so that nobody waits for ever: a reset
 * goes on to all the others, a link to sign-ups, and these to none.
 */
export const takeVerifications = (identifier: SQL, purposes: readonly Purpose[]) => sql`
  select id from ${verifications}
  where identifier = ${identifier} and purpose in ${purposes} and ${stillLive}
  order by purpose <> 'password_reset', purpose, id for update`;

/** What becomes of an address's other secrets when its password or its proof changes (L4, P7). */
export const voidVerifications = (identifier: SQL, purposes: readonly Purpose[]) => sql`
  update ${verifications} set voided_at = now()
  where id in (${takeVerifications(identifier, purposes)}) returning 1`;

/** A link as its confirm page shows it, whatever became of it. Changes nothing. */
export interface LinkPreview {
  readonly identifier: Identifier;
  readonly state: "live" | "used" | "voided" | "expired";
  readonly browser: string;
  readonly browserDigest: string;
  /** Of a step-up: the session it is for. */
  readonly sessionId: string | null;
  readonly next: string;
  readonly askedAt: Date;
}

/** Looks at a link without spending it; null for a token we never made, or purged. */
export async function previewLink(
  db: Db,
  purpose: Purpose,
  token: string,
): Promise<LinkPreview | null> {
  const [found] = await db
    .select({
      identifier: verifications.identifier,
      state: sql<LinkPreview["state"]>`case
        when ${verifications.consumedAt} is not null then 'used'
        when ${verifications.voidedAt} is not null then 'voided'
        when ${verifications.expiresAt} <= now() then 'expired'
        else 'live' end`,
      browser: verifications.browser,
      browserDigest: verifications.browserDigest,
      sessionId: verifications.sessionId,
      next: verifications.next,
      askedAt: verifications.createdAt,
    })
    .from(verifications)
    .where(byToken(purpose, token));
  return found ? { ...found, identifier: found.identifier as Identifier } : null;
}

/** What a browser is waiting for: the last thing it asked for. */
export interface Waiting {
  readonly identifier: Identifier;
  readonly used: boolean;
  readonly keep: boolean;
  readonly next: string;
  /** Seconds until the same mail may be asked for again. */
  readonly resendIn: number;
  readonly codeSpent: boolean;
}

/** The newest verification this browser asked for; null when it waits for nothing. */
export async function findWaiting(
  db: Db,
  purpose: Purpose,
  browserDigest: string,
): Promise<Waiting | null> {
  const [found] = await db
    .select({
      identifier: verifications.identifier,
      used: sql<boolean>`${verifications.consumedAt} is not null`,
      keep: verifications.keep,
      next: verifications.next,
      resendIn: sql<number>`greatest(0, ceil(extract(epoch from
        ${verifications.createdAt} + make_interval(secs => ${intervals.resend}) - now())))::int`,
      codeSpent: sql<boolean>`${verifications.tries} >= ${bounds.codeTries}`,
    })
    .from(verifications)
    .where(and(eq(verifications.browserDigest, browserDigest), eq(verifications.purpose, purpose)))
    .orderBy(desc(verifications.createdAt))
    .limit(1);
  return found ? { ...found, identifier: found.identifier as Identifier } : null;
}
