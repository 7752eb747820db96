import { and, desc, eq, isNull, sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row, rows } from "@/db/rows";
import { knownDevices, sessions, users } from "@/db/schema";
import type { Duration } from "@/lib/core/duration";
import type { Identifier } from "@/lib/core/identifier";
import { intervals } from "@/lib/core/policy";
import { deviceRemembered } from "./known-devices";

/** A signed-in browser, as read with each request. */
export interface Session {
  readonly id: string;
  readonly userId: string;
  readonly email: Identifier;
  /** Its absolute end. */
  readonly endsAt: Date;
  /** Seconds since the user last authenticated, by the database's clock (OIDC `auth_time`). */
  readonly authAge: number;
  /** `last_seen_at` is due to be written, after the response. */
  readonly stale: boolean;
}

const live = sql`${sessions.endsAt} > now()
  and ${sessions.lastSeenAt} + make_interval(secs => ${sessions.idleSeconds}) > now()`;

const prepareRead = (db: Db) =>
  db
    .select({
      id: sessions.id,
      userId: sessions.userId,
      email: users.email,
      endsAt: sessions.endsAt,
      authAge: sql<number>`extract(epoch from now() - ${sessions.authenticatedAt})::int`,
      stale: sql<boolean>`${sessions.lastSeenAt} < now() - make_interval(secs => ${sql.raw(String(intervals.lastSeen))})`,
    })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(
      and(eq(sessions.tokenDigest, sql.placeholder("tokenDigest")), live, isNull(users.disabledAt)),
    )
    .prepare("read_session");

const prepared = new WeakMap<Db, ReturnType<typeof prepareRead>>();

/**
 * The live session of a token's digest: one prepared statement that writes nothing, its ends judged
 * by the database's clock (S1, I4). Null when it ended, was revoked, or its user is disabled.
 */
export async function readSession(db: Db, tokenDigest: string): Promise<Session | null> {
  const statement = prepared.get(db) ?? prepareRead(db);
  prepared.set(db, statement);
  const [found] = await statement.execute({ tokenDigest });
  return found ? { ...found, email: found.email as Identifier } : null;
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
  readonly userId: string;
  readonly method: string;
  readonly ip: string | null;
  readonly browser: string;
  readonly deviceDigest: string;
  readonly idle: Duration;
  readonly lifetime: Duration;
}

/** Inserts a session and remembers the browser as a known device of the user (R6). */
export async function insertSession(tx: Db, session: SessionRow): Promise<void> {
  const { tokenDigest, replacedDigest, userId, method, ip, browser } = session;
  await row(
    tx,
    sql`with rotated as (
      delete from ${sessions} where token_digest = ${replacedDigest ?? ""}
    ), ${deviceRemembered(session.deviceDigest, userId)}
    insert into ${sessions} (token_digest, user_id, method, ip, browser, idle_seconds, ends_at)
    values (${tokenDigest}, ${userId}::uuid, ${method}, ${ip}, ${browser},
            ${session.idle}::int, now() + make_interval(secs => ${session.lifetime}))`,
  );
}

/**
 * Gives a session a new token and authentication time; its ends stay. Returns the rest of its
 * lifetime, or null when the session has ended or has another token by now.
 */
export async function rotateSession(
  tx: Db,
  id: string,
  { from, to }: { from: string | null; to: string },
): Promise<Duration | null> {
  const rotated = await row<{ lifetime: Duration }>(
    tx,
    sql`update ${sessions} set token_digest = ${to}, authenticated_at = now(), last_seen_at = now()
      where id = ${id}::uuid and token_digest = ${from}
      returning greatest(1, extract(epoch from ends_at - now()))::int as lifetime`,
  );
  return rotated?.lifetime ?? null;
}

/**
 * Locks the row of a session's user before a sign-in method is changed: of two parallel removals the
 * second sees the first. False when the user was disabled or the session revoked since it was read
 * (A5).
 */
export async function lockSessionUser(
  tx: Db,
  { id, userId }: Pick<Session, "id" | "userId">,
): Promise<boolean> {
  await row(tx, sql`select 1 from ${users} where id = ${userId}::uuid for update`);
  const [stillSignedIn] = await rows(
    tx,
    sql`select 1 from ${sessions} join ${users} u on u.id = user_id
      where ${sessions.id} = ${id}::uuid and disabled_at is null`,
  );
  return stillSignedIn !== undefined;
}

/** A session as its user sees it. */
export interface SessionEntry {
  readonly id: string;
  readonly browser: string;
  readonly ip: string | null;
  readonly method: string;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
}

/** A user's live sessions, the last used one first. */
export function selectSessions(db: Db, userId: string): Promise<SessionEntry[]> {
  const { id, browser, ip, method, createdAt, lastSeenAt } = sessions;
  return db
    .select({ id, browser, ip, method, createdAt, lastSeenAt })
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
 * Deletes all sessions of a user but one, and their known devices (R6). Returns how many. Locks the
 * user's row first, as sign-in and password changes do, so that none of them deadlock. Does nothing
 * when the session to stay was deleted meanwhile.
 */
export async function deleteOtherSessions(
  tx: Db,
  { id, userId }: Pick<Session, "id" | "userId">,
  deviceDigest: string,
): Promise<number> {
  await row(tx, sql`select 1 from ${users} where id = ${userId}::uuid for no key update`);
  const stillSignedIn = sql`exists (select from ${sessions} own where own.id = ${id}::uuid)`;
  const deleted = await rows(
    tx,
    sql`with deleted_devices as (
      delete from ${knownDevices}
      where user_id = ${userId}::uuid and device_digest <> ${deviceDigest} and ${stillSignedIn}
    )
    delete from ${sessions}
    where user_id = ${userId}::uuid and id <> ${id}::uuid and ${stillSignedIn} returning id`,
  );
  return deleted.length;
}
