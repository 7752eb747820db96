import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { row, rows } from "@/db/rows";
import { days, hours } from "@/lib/core/duration";
import { bounds } from "@/lib/core/policy";
import { Browser } from "@/test/support/browser";
import { claims, keys, pendingIdentity } from "@/test/support/oauth-fixtures";
import { count } from "@/test/support/queries";
import { validPassword } from "@/test/support/passwords";
import { setUpWorld } from "@/test/support/setup";
import type { TestWorld } from "@/test/support/world";
import { previewMagicLink } from "@/lib/flows/sign-in/preview-magic-link";
import { purge, readPurgeFacts } from "./purge";

const world = await setUpWorld(keys);
const ada = "ada@example.com";

const sizes = async ({ db }: Pick<TestWorld, "db"> = world) =>
  row(
    db,
    sql`select (select count(*)::int from sessions) as sessions,
      (select count(*)::int from verifications) as verifications, (select count(*)::int from outbox) as letters,
      (select count(*)::int from limits) as limits, (select count(*)::int from known_devices) as marks,
      (select count(*)::int from users) as users, (select count(*)::int from audit_events) as events`,
  );

const purged = () => world.writeDirectly((tx) => purge(tx));

test("keeps every row that is still needed", async () => {
  await new Browser(world).signIn(ada);
  await new Browser(world).requestLink(ada);
  const before = await sizes();
  expect(await purged()).toBe(0);
  expect(await sizes()).toEqual(before);
});

test("deletes each kind after its retention, and keeps users and the audit log (X10)", async () => {
  await world.withFrozenTime(async (world) => {
    await new Browser(world).signIn(ada);
    const rowsAfterPurge = async () => (await purge(world.db), await sizes(world));
    const all = {
      sessions: 1,
      verifications: 1,
      letters: 1,
      limits: 0,
      marks: 1,
      users: 1,
      events: 2,
    };
    // The limits' clock is not frozen, so their day is a little longer.
    await world.advance(hours(24) - 1);
    expect(await rowsAfterPurge()).toMatchObject({ ...all, limits: 0 });
    await world.advance(2);
    expect(await rowsAfterPurge()).toEqual({ ...all, sessions: 0 });
    // A used link is kept for a day past its end, for its page (L3).
    await world.advance(hours(1) - 1);
    expect(await rowsAfterPurge()).toMatchObject({ verifications: 1 });
    await world.advance(1);
    expect(await rowsAfterPurge()).toEqual({ ...all, sessions: 0, verifications: 0 });
    await world.advance(days(6) - hours(1) - 1);
    expect(await rowsAfterPurge()).toMatchObject({ letters: 1 });
    await world.advance(2);
    expect(await rowsAfterPurge()).toMatchObject({ letters: 0, marks: 1 });
    await world.advance(days(180));
    expect(await rowsAfterPurge()).toEqual({
      sessions: 0,
      verifications: 0,
      letters: 0,
      limits: 0,
      marks: 0,
      users: 1,
      events: 2,
    });
  });
});

test("looks again at a session that was used, at its new end, and deletes it then", async () => {
  await world.withFrozenTime(async (world) => {
    await new Browser(world).signIn(ada);
    // A session of the release before, which knows no time for a look.
    await new Browser(world).signIn("leo@example.com");
    await world.db.execute(sql`update sessions set expiry_check_at = default where user_id in (
      select id from users where email = 'leo@example.com')`);
    await world.advance(hours(23));
    await world.db.execute(sql`update sessions set last_seen_at = now()`);
    await world.advance(hours(2));
    await purge(world.db);
    const looks = () =>
      rows(
        world.db,
        sql`select expiry_check_at = last_seen_at + interval '1 day' as exact from sessions`,
      );
    expect(await looks()).toEqual([{ exact: true }, { exact: true }]);
    await world.advance(hours(22));
    await purge(world.db);
    expect(await sizes(world)).toMatchObject({ sessions: 2 });
    await world.advance(1);
    await purge(world.db);
    expect(await sizes(world)).toMatchObject({ sessions: 0 });
  });
});

test("deletes sessions in batches, and those still in use do not hide others", async () => {
  await new Browser(world).signIn(ada);
  const add = (n: number, lastSeen: string, prefix: string) =>
    world.writeDirectly((tx) =>
      tx.execute(sql`insert into sessions (token_digest, user_id, method, browser, idle_seconds,
          created_at, authenticated_at, last_seen_at, ends_at, expiry_check_at)
        select ${prefix} || n, u.id, 'magic_link', '', 86400, now() - interval '3 days',
          now() - interval '3 days', now() - ${lastSeen}::interval, now() + interval '1 day',
          now() - interval '1 hour'
        from users u, generate_series(1, ${n}::int) n`),
    );
  await add(bounds.purgeBatch, "1 hour", "used");
  await add(bounds.purgeBatch + 1, "2 days", "ended");
  expect(await purged()).toBe(bounds.purgeBatch + 1);
  expect(await sizes()).toMatchObject({ sessions: bounds.purgeBatch + 1 });
});

