import { and, desc, eq, type SQL, sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row, rows } from "@/db/rows";
import { sessions, users, verifications } from "@/db/schema";
import { constantTimeEqual, digest, type Key, keyedHash, type TokenUse } from "@/lib/core/crypto";
import type { Duration } from "@/lib/core/duration";
import type { Identifier } from "@/lib/core/identifier";
import { bounds, intervals, type LimitHit } from "@/lib/core/policy";

/** What a verification is for. Its token and code work for nothing else. */
export type Purpose = Extract<
  TokenUse,
  | "magic_link"
  | "sign_up"
  | "password_reset"
  | "step_up"
  | "email_change"
  | "email_undo"
  | "deletion_undo"
  | "access_link"
  | "staff_email_change"
  | "email_change_stop"
>;

/** Of a link that nobody requested: no browser may use it without the address, and it has no code. */
export const reportPurpose = "sign_in_report" satisfies TokenUse;

export const isLive = sql`consumed_at is null and voided_at is null and expires_at > now()`;

/** What staff list, in pages. */
type ListedPurpose = "sign_up" | "invitation";

/** Whether there is a verification with this id and purpose, also one that is over. */
export async function hasPurpose(db: Db, id: string, purpose: ListedPurpose): Promise<boolean> {
  const found = await row(
    db,
    sql`select 1 from ${verifications} where id = ${id}::uuid and purpose = ${purpose}`,
  );
  return found !== undefined;
}

/**
 * The verifications `v` on a page of those that have at most this lifetime, after the one with the id `after`,
 * in the order of `expires_at desc, id desc`. The lifetime bounds what is read of the index.
 */
export const isOnPage = (lifetime: Duration, after: string | null): SQL => sql`
  v.expires_at <= now() + make_interval(secs => ${lifetime})
  ${
    after === null
      ? sql``
      : sql`and (v.expires_at, v.id) <
          (select expires_at, id from ${verifications} where id = ${after}::uuid)`
  }`;

const codeHash = (key: string, tokenDigest: string, code: string) =>
  keyedHash(key, "code", `${tokenDigest} ${code}`);

export interface NewVerification {
  readonly purpose: Purpose;
  readonly identifier: Identifier;
  readonly token: string;
  /** Null for an email without a code: no code is right then. */
  readonly code: string | null;
  readonly codeKey: string;
  readonly requestingBrowserDigest: string;
  readonly browser: string;
  readonly fromKnownDevice: boolean;
  readonly remember: boolean;
  readonly next: string;
  readonly limitHits: readonly LimitHit[];
  readonly linkLifetime: Duration;
  readonly codeLifetime: Duration;
  /**
   * No token and no code of it is right, because its email is withheld or does not contain them. It
   * counts attempts like any other, so that a stranger cannot tell it apart (L8), and it voids no
   * other verification.
   */
  readonly isDecoy: boolean;
  /** The password of a sign-up. */
  readonly passwordHash: string | null;
  /** The session that a step-up or a change of the address is for. */
  readonly sessionId: string | null;
  /** The account it is about, where that is not the one of the address. */
  readonly userId?: string | null;
  /** The staff member who issues it. */
  readonly staffId?: string;
}

/**
 * Inserts a one-time secret and returns its id. Of an address's live verifications with this purpose
 * the newest three stay, this one included (L4). Those from a known device count as newer, so that
 * a stranger's requests cannot void the owner's; sign-ups void only those of their own browser (P1), and
 * what is about another account only that of this one.
 * Lifetimes start now, and again at the first attempt to send the email (L1).
 */
export async function insertVerification(tx: Db, v: NewVerification): Promise<string> {
  const tokenDigest = digest(v.purpose, v.token);
  // A decoy's hash is of its token, which no code of six digits equals.
  const hash = codeHash(v.codeKey, tokenDigest, v.isDecoy ? v.token : (v.code ?? v.token));
  const inserted = await row<{ id: string }>(
    tx,
    sql`with evicted as (
      update ${verifications} set voided_at = now() where not ${v.isDecoy} and id in (
        select id from ${verifications}
        where identifier = ${v.identifier} and purpose = ${v.purpose} and ${isLive} and not is_decoy
          and (purpose <> 'sign_up' or requesting_browser_digest = ${v.requestingBrowserDigest})
          and user_id is not distinct from ${v.userId ?? null}::uuid
        order by from_known_device desc, created_at desc offset ${bounds.liveLinks - 1}
      )
    )
    insert into ${verifications} (purpose, identifier, token_digest, code_hash,
      requesting_browser_digest, browser, is_decoy, from_known_device, password_hash, session_id,
      user_id, staff_id, remember, next, limit_hits, expires_at, code_expires_at)
    values (${v.purpose}, ${v.identifier}, ${tokenDigest}, ${hash},
      ${v.requestingBrowserDigest}, ${v.browser}, ${v.isDecoy}, ${v.fromKnownDevice},
      ${v.passwordHash}, ${v.sessionId}::uuid, ${v.userId ?? null}::uuid, ${v.staffId ?? null}::uuid, ${v.remember}, ${v.next},
      ${JSON.stringify(v.limitHits)}::jsonb, now() + make_interval(secs => ${v.linkLifetime}),
      now() + make_interval(secs => ${v.codeLifetime}))
    returning id`,
  );
  return inserted!.id;
}

