import { and, desc, eq, or, type SQL, sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row, rows } from "@/db/rows";
import { verifications } from "@/db/schema";
import type { Duration } from "@/lib/core/duration";
import type { Identifier } from "@/lib/core/identifier";
import { bounds, intervals } from "@/lib/core/policy";
import { refuse, type Result } from "@/lib/core/result";
import { constantTimeEqual, digest, type Key, keyedHash, type TokenUse } from "@/lib/core/crypto";

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
  readonly requestingBrowserDigest: string;
  readonly browser: string;
  readonly fromKnownDevice: boolean;
  readonly remember: boolean;
  readonly next: string;
  readonly receipt: string;
  readonly linkLifetime: Duration;
  readonly codeLifetime: Duration;
  /**
   * Nobody gets its secrets: its letter is withheld, or is another. It takes tries as any other
   * does, so that a stranger cannot tell (L8); but no code is right, and it pushes out nobody's.
   */
  readonly isDecoy: boolean;
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
  const hash = codeHash(v.codeKey, tokenDigest, v.isDecoy ? v.token : (v.code ?? v.token));
  const issued = await row<{ id: string }>(
    tx,
    sql`with evicted as (
      update ${verifications} set voided_at = now() where not ${v.isDecoy} and id in (
        select id from ${verifications}
        where identifier = ${v.identifier} and purpose = ${v.purpose} and ${stillLive} and not is_decoy
          and (purpose <> 'sign_up' or requesting_browser_digest = ${v.requestingBrowserDigest})
        order by from_known_device desc, created_at desc offset ${bounds.liveLinks - 1}
      )
    )
    insert into ${verifications} (purpose, identifier, token_digest, code_hash, requesting_browser_digest, browser,
      is_decoy, from_known_device, password_hash, session_id, keep, next, receipt, expires_at, code_expires_at)
    values (${v.purpose}, ${v.identifier}, ${tokenDigest}, ${hash},
      ${v.requestingBrowserDigest}, ${v.browser}, ${v.isDecoy}, ${v.fromKnownDevice},
      ${v.passwordHash ?? null}, ${v.sessionId ?? null}::uuid, ${v.remember}, ${v.next}, ${v.receipt},
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
  readonly remember: boolean;
  /** Of a sign-up. */
  readonly passwordHash: string | null;
}

/**
 * Who may spend a link: the browser that asked, or whoever typed the whole address (L5). A step-up's
 * belongs to its session, and to no other browser whatever is typed there.
 */
export interface LinkAccess {
  readonly requestingBrowserDigest: string;
  readonly typedEmail: Identifier | null;
  readonly sessionId?: string;
}

const canConsume = ({ requestingBrowserDigest, typedEmail }: LinkAccess) =>
  or(
    eq(verifications.requestingBrowserDigest, requestingBrowserDigest),
    typedEmail ? eq(verifications.identifier, typedEmail) : undefined,
  );

const byToken = (purpose: Purpose, token: string) =>
  and(eq(verifications.purpose, purpose), eq(verifications.tokenDigest, digest(purpose, token)));

/**
 * Spends a link in one statement, so that of two racing presses one wins (I3), and voids the
 * address's other links with it (L4). Null if it is not to be had.
 */
export const consumeLink = (tx: Db, purpose: Purpose, token: string, access: LinkAccess) =>
  consumeVerification(
    tx,
    purpose,
    access.requestingBrowserDigest,
    sql`token_digest = ${digest(purpose, token)} and not is_decoy
      and (requesting_browser_digest = ${access.requestingBrowserDigest} or identifier = ${access.typedEmail}::text)
      and session_id is not distinct from ${access.sessionId ?? null}::uuid`,
  );

/**
 * All live rows of an address are taken in one order, so that presses on several of its links at
 * the same moment wait for each other instead of for ever.
 */
async function consumeVerification(
  tx: Db,
  purpose: Purpose,
  requestingBrowserDigest: string,
  which: SQL,
): Promise<Consumed | null> {
  const consumed = await row<Consumed>(
    tx,
    sql`with target as (
      select id, identifier from ${verifications} where purpose = ${purpose} and ${which} and ${stillLive}
    ), locked as (
      select id from ${verifications}
      where purpose = ${purpose} and identifier in (select identifier from target) and ${stillLive}
      order by id for update
    ), changed as (
      update ${verifications} v set
        consumed_at = case when v.id = target.id then now() end,
        voided_at = case when v.id <> target.id then now() end
      from target where v.id in (select id from locked) and target.id in (select id from locked)
      returning v.*, v.id = target.id as consumed
    )
    select id, identifier, next, receipt, keep and requesting_browser_digest = ${requestingBrowserDigest} as keep,
      password_hash as "passwordHash"
    from changed where consumed`,
  );
  return consumed ?? null;
}

/** Voids a link and its code, by the same claim as spending it. False if it is not to be had. */
export async function voidLink(
  tx: Db,
  purpose: Purpose,
  token: string,
  access: LinkAccess,
): Promise<boolean> {
  const voided = await tx
    .update(verifications)
    .set({ voidedAt: sql`now()` })
    .where(and(byToken(purpose, token), stillLive, canConsume(access)))
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
  { purpose, requestingBrowserDigest, sessionId, identifier, code, keys }: CodeAttempt,
): Promise<CodeOutcome> {
  const asked = sql`requesting_browser_digest = ${requestingBrowserDigest} and identifier = ${identifier}
    and session_id is not distinct from ${sessionId ?? null}::uuid
    and purpose = ${purpose} and ${stillLive} and code_expires_at > now()`;
  const tried = await rows<{ id: string; tokenDigest: string; codeHash: string }>(
    tx,
    sql`with locked as (
      select id from ${verifications}
      where purpose = ${purpose} and identifier = ${identifier} and ${stillLive}
      order by id for update
    )
    update ${verifications} set tries = tries + 1
    where id in (select id from locked) and ${asked} and tries < ${bounds.codeTries}
    returning id, token_digest as "tokenDigest", code_hash as "codeHash"`,
  );
  const right = tried.find((candidate) =>
    keys.some((key) =>
      constantTimeEqual(candidate.codeHash, codeHash(key, candidate.tokenDigest, code)),
    ),
  );
  if (!right) {
    if (tried.length > 0) return { consumed: null, cause: "wrong" };
    const left = await rows(tx, sql`select 1 from ${verifications} where ${asked}`);
    return { consumed: null, cause: left.length > 0 ? "spent" : "none" };
  }
  const consumed = await consumeVerification(
    tx,
    purpose,
    requestingBrowserDigest,
    sql`id = ${right.id}::uuid`,
  );
  return consumed ? { consumed } : { consumed: null, cause: "none" };
}

/** A code that was not right, as its form is told; the cause is for the audit log. */
export const refuseCode = (cause: "wrong" | "spent" | "none"): Result<never> =>
  refuse(cause === "spent" ? "code_too_many_attempts" : "code_invalid", { field: "code", cause });

export interface CodeAttempt {
  readonly purpose: Purpose;
  readonly requestingBrowserDigest: string;
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
export const lockVerifications = (identifier: SQL, purposes: readonly Purpose[]) => sql`
  select id from ${verifications}
  where identifier = ${identifier} and purpose in ${purposes} and ${stillLive}
  order by purpose <> 'password_reset', purpose, id for update`;

/** What becomes of an address's other secrets when its password or its proof changes (L4, P7). */
export const voidVerifications = (identifier: SQL, purposes: readonly Purpose[]) => sql`
  update ${verifications} set voided_at = now()
  where id in (${lockVerifications(identifier, purposes)}) returning 1`;

/** A link as its confirm page shows it, whatever became of it. Changes nothing. */
export interface LinkPreview {
  readonly identifier: Identifier;
  readonly state: "live" | "used" | "voided" | "expired";
  readonly browser: string;
  readonly requestingBrowserDigest: string;
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
      requestingBrowserDigest: verifications.requestingBrowserDigest,
      sessionId: verifications.sessionId,
      next: verifications.next,
      askedAt: verifications.createdAt,
    })
    .from(verifications)
    .where(byToken(purpose, token));
  return found ? { ...found, identifier: found.identifier as Identifier } : null;
}

/** What a browser is waiting for: the last thing it asked for. */
export interface PendingRequest {
  readonly identifier: Identifier;
  readonly used: boolean;
  readonly remember: boolean;
  readonly next: string;
  /** Seconds until the same mail may be asked for again. */
  readonly resendIn: number;
  readonly codeSpent: boolean;
}

/** The newest verification this browser asked for; null when it waits for nothing. */
export async function findPendingRequest(
  db: Db,
  purpose: Purpose,
  requestingBrowserDigest: string,
): Promise<PendingRequest | null> {
  const [found] = await db
    .select({
      identifier: verifications.identifier,
      used: sql<boolean>`${verifications.consumedAt} is not null`,
      remember: verifications.remember,
      next: verifications.next,
      resendIn: sql<number>`greatest(0, ceil(extract(epoch from
        ${verifications.createdAt} + make_interval(secs => ${intervals.resend}) - now())))::int`,
      codeSpent: sql<boolean>`${verifications.tries} >= ${bounds.codeTries}`,
    })
    .from(verifications)
    .where(
      and(
        eq(verifications.requestingBrowserDigest, requestingBrowserDigest),
        eq(verifications.purpose, purpose),
      ),
    )
    .orderBy(desc(verifications.createdAt))
    .limit(1);
  return found ? { ...found, identifier: found.identifier as Identifier } : null;
}