test("deletes an OAuth attempt when it expires, and its pending identity when that expires (O4)", async () => {
  await world.withFrozenTime(async (world) => {
    const attemptsAfterPurge = async () => (
      await purge(world.db),
      await count(world, "oauth_attempts")
    );
    await new Browser(world).signInWithProvider("google", claims("g-1", ada));
    await world.advance(300);
    const asked = new Browser(world);
    expect((await asked.signInWithProvider("google", claims("g-2", ada))).ok).toBe(true);
    await world.advance(299);
    expect(await attemptsAfterPurge()).toBe(2);
    await world.advance(2);
    expect(await attemptsAfterPurge()).toBe(1);
    expect(await pendingIdentity(world)).toEqual(["google g-2"]);
    await world.advance(300);
    expect(await attemptsAfterPurge()).toBe(0);
  });
});

test("keeps a used link for a day past its end, for its page (L3)", async () => {
  await new Browser(world).signIn(ada);
  const [letter] = world.lettersTo(ada);
  const cause = async () => {
    const seen = await new Browser(world).run(previewMagicLink, { token: letter!.token });
    return seen.ok ? "ok" : seen.refusal.cause;
  };
  await world.advance(hours(24));
  await purged();
  expect(await cause()).toBe("used");
  await world.advance(hours(1) + 60);
  await purged();
  expect(await cause()).toBe("unknown");
});

test("deletes a sign-up with its hash, a day past its hour (X10)", async () => {
  await world.withFrozenTime(async (world) => {
    await new Browser(world).signUp(ada, validPassword);
    await world.deliver();
    const hashes = async () =>
      row(
        world.db,
        sql`select count(*)::int as attempts, count(password_hash)::int as hashes from verifications
            where purpose = 'sign_up'`,
      );
    await world.advance(hours(25));
    await purge(world.db);
    expect(await hashes()).toEqual({ attempts: 1, hashes: 1 });
    await world.advance(1);
    await purge(world.db);
    expect(await hashes()).toEqual({ attempts: 0, hashes: 0 });
  });
});

test("deletes withheld, used and voided sign-ups alike", async () => {
  await new Browser(world).signUpAndVerify(ada, validPassword);
  for (let n = 0; n < 4; n += 1) await new Browser(world).signUp("leo@example.com", validPassword);
  await world.deliver();
  await world.advance(days(2) + 60);
  await purged();
  expect(await sizes()).toMatchObject({ verifications: 0, users: 1 });
});

test("keeps a link whose email still waits for its first attempt", async () => {
  await new Browser(world).requestLink(ada);
  await world.advance(days(2));
  await purged();
  expect(await sizes()).toMatchObject({ verifications: 1, letters: 1 });
  await world.deliver();
  await purged();
  expect(await sizes()).toMatchObject({ verifications: 0, letters: 1 });
});

test("keeps a limit's count while it counts", async () => {
  for (let i = 0; i < 10; i += 1) await new Browser(world).submitCode("123456", ada);
  await world.advance(hours(1) - 60);
  await purged();
  expect((await new Browser(world).submitCode("123456", ada)).ok).toBe(false);
  expect(await sizes()).not.toMatchObject({ limits: 0 });
  await world.advance(hours(25));
  await purged();
  expect(await sizes()).toMatchObject({ limits: 0 });
});

test("deletes many rows in batches, so no request waits for all of them", async () => {
  const many = 2 * bounds.purgeBatch + 1;
  await world.writeDirectly((tx) =>
    tx.execute(sql`insert into limits (rule, key_hash, hits, granted, expires_at)
      select 'test', n::text, '{}', true, now() - interval '1 second' from generate_series(1, ${many}) n`),
  );
  const statements = await world.statementsOf(async () => expect(await purged()).toBe(many));
  expect(statements.filter((text) => text.includes('delete from "limits"'))).toHaveLength(3);
});

test("two purges at once do not block each other", async () => {
  await world.writeDirectly((tx) =>
    tx.execute(sql`insert into limits (rule, key_hash, hits, granted, expires_at)
      select 'test', n::text, '{}', true, now() - interval '1 second' from generate_series(1, 1200) n`),
  );
  const deleted = await Promise.all([purge(world.db), purge(world.db)]);
  await purge(world.db);
  expect(deleted[0] + deleted[1]).toBeLessThanOrEqual(1200);
  expect(await sizes()).toMatchObject({ limits: 0 });
});

test("asks a few pages of a large table whether most sessions have expired, and all of a small one", async () => {
  await new Browser(world).signIn(ada);
  const all = 4_001;
  await world.writeDirectly((tx) =>
    tx.execute(sql`insert into sessions (token_digest, user_id, method, browser, idle_seconds, ends_at)
      select 'n' || n, u.id, 'magic_link', '', 86400, now() + (n % 2) * interval '2 days' - interval '1 day'
      from users u, generate_series(1, ${all - 1}::int) n`),
  );
  expect(await readPurgeFacts(world.db)).toMatchObject({ sessions: all, expired: (all - 1) / 2 });
  const { sessions, expired } = await readPurgeFacts(world.db, 20);
  expect(sessions).toBeGreaterThan(0);
  expect(sessions).toBeLessThan(all);
  expect(expired / sessions).toBeCloseTo(0.5, 1);
});
