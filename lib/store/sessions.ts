import { and, desc, eq, isNull, sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row, rows } from "@/db/rows";
import { knownDevices, sessions, users } from "@/db/schema";
import { type Duration } from "@/lib/core/duration";
import type { Caller, Ctx, Session } from "@/lib/runtime/flow";
import type { Identifier } from "@/lib/core/identifier";
import { intervals } from "@/lib/core/policy";
import { digest } from "@/lib/core/crypto";
import { deviceRemembered } from "./known-devices";

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
 * by the database's clock (S1, I4). Null when it ended, was ended, or its user is disabled.
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

/**
 * The one place where sessions start, for every method. A new token each time; the session this
 * browser had is gone with the same statement (rotation), and the browser is remembered as known (R6).
 * The token goes to the browser through the handover and is kept nowhere.
 */
export async function startSession(
  ctx: Ctx,
  tx: Db,
  { userId, method, remember }: { userId: string; method: string; remember: boolean },
): Promise<void> {
  const { caller, env } = ctx;
  const token = ctx.random.token();
  const lifetime: Duration = remember ? env.lifetimes.rememberedSession : env.lifetimes.session;
  const idle: Duration = remember ? env.lifetimes.rememberedSessionIdle : env.lifetimes.sessionIdle;
  await row(
    tx,
    sql`with rotated as (
      delete from ${sessions} where token_digest = ${caller.sessionDigest ?? ""}
    ), ${deviceRemembered(caller.deviceDigest, userId)}
    insert into ${sessions} (token_digest, user_id, method, ip, browser, idle_seconds, ends_at)
    values (${digest("session", token)}, ${userId}::uuid, ${method}, ${caller.ip}, ${caller.browser},
            ${idle}::int, now() + make_interval(secs => ${lifetime}))`,
  );
  ctx.setCookies({ session: { token, lifetime, method }, device: true });
}

/**
 * The person proved again that it is them, or changed what proves them: the same session under a
 * new token, the old one worth nothing from now on (rotation). Its ends stay. False when it is gone.
 */
export async function renewSession(ctx: Ctx<Session>, tx: Db): Promise<boolean> {
  const { session, sessionDigest } = ctx.caller;
  const token = ctx.random.token();
  const renewed = await row<{ lifetime: Duration }>(
    tx,
    sql`update ${sessions} set token_digest = ${digest("session", token)}, authenticated_at = now(), last_seen_at = now()
      where id = ${session.id}::uuid and token_digest = ${sessionDigest}
      returning greatest(1, extract(epoch from ends_at - now()))::int as lifetime`,
  );
  if (renewed) ctx.setCookies({ session: { token, lifetime: renewed.lifetime } });
  return renewed !== undefined;
}

/**
 * The row of whoever is signed in, for this transaction alone, before it changes a way in: of two
 * removals at once the second sees the first. False when they were switched off or their session was
 * ended since it was read, by whoever proved the mailbox, say: it has no say any more (A5).
 */
export async function lockSessionUser(tx: Db, { id, userId }: Session): Promise<boolean> {
  await row(tx, sql`select 1 from ${users} where id = ${userId}::uuid for update`);
  const [stillIn] = await rows(
    tx,
    sql`select 1 from ${sessions} join ${users} u on u.id = user_id
      where ${sessions.id} = ${id}::uuid and disabled_at is null`,
  );
  return stillIn !== undefined;
}

/** A signed-in browser as its owner sees it. */
export interface SessionEntry {
  readonly id: string;
  readonly browser: string;
  readonly ip: string | null;
  readonly method: string;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
}

/** A user's live sessions, the last used one first. */
export function listSessions(db: Db, userId: string): Promise<SessionEntry[]> {
  const { id, browser, ip, method, createdAt, lastSeenAt } = sessions;
  return db
    .select({ id, browser, ip, method, createdAt, lastSeenAt })
    .from(sessions)
    .where(and(eq(sessions.userId, userId), live))
    .orderBy(desc(sessions.lastSeenAt));
}

/** Ends one of the user's own sessions, effective on its next request. False when it is not theirs. */
export async function endSession(tx: Db, userId: string, id: string): Promise<boolean> {
  const ended = await tx
    .delete(sessions)
    .where(and(eq(sessions.id, id), eq(sessions.userId, userId)))
    .returning({ id: sessions.id });
  return ended.length > 0;
}

/**
 * Ends all sessions but the caller's, and forgets the devices they were on (R6). Returns how many. The
 * user's row is taken first, as by whoever signs in or sets a password: so none of them waits for the
 * other for ever, and a session that one of them has ended meanwhile ends nobody else's.
 */
export async function endOtherSessions(
  tx: Db,
  { session, deviceDigest }: Caller<Session>,
): Promise<number> {
  await row(tx, sql`select 1 from ${users} where id = ${session.userId}::uuid for no key update`);
  const stillIn = sql`exists (select from ${sessions} own where own.id = ${session.id}::uuid)`;
  const ended = await rows(
    tx,
    sql`with deleted_devices as (
      delete from ${knownDevices}
      where user_id = ${session.userId}::uuid and device_digest <> ${deviceDigest} and ${stillIn}
    )
    delete from ${sessions}
    where user_id = ${session.userId}::uuid and id <> ${session.id}::uuid and ${stillIn} returning id`,
  );
  return ended.length;
}
