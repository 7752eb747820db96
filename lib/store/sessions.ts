import { and, desc, eq, isNull, type SQL, sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row, rows } from "@/db/rows";
import { knownDevices, sessions, users, verifications } from "@/db/schema";
import type { Duration } from "@/lib/core/duration";
import type { Identifier } from "@/lib/core/identifier";
import type { NewDeviceLetter } from "@/lib/core/letters";
import { intervals } from "@/lib/core/policy";
import type { Role } from "@/lib/core/role";
import { staffHelpEnded } from "./staff-help";
import { deviceRemembered } from "./known-devices";
import { lockPendingEmailChange } from "./verifications";

/** A signed-in browser, as read with each request. */
export interface Session {
  readonly id: string;
  readonly userId: string;
  readonly email: Identifier;
  readonly role: Role;
  /** The user's choice; null for that of the browser. */
  readonly timeZone: string | null;
  /** When the account will be erased; null unless its owner has asked for it. */
  readonly deletesAt: Date | null;
  /** The staff member whose access link started it; null for a sign-in of the user's own (T2). */
  readonly staffId: string | null;
  /** The stored name of the sign-in method that started it. */
  readonly method: string;
  /** When the user last authenticated. */
  readonly authenticatedAt: Date;
  /** Its absolute end. */
  readonly endsAt: Date;
  /** Seconds since the user last authenticated, by the database's clock (OIDC `auth_time`). */
  readonly authAge: number;
  /** `last_seen_at` is due to be written, after the response. */
  readonly stale: boolean;
  /** The token before a renewal was presented: the response with the new one may have been lost. */
  readonly byPreviousToken: boolean;
  /** It was renewed from the same token twice: the response to the first time may have been lost. */
  readonly wasRenewedAgain: boolean;
  /** The new token was presented for the first time, so the previous one has to end. */
  readonly hasPreviousToken: boolean;
}

const previousTokenWorks = sql`(previous_token_digest is not null
  and renewed_at > now() - make_interval(secs => ${sql.raw(String(intervals.repeat))}))`;

const live = sql`${sessions.endsAt} > now()
  and ${sessions.lastSeenAt} + make_interval(secs => ${sessions.idleSeconds}) > now()`;

const hasToken = sql`${sessions.tokenDigest} = ${sql.placeholder("tokenDigest")}`;

// The previous token is no more than it was: a thief of it gains nothing by a step-up.
const authenticatedAt = sql`case when ${hasToken}
  then ${sessions.authenticatedAt} else ${sessions.previousAuthenticatedAt} end`;

const prepareRead = (db: Db) =>
  db
    .select({
      id: sessions.id,
      userId: sessions.userId,
      email: users.email,
      role: users.role,
      timeZone: users.timeZone,
      deletesAt: users.deleteAt,
      staffId: sessions.staffId,
      method: sessions.method,
      authenticatedAt: sql`${authenticatedAt}`.mapWith(sessions.authenticatedAt),
      endsAt: sessions.endsAt,
      authAge: sql<number>`least(extract(epoch from now() - ${authenticatedAt}), 2e9)::int`,
      byPreviousToken: sql<boolean>`not ${hasToken}`,
      wasRenewedAgain: sql<boolean>`coalesce(${sessions.renewedAt} <> ${sessions.authenticatedAt}, false)`,
      hasPreviousToken: sql<boolean>`${hasToken} and ${sessions.previousTokenDigest} is not null`,
      stale: sql<boolean>`${sessions.lastSeenAt} < now() - make_interval(secs => ${sql.raw(String(intervals.lastSeen))})`,
    })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(
      and(
        sql`(${hasToken} or (${sessions.previousTokenDigest} = ${sql.placeholder("tokenDigest")}
          and ${previousTokenWorks}))`,
        live,
        isNull(users.disabledAt),
      ),
    )
    .prepare("read_session");

const prepared = new WeakMap<Db, ReturnType<typeof prepareRead>>();

/**
 * The live session of a token's digest: one prepared statement that writes nothing, its ends judged
 * by the database's clock (S1, I4). After a renewal the previous token works, too, until
 * `endPreviousToken` or for `intervals.repeat` seconds. Null when the session ended, was revoked, or its
 * user is disabled.
 */
export async function readSession(db: Db, tokenDigest: string): Promise<Session | null> {
  const statement = prepared.get(db) ?? prepareRead(db);
  prepared.set(db, statement);
  const [found] = await statement.execute({ tokenDigest });
  return found ? { ...found, email: found.email as Identifier } : null;
}

/** Ends the previous token of a renewed session, whose new token was presented. */
export async function endPreviousToken(db: Db, id: string, tokenDigest: string): Promise<void> {
  await db
    .update(sessions)
    .set({ previousTokenDigest: null, previousAuthenticatedAt: null, renewedAt: null })
    .where(and(eq(sessions.id, id), eq(sessions.tokenDigest, tokenDigest)));
}