/** What a verification that no browser has requested consists of. */
export interface UnrequestedVerification extends Pick<
  NewVerification,
  "purpose" | "identifier" | "token" | "codeKey" | "browser" | "staffId"
> {
  readonly userId: string;
  readonly lifetime: Duration;
  readonly code?: string;
  /**
   * The only value of the cookie by which a browser counts as the one that requested it. An unknown one for a
   * link: its whole address has to be typed in every browser then (L5).
   */
  readonly cookie: string;
}

/** Inserts a secret that the server or staff send about an account, and returns its id. */
export const insertUnrequestedVerification = (
  tx: Db,
  { cookie, lifetime, code, ...rest }: UnrequestedVerification,
): Promise<string> =>
  insertVerification(tx, {
    ...rest,
    code: code ?? null,
    requestingBrowserDigest: digest("requesting_browser", cookie),
    fromKnownDevice: false,
    remember: false,
    next: "",
    limitHits: [],
    linkLifetime: lifetime,
    codeLifetime: lifetime,
    isDecoy: false,
    passwordHash: null,
    sessionId: null,
  });

/** A verification that was consumed just now. */
export interface Consumed {
  readonly repeated: false;
  readonly id: string;
  readonly identifier: Identifier;
  readonly next: string;
  /** The hits to refund, as the email was wanted (R2). */
  readonly limitHits: readonly LimitHit[];
  /** "Keep me signed in": chosen in the requesting browser, and valid there alone. */
  readonly remember: boolean;
  /** The password of a sign-up. */
  readonly passwordHash: string | null;
  /** The account it is about, where that is not the one of the address. */
  readonly userId: string | null;
}

/**
 * A verification that this browser consumed within the last `intervals.repeat` seconds and presents
 * again: the response to the first time may have been lost. It has had its effect.
 */
export interface Repeated {
  readonly repeated: true;
  readonly id: string;
  readonly identifier: Identifier;
  readonly next: string;
}

/** What the user of a link presents. */
export interface LinkAccess {
  readonly requestingBrowserDigest: string;
  /** The address typed on the link's page; null where it is not asked for. */
  readonly typedEmail: Identifier | null;
  /** The session that wants to step up. */
  readonly sessionId?: string;
  /** The digest of the session that this browser presents. */
  readonly sessionDigest?: string | null;
}

/**
 * Who may consume or cancel a link: the browser that requested it, or a user who typed the whole
 * address (L5). A step-up's link works for its session only. A decoy's works for no one.
 */
const canConsume = ({ requestingBrowserDigest, typedEmail, sessionId }: LinkAccess) => sql`
  (not is_decoy
    and (requesting_browser_digest = ${requestingBrowserDigest} or identifier = ${typedEmail}::text)
    and session_id is not distinct from ${sessionId ?? null}::uuid)`;

const hasToken = (purpose: Purpose, token: string) =>
  sql`purpose = ${purpose} and token_digest = ${digest(purpose, token)}`;

/**
 * Consumes a link in one statement, so that one of two racing requests wins (I3), and voids the
 * address's other links with this purpose (L4). The browser that consumed it may present it again for a
 * while. Null when the link is not live or may not be consumed.
 */
export async function consumeLink(
  tx: Db,
  purpose: Purpose,
  token: string,
  access: LinkAccess,
): Promise<Consumed | Repeated | null> {
  const { requestingBrowserDigest, sessionId } = access;
  const presented = hasToken(purpose, token);
  const which = sql`${presented} and ${canConsume(access)}`;
  return (
    (await consumeVerification(tx, purpose, { requestingBrowserDigest, with: "link" }, which)) ??
    (
      await repeatVerification(tx, {
        requestingBrowserDigest,
        sessionId,
        with: "link",
        which: presented,
      })
    )[0] ??
    null
  );
}

