import { type SQL, sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { row, rows } from "@/db/rows";
import { days } from "@/lib/core/duration";
import type { Key } from "@/lib/core/crypto";
import { bounds } from "@/lib/core/policy";
import { setUpWorld } from "@/test/support/setup";
import { recordEvent } from "./audit-log";
import { auditSealer, cutAuditLog, verifyAuditLog } from "./audit-seals";

const world = await setUpWorld();
const key: Key = ["k".repeat(43)];
const nextKey: Key = ["n".repeat(43), ...key];
const otherKey: Key = ["o".repeat(43)];

const facts = { outcome: "ok", requestId: "request", ip: "203.0.113.9", browser: "firefox/linux" };
const record = async (events: number, event = "test.done") => {
  for (let n = 0; n < events; n += 1) await recordEvent(world.db, { ...facts, event });
};

const execute = (statement: SQL) => world.writeDirectly((tx) => tx.execute(statement));
const cut = (by = key) => world.writeDirectly((tx) => cutAuditLog(tx, by, days(400)));

/**
 * Seals what was recorded. The first call of a sealer only looks how far it may go, and then it waits until
 * all transactions of that time have ended, those of other databases of the same Postgres included.
 */
async function sealAll(by: Key = key) {
  const seal = auditSealer(world.db, by);
  const before = await unsealed();
  while ((await unsealed()) > 0) await seal();
  return before;
}

const unsealed = async () =>
  (await row<{ n: number }>(
    world.db,
    sql`select count(*)::int as n from audit_events e
      where id > coalesce((select max(event_id) from audit_seals), 0)`,
  ))!.n;

const idOf = async (place: number) =>
  (await row<{ id: number }>(
    world.db,
    sql`select event_id::float8 as id from audit_seals where place = ${place}`,
  ))!.id;

/** Changes tables as whoever owns them can: without their triggers. */
const tamper = (statement: SQL) =>
  world.writeDirectly(async (tx) => {
    await tx.execute(sql`set local session_replication_role = replica`);
    await tx.execute(statement);
  });

describe("sealed events (T3)", () => {
  test("are verified, and those without a seal yet are counted", async () => {
    await record(3);
    expect(await sealAll()).toBe(3);
    await record(2);
    const verified = await verifyAuditLog(world.db, key);
    expect(verified).toMatchObject({ ok: true, sealed: 3, unsealed: 2 });
    expect(await sealAll()).toBe(2);
    expect(await verifyAuditLog(world.db, key)).toMatchObject({ ok: true, sealed: 5, unsealed: 0 });
  });

  test("are sealed once, however many servers seal", async () => {
    await record(5);
    const sealers = Array.from({ length: 4 }, () => auditSealer(world.db, key));
    while ((await unsealed()) > 0) await Promise.all(sealers.map((seal) => seal()));
    expect(await verifyAuditLog(world.db, key)).toMatchObject({ ok: true, sealed: 5 });
  });

  test("may be more than one batch", async () => {
    await execute(
      sql`insert into audit_events (event, outcome, request_id)
        select 'test.done', 'ok', n::text from generate_series(1, ${bounds.auditBatch + 7}) n`,
    );
    expect(await sealAll()).toBe(bounds.auditBatch + 7);
    expect(await verifyAuditLog(world.db, key)).toMatchObject({ sealed: bounds.auditBatch + 7 });
  });

  test("stay valid after a rotation of the key, and not with another one", async () => {
    await record(2);
    await sealAll();
    await record(2);
    await sealAll(nextKey);
    expect(await verifyAuditLog(world.db, nextKey)).toMatchObject({ ok: true, sealed: 4 });
    expect(await verifyAuditLog(world.db, otherKey)).toEqual({
      ...{ ok: false, problem: "changed" },
      eventId: await idOf(1),
    });
  });

  test.each([
    [
      "another outcome",
      (id: number) => sql`update audit_events set outcome = 'no' where id = ${id}`,
    ],
    [
      "another time",
      (id: number) =>
        sql`update audit_events set at = at + interval '1 microsecond' where id = ${id}`,
    ],
    [
      "somebody else as caller",
      (id: number) => sql`update audit_events set caller_id = gen_random_uuid() where id = ${id}`,
    ],
    [
      "the seal of another event",
      (id: number) =>
        sql`update audit_seals set seal = (select seal from audit_seals where place = 1) where event_id = ${id}`,
    ],
  ])("that have %s are named: the first of them", async (_, change) => {
    await record(5);
    await sealAll();
    const id = await idOf(3);
    await tamper(change(id));
    await tamper(change(await idOf(4)));
    expect(await verifyAuditLog(world.db, key)).toEqual({
      ...{ ok: false, problem: "changed" },
      eventId: id,
    });
  });

  test("that were deleted are named, with their seal or without", async () => {
    await record(5);
    await sealAll();
    const [second, fourth] = [await idOf(2), await idOf(4)];
    await tamper(sql`delete from audit_events where id = ${fourth}`);
    expect(await verifyAuditLog(world.db, key)).toEqual({
      ...{ ok: false, problem: "deleted" },
      eventId: fourth,
    });
    await tamper(sql`delete from audit_events where id = ${second}`);
    await tamper(sql`delete from audit_seals where event_id = ${second}`);
    // The next seal is named: nothing is left that knows the deleted one.
    expect(await verifyAuditLog(world.db, key)).toEqual({
      ...{ ok: false, problem: "deleted" },
      eventId: await idOf(3),
    });
  });

  test("cannot be joined by one that somebody puts between or before them", async () => {
    await record(2);
    await world.db
      .transaction(async (tx) => {
        await recordEvent(tx, { ...facts, event: "test.rolled_back" });
        throw new Error("This leaves a gap in the ids.");
      })
      .catch(() => {});
    await record(1);
    await sealAll();
    const gap = (await idOf(3)) - 1;
    const forge = (id: number) =>
      execute(
        sql`insert into audit_events (id, event, outcome, request_id) overriding system value
          values (${id}, 'test.forged', 'ok', 'forged')`,
      );
    for (const id of [gap, -5]) {
      await forge(id);
      expect(await verifyAuditLog(world.db, key)).toEqual({
        ...{ ok: false, problem: "added" },
        eventId: id,
      });
    }
  });
});

describe("retention (T3)", () => {
  /** Events of two years ago and of now, all sealed. */
  const setUp = async (old: number, recent: number) => {
    await execute(
      sql`insert into audit_events (at, event, outcome, request_id)
        select now() - interval '2 years', 'test.old', 'ok', n::text from generate_series(1, ${old}) n`,
    );
    await execute(
      sql`insert into audit_event_details (event_id, ip) select id, '203.0.113.9' from audit_events`,
    );
    await record(recent);
    await sealAll();
  };
  const left = async () =>
    (await rows<{ event: string }>(world.db, sql`select event from audit_events order by id`)).map(
      ({ event }) => event,
    );

  test("deletes old events with their details, and the rest can still be verified", async () => {
    await setUp(bounds.auditBatch + 5, 2);
    expect(await cut()).toBe(bounds.auditBatch + 5);
    expect(await left()).toEqual(["test.done", "test.done"]);
    expect(await rows(world.db, sql`select 1 from audit_event_details`)).toHaveLength(2);
    expect(await verifyAuditLog(world.db, key)).toMatchObject({ ok: true, sealed: 2 });
    await record(1);
    await sealAll(nextKey);
    expect(await cut(nextKey)).toBe(0);
    expect(await verifyAuditLog(world.db, nextKey)).toMatchObject({ ok: true, sealed: 3 });
  });

  test("deletes nothing that has no seal yet, and not the newest seal", async () => {
    await setUp(3, 0);
    await execute(
      sql`insert into audit_events (at, event, outcome, request_id)
        values (now() - interval '2 years', 'test.unsealed', 'ok', 'late')`,
    );
    expect(await cut()).toBe(2);
    expect(await left()).toEqual(["test.old", "test.unsealed"]);
    expect(await sealAll()).toBe(1);
    expect(await verifyAuditLog(world.db, key)).toMatchObject({ ok: true, sealed: 2 });
  });

  test("deletes the counts of old refusals", async () => {
    await execute(
      sql`insert into audit_counts (event, outcome, key_hash, hour) values
        ('test.done', 'cross_site', 'a', now() - interval '2 years'), ('test.done', 'cross_site', 'b', now())`,
    );
    await cut();
    expect(await rows(world.db, sql`select key_hash from audit_counts`)).toEqual([
      { key_hash: "b" },
    ]);
  });

  test("cannot be imitated: without our key, a cut is a bad checkpoint", async () => {
    await setUp(3, 2);
    await cut(otherKey);
    const bad = { ok: false, problem: "checkpoint", eventId: null };
    expect(await verifyAuditLog(world.db, key)).toEqual(bad);
    await tamper(sql`delete from audit_checkpoints`);
    expect(await verifyAuditLog(world.db, key)).toEqual(bad);
  });
});

test.each([
  sql`update audit_seals set seal = ''`,
  sql`delete from audit_seals`,
  sql`truncate audit_seals`,
  sql`update audit_event_details set ip = '198.51.100.7'`,
  sql`update audit_event_details set identifier = 'leo@example.com'`,
  sql`delete from audit_event_details`,
  sql`truncate audit_event_details`,
])("what belongs to the log is append-only, too: case %#", async (statement) => {
  await record(2);
  await sealAll();
  await expect(world.db.execute(statement)).rejects.toMatchObject({
    cause: { message: expect.stringMatching(/append-only|only be emptied/) as string },
  });
});

test("the details of an event can be erased", async () => {
  await record(1);
  await execute(sql`update audit_event_details set ip = null, browser = null`);
  expect(await world.audit()).toMatchObject([{ event: "test.done", ip: null }]);
});