/** Writes that a session was used, at most every `intervals.lastSeen` (S1). For after the response. */
export async function touchSession(db: Db, id: string): Promise<void> {
  await db
    .update(sessions)
    .set({ lastSeenAt: sql`now()` })
    .where(
      and(
        eq(sessions.id, id),
        sql`${sessions.lastSeenAt} < now() - make_interval(secs => ${intervals.lastSeen})`,
      ),
    );
}

export interface SessionRow {
  readonly tokenDigest: string;
  /** The session this browser had. It is deleted in the same statement (rotation). */
  readonly replacedDigest: string | null;
  /** The verification that starts it; null for a password or a provider. */
  readonly startedBy: string | null;
  readonly userId: string;
  readonly method: string;
  readonly ip: string | null;
  readonly country: string | null;
  readonly browser: string;
  readonly browserDigest: string;
  readonly deviceDigest: string;
  /** The staff member whose access link starts it (T2). Then the browser does not become a known device. */
  readonly staffId?: string;
  readonly remember: boolean;
  readonly idle: Duration;
  readonly lifetime: Duration;
  /** Tells its user of it, if the device is new to them; null where they need not be told. */
  readonly report: NewDeviceLetter | null;
}

const isOfToken = (digest: string | null) =>
  sql`(token_digest = ${digest ?? ""} or previous_token_digest = ${digest ?? ""})`;

/**
 * CTEs that insert a session and remember the browser as a known device of the user (R6). They delete the
 * session that this browser had. A sign-in that consumes nothing can be repeated after its response was lost,
 * so they also delete the session that the same browser started in the same way just now. The caller has
 * locked the user's row in an earlier statement, so that of two parallel sign-ins the second sees the first.
 */
export function sessionInserted(session: SessionRow): SQL {
  const {
    tokenDigest,
    userId,
    method,
    ip,
    country,
    browser,
    browserDigest,
    deviceDigest,
    staffId,
    remember,
  } = session;
  // The user has not authenticated: a back end that asks for a recent sign-in must see that (W1).
  const authenticatedAt = staffId ? sql`'epoch'` : sql`now()`;
  return sql`rotated as (
    delete from ${sessions} where ${isOfToken(session.replacedDigest)}
      or (${session.startedBy}::uuid is null and started_by is null and user_id = ${userId}::uuid
        and browser_digest = ${browserDigest} and method = ${method}
        and created_at > now() - make_interval(secs => ${intervals.repeat}))
    returning id, user_id, staff_id
  ), ${staffId ? sql`` : sql`${deviceRemembered(deviceDigest, userId)}, `}inserted as (
    insert into ${sessions} (token_digest, started_by, user_id, method, ip, country, browser, browser_digest,
      device_digest, staff_id, authenticated_at, remember, idle_seconds, ends_at, expiry_check_at)
    values (${tokenDigest}, ${session.startedBy}::uuid, ${userId}::uuid, ${method}, ${ip}, ${country},
            ${browser}, ${browserDigest}, ${deviceDigest}, ${staffId ?? null}::uuid, ${authenticatedAt},
            ${remember}, ${session.idle}::int,
            now() + make_interval(secs => ${session.lifetime}),
            now() + make_interval(secs => ${Math.min(session.idle, session.lifetime)}))
    returning id
  )`;
}

/** What the cookie of a session that is there already needs. */
export interface ExistingSession {
  readonly userId: string;
  readonly method: string;
  readonly remember: boolean;
  /** The rest of its lifetime. */
  readonly lifetime: Duration;
}

const existing = sql`user_id as "userId", method, remember,
  greatest(1, extract(epoch from ends_at - now()))::int as lifetime`;

/** The session with a token. Null when it has ended or its user is disabled. */
export async function findLiveSession(
  tx: Db,
  tokenDigest: string,
): Promise<ExistingSession | null> {
  const found = await row<ExistingSession>(
    tx,
    sql`select ${existing} from ${sessions}
      where token_digest = ${tokenDigest} and ${live} and ${isOfEnabledUser}`,
  );
  return found ?? null;
}

const isOfEnabledUser = sql`exists (
  select from ${users} u where u.id = user_id and u.disabled_at is null)`;

/**
 * Gives the session that a verification has started a new token; the one before, which may not have reached
 * the browser, is dead. Its ends stay. Deletes another session that the browser has. Null when the session
 * has ended or its user is disabled.
 */
export async function replaceStartedSession(
  tx: Db,
  startedBy: string,
  change: { readonly tokenDigest: string; readonly replacedDigest: string | null },
  deviceDigest: string,
): Promise<ExistingSession | null> {
  const replaced = await row<ExistingSession>(
    tx,
    sql`update ${sessions} set token_digest = ${change.tokenDigest}, last_seen_at = now(),
        device_digest = ${deviceDigest},
        previous_token_digest = null, previous_authenticated_at = null, renewed_at = null
      where started_by = ${startedBy}::uuid and ${live} and ${isOfEnabledUser}
      returning ${existing}`,
  );
  if (!replaced) return null;
  await row(
    tx,
    sql`with ${deviceRemembered(deviceDigest, replaced.userId)}
    delete from ${sessions} where ${isOfToken(change.replacedDigest)}`,
  );
  return replaced;
}