/** The browser that consumes a verification, and with what. */
interface Consumer {
  readonly requestingBrowserDigest: string;
  readonly with: "link" | "code";
}

interface Repetition extends Consumer {
  readonly sessionId: string | undefined;
  /** The verifications that are presented. */
  readonly which: SQL;
}

const isRepeatable = (repetition: Omit<Repetition, "which">) => sql`
  (consumed_by_digest = ${repetition.requestingBrowserDigest} and consumed_with = ${repetition.with}
    and repeats < ${bounds.repeats}
    and consumed_at > now() - make_interval(secs => ${intervals.repeat})
    and session_id is not distinct from ${repetition.sessionId ?? null}::uuid)`;

/**
 * Counts a repetition by the browser that consumed the verification by the same link or code, before
 * anything is compared. Empty for any other browser, and after `intervals.repeat` or `bounds.repeats`.
 */
async function repeatVerification(
  tx: Db,
  repetition: Repetition,
): Promise<(Repeated & { tokenDigest: string; codeHash: string })[]> {
  return rows(
    tx,
    sql`update ${verifications} set repeats = repeats + 1
      where ${repetition.which} and ${isRepeatable(repetition)}
      returning true as repeated, id, identifier, next, token_digest as "tokenDigest", code_hash as "codeHash"`,
  );
}

/**
 * Locks all live rows of the address in the order of their ids, so that requests for several links of
 * one address wait for each other and do not deadlock.
 */
async function consumeVerification(
  tx: Db,
  purpose: Purpose,
  { requestingBrowserDigest, with: consumedWith }: Consumer,
  which: SQL,
): Promise<Consumed | null> {
  const consumed = await row<Consumed>(
    tx,
    sql`with target as (
      select id, identifier, user_id from ${verifications}
      where purpose = ${purpose} and ${which} and ${isLive}
    ), locked as (
      select id from ${verifications}
      where purpose = ${purpose} and identifier in (select identifier from target) and ${isLive}
        and user_id is not distinct from (select user_id from target)
      order by id for update
    ), changed as (
      update ${verifications} v set
        consumed_at = case when v.id = target.id then now() end,
        consumed_by_digest = case when v.id = target.id then ${requestingBrowserDigest} end,
        consumed_with = case when v.id = target.id then ${consumedWith} end,
        voided_at = case when v.id <> target.id then now() end
      from target where v.id in (select id from locked) and target.id in (select id from locked)
      returning v.*, v.id = target.id as consumed
    )
    select false as repeated, id, identifier, next, limit_hits as "limitHits",
      remember and requesting_browser_digest = ${requestingBrowserDigest} as remember,
      password_hash as "passwordHash", user_id as "userId"
    from changed where consumed`,
  );
  return consumed ?? null;
}

/** The `consumed_with` of a verification that its owner has cancelled. */
const cancelled = "cancelled";

/**
 * Voids a link and its code, and records that its owner did so, unlike other reasons to void it. False
 * when the link is not live or `access` may not consume it.
 */
export async function voidLink(
  tx: Db,
  purpose: Purpose,
  token: string,
  access: LinkAccess,
): Promise<boolean> {
  const voided = await tx
    .update(verifications)
    .set({ voidedAt: sql`now()`, consumedWith: cancelled })
    .where(sql`${hasToken(purpose, token)} and ${isLive} and ${canConsume(access)}`)
    .returning({ id: verifications.id });
  return voided.length > 0;
}

/** `too_many`: all attempts at the code are used. `none`: there is no live code to compare with. */
export type CodeOutcome =
  | { readonly consumed: Consumed | Repeated }
  | { readonly consumed: null; readonly cause: "wrong" | "too_many" | "none" };

export interface CodeAttempt {
  readonly purpose: Purpose;
  readonly requestingBrowserDigest: string;
  /** The session that wants to step up. */
  readonly sessionId?: string;
  readonly identifier: Identifier;
  readonly code: string;
  readonly keys: Key;
}

/**
 * Compares a code with what this browser requested for the address, and then with what it has consumed
 * just now. The attempt is counted before anything is compared, in a statement that locks the rows, so
 * that parallel guesses share one budget (I10).
 */