/**
 * Gives a session a new token and authentication time; its ends stay. The previous token works until the
 * new one is presented, because the response may be lost: of several renewals in a row that were lost,
 * the last token that reached the browser. Null when the session has ended or has another token by now.
 */
export async function rotateSession(
  tx: Db,
  id: string,
  { from, to }: { from: string | null; to: string },
): Promise<(ExistingSession & { readonly byPreviousToken: boolean }) | null> {
  const rotated = await row<ExistingSession & { byPreviousToken: boolean }>(
    tx,
    sql`update ${sessions} set token_digest = ${to}, authenticated_at = now(), last_seen_at = now(),
        previous_token_digest = ${from},
        previous_authenticated_at = case when token_digest = ${from}
          then authenticated_at else previous_authenticated_at end,
        renewed_at = case when token_digest = ${from} then now() else renewed_at end
      where id = ${id}::uuid
        and (token_digest = ${from} or (previous_token_digest = ${from} and ${previousTokenWorks}))
      returning ${existing}, renewed_at <> now() as "byPreviousToken"`,
  );
  return rotated ?? null;
}

/** Whether a session still has this token. */
export async function isSessionToken(tx: Db, id: string, digest: string | null): Promise<boolean> {
  const found = await row(
    tx,
    sql`select 1 from ${sessions} where id = ${id}::uuid and token_digest = ${digest} for update`,
  );
  return found !== undefined;
}

/**
 * Locks the row of a session's user before a sign-in method is changed: of two parallel removals the
 * second sees the first. False when the user was disabled or the session revoked since it was read
 * (A5).
 */
export async function lockSessionUser(
  tx: Db,
  session: Pick<Session, "id" | "userId">,
): Promise<boolean> {
  return (await lockForMethods(tx, session)) !== "signed_out";
}

/**
 * The same before a sign-in method is added, changed or removed. `locked`: a sign-in of the user was
 * reported, so none may be until `users.methods_locked_until`.
 */
export async function lockForMethods(
  tx: Db,
  { id, userId }: Pick<Session, "id" | "userId">,
): Promise<"open" | "locked" | "signed_out"> {
  await row(tx, sql`select 1 from ${users} where id = ${userId}::uuid for update`);
  const found = await row<{ isLocked: boolean }>(
    tx,
    sql`select ${areMethodsLocked} as "isLocked" from ${sessions} join ${users} u on u.id = user_id
      where ${sessions.id} = ${id}::uuid and disabled_at is null`,
  );
  if (!found) return "signed_out";
  return found.isLocked ? "locked" : "open";
}

/** Of the user `u`. */
export const areMethodsLocked = sql`coalesce(u.methods_locked_until > now(), false)`;

/** A session as its user sees it. */
export interface SessionEntry {
  readonly id: string;
  readonly browser: string;
  readonly ip: string | null;
  /** ISO 3166-1; null where no proxy said it. */
  readonly country: string | null;
  readonly method: string;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
}

/** A user's live sessions, the last used one first. */
export function selectSessions(db: Db, userId: string): Promise<SessionEntry[]> {
  const { id, browser, ip, country, method, createdAt, lastSeenAt } = sessions;
  return db
    .select({ id, browser, ip, country, method, createdAt, lastSeenAt })
    .from(sessions)
    .where(and(eq(sessions.userId, userId), live))
    .orderBy(desc(sessions.lastSeenAt));
}

/** Deletes one of the user's own sessions. False when there is none with that id. */
export async function deleteSession(tx: Db, userId: string, id: string): Promise<boolean> {
  const deleted = await tx
    .delete(sessions)
    .where(and(eq(sessions.id, id), eq(sessions.userId, userId)))
    .returning({ id: sessions.id });
  return deleted.length > 0;
}

/**
 * Deletes all sessions of a user but one, and their known devices (R6), and voids a pending change of the
 * address and access links. Returns how many sessions. Locks the pending change and then the user's row, as
 * password changes do, so that none of them deadlock. Does nothing when the session to stay was deleted
 * meanwhile.
 */
export async function deleteOtherSessions(
  tx: Db,
  { id, userId }: Pick<Session, "id" | "userId">,
  deviceDigest: string,
): Promise<number> {
  await row(
    tx,
    sql`with locked as (${lockPendingEmailChange(userId)}), barrier as (select count(*) from locked)
    select 1 from ${users}, barrier where ${users.id} = ${userId}::uuid for no key update of users`,
  );
  const stillSignedIn = sql`exists (select from ${sessions} own where own.id = ${id}::uuid)`;
  const deleted = await rows(
    tx,
    sql`with deleted_devices as (
      delete from ${knownDevices}
      where user_id = ${userId}::uuid and device_digest <> ${deviceDigest} and ${stillSignedIn}
    ), ${staffHelpEnded(sql`(select own.user_id from ${sessions} own where own.id = ${id}::uuid)`)}, voided as (
      update ${verifications} set voided_at = now()
      where id in (${lockPendingEmailChange(userId)}) and ${stillSignedIn}
    )
    delete from ${sessions}
    where user_id = ${userId}::uuid and id <> ${id}::uuid and ${stillSignedIn} returning id`,
  );
  return deleted.length;
}