export async function consumeCode(
  tx: Db,
  { purpose, requestingBrowserDigest, sessionId, identifier, code, keys }: CodeAttempt,
): Promise<CodeOutcome> {
  const requested = sql`requesting_browser_digest = ${requestingBrowserDigest} and identifier = ${identifier}
    and session_id is not distinct from ${sessionId ?? null}::uuid
    and purpose = ${purpose} and ${isLive} and code_expires_at > now()`;
  const attempted = await rows<{ id: string; tokenDigest: string; codeHash: string }>(
    tx,
    sql`with locked as (
      select id from ${verifications}
      where purpose = ${purpose} and identifier = ${identifier} and ${isLive}
      order by id for update
    )
    update ${verifications} set attempts = attempts + 1
    where id in (select id from locked) and ${requested} and attempts < ${bounds.codeAttempts}
    returning id, token_digest as "tokenDigest", code_hash as "codeHash"`,
  );
  const isRight = (candidate: { tokenDigest: string; codeHash: string }) =>
    keys.some((key) =>
      constantTimeEqual(candidate.codeHash, codeHash(key, candidate.tokenDigest, code)),
    );
  const consumer = { requestingBrowserDigest, with: "code" } as const;
  const match = attempted.find(isRight);
  if (!match) {
    const which = sql`purpose = ${purpose} and identifier = ${identifier}`;
    const repeatable = await repeatVerification(tx, { ...consumer, sessionId, which });
    const repeated = repeatable.find(isRight);
    if (repeated) return { consumed: repeated };
    if (attempted.length > 0) return { consumed: null, cause: "wrong" };
    const exhausted = await rows(tx, sql`select 1 from ${verifications} where ${requested}`);
    return { consumed: null, cause: exhausted.length > 0 ? "too_many" : "none" };
  }
  const consumed = await consumeVerification(tx, purpose, consumer, sql`id = ${match.id}::uuid`);
  return consumed ? { consumed } : { consumed: null, cause: "none" };
}

/**
 * Locks an address's live verifications with these purposes until the transaction ends; a part of a
 * larger statement. The order of locking is the same everywhere, so that transactions which lock
 * several purposes do not deadlock: password resets first, then by purpose and id.
 */
const lockVerifications = (identifier: SQL, purposes: readonly Purpose[]) => sql`
  select id from ${verifications}
  where identifier = ${identifier} and purpose in ${purposes} and ${isLive}
  order by purpose <> 'password_reset', purpose, id for update`;

/**
 * Locks what a change of an account's credentials voids, in the same order: its address's live verifications
 * with these purposes, and its pending change of the address; a part of a larger statement.
 */
export const lockSecretsOfAccount = (identifier: SQL, purposes: readonly Purpose[]) => sql`
  select id from ${verifications}
  where ((identifier = ${identifier} and purpose in ${purposes})
    or (purpose = 'email_change' and user_id = (select id from ${users} where email = ${identifier})))
    and ${isLive}
  order by purpose <> 'password_reset', purpose, id for update`;

/** Locks a user's pending change of the address; a part of a larger statement. */
export const lockPendingEmailChange = (userId: string) => sql`
  select id from ${verifications}
  where user_id = ${userId}::uuid and purpose = 'email_change' and ${isLive} order by id for update`;

/** Voids a user's own pending change of the address. */
export async function voidPendingEmailChange(tx: Db, userId: string): Promise<void> {
  await row(
    tx,
    sql`update ${verifications} set voided_at = now()
      where id in (${lockPendingEmailChange(userId)}) returning 1`,
  );
}

/** Voids an address's live verifications with these purposes (L4, P7); a part of a larger statement. */
export const voidVerifications = (identifier: SQL, purposes: readonly Purpose[]) => sql`
  update ${verifications} set voided_at = now()
  where id in (${lockVerifications(identifier, purposes)}) returning 1`;

/** A link as its page shows it. */
export interface LinkPreview {
  readonly identifier: Identifier;
  readonly state: "live" | "used" | "voided" | "expired";
  /** Whether `access` may consume it while it is live. */
  readonly canConsume: boolean;
  /** Whether its browser may present it again, although it is used: its session has not ended. */
  readonly isRepeatable: boolean;
  /** This browser presents the session that it started, so the response has arrived. */
  readonly hasItsSession: boolean;
  readonly sameBrowser: boolean;
  readonly browser: string;
  readonly next: string;
  /** “Keep me signed in”: chosen in the requesting browser, and valid there alone. */
  readonly remember: boolean;
  readonly askedAt: Date;
}

/** Reads a link and changes nothing. Null for a token that does not exist or was purged. */
export async function previewLink(
  db: Db,
  purpose: Purpose,
  token: string,
  access: LinkAccess,
): Promise<LinkPreview | null> {
  const [found] = await db
    .select({
      identifier: verifications.identifier,
      state: sql<LinkPreview["state"]>`case
        when ${verifications.consumedAt} is not null then 'used'
        when ${verifications.voidedAt} is not null then 'voided'
        when ${verifications.expiresAt} <= now() then 'expired'
        else 'live' end`,
      canConsume: sql<boolean>`coalesce(${canConsume(access)}, false)`,
      isRepeatable: sql<boolean>`coalesce(${isRepeatable({ sessionId: undefined, ...access, with: "link" })}
        and (session_id is not null or exists (
          select from ${sessions} where started_by = verifications.id)), false)`,
      hasItsSession: sql<boolean>`exists (select from ${sessions}
        where started_by = verifications.id and token_digest = ${access.sessionDigest ?? null})`,
      sameBrowser: sql<boolean>`requesting_browser_digest = ${access.requestingBrowserDigest}`,
      browser: verifications.browser,
      next: verifications.next,
      remember: sql<boolean>`remember and requesting_browser_digest = ${access.requestingBrowserDigest}`,
      askedAt: verifications.createdAt,
    })
    .from(verifications)
    .where(hasToken(purpose, token));
  return found ? { ...found, identifier: found.identifier as Identifier } : null;
}

/** The email that a browser requested last. */
export interface PendingRequest {
  readonly identifier: Identifier;
  /**
   * `used`: its link or code was used, or that of another request by this browser. `cancelled`: its
   * owner cancelled it. A request that ended because of others still waits: its end would tell a
   * stranger whether the address has an account (L8).
   */
  readonly state: "waiting" | "used" | "cancelled";
  /** `used` in this browser. */
  readonly usedHere: boolean;
  /**
   * This browser may enter the code that it has used again: the session that it started has not ended,
   * and this browser does not have it.
   */
  readonly isRepeatable: boolean;
  /** It was requested by a browser that has signed in to the account of the address before. */
  readonly fromKnownDevice: boolean;
  readonly remember: boolean;
  readonly next: string;
  /** Seconds until the same email may be requested again. */
  readonly resendIn: number;
  /** All attempts at its code are used. */
  readonly codeSpent: boolean;
}

/** The link of a sign-up to an existing account, made in the same transaction. It has no code (P1). */
const isOfSignUp = sql`exists (select from ${verifications} other
  where other.purpose = 'sign_up' and other.identifier = ${verifications}.identifier
    and other.requesting_browser_digest = ${verifications}.requesting_browser_digest
    and other.created_at = ${verifications}.created_at)`;

/** The newest verification that this browser requested; null when there is none. */
export async function findPendingRequest(
  db: Db,
  purpose: Purpose,
  { requestingBrowserDigest, sessionDigest }: Omit<LinkAccess, "typedEmail">,
): Promise<PendingRequest | null> {
  // It, or another request by this browser whose use has voided it.
  const used = sql`from ${verifications} used
    where used.identifier = ${verifications}.identifier and used.purpose = ${purpose}
      and used.requesting_browser_digest = ${requestingBrowserDigest}
      and (used.id = ${verifications}.id and used.consumed_at is not null
        or used.consumed_at = ${verifications}.voided_at)`;
  const [found] = await db
    .select({
      identifier: verifications.identifier,
      state: sql<PendingRequest["state"]>`case
        when exists (select ${used}) then 'used'
        when ${verifications.consumedWith} = ${cancelled} then 'cancelled'
        else 'waiting' end`,
      usedHere: sql<boolean>`exists (select ${used}
        and used.consumed_by_digest = ${requestingBrowserDigest})`,
      isRepeatable: sql<boolean>`exists (select ${used}
        and ${isRepeatable({ requestingBrowserDigest, sessionId: undefined, with: "code" })}
        and exists (select from ${sessions} s where s.started_by = used.id
          and s.token_digest is distinct from ${sessionDigest ?? null}))`,
      fromKnownDevice: verifications.fromKnownDevice,
      remember: verifications.remember,
      next: verifications.next,
      // No longer than the pause, also after the clock was set back.
      resendIn: sql<number>`least(${intervals.resend}, greatest(0, ceil(extract(epoch from
        ${verifications.createdAt} + make_interval(secs => ${intervals.resend}) - now()))))::int`,
      codeSpent: sql<boolean>`${verifications.attempts} >= ${bounds.codeAttempts}`,
    })
    .from(verifications)
    .where(
      and(
        eq(verifications.requestingBrowserDigest, requestingBrowserDigest),
        eq(verifications.purpose, purpose),
        purpose === "magic_link" ? sql`not ${isOfSignUp}` : undefined,
      ),
    )
    .orderBy(desc(verifications.createdAt))
    .limit(1);
  return found ? { ...found, identifier: found.identifier as Identifier } : null;
}
