import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { rows } from "@/db/rows";
import { setUpWorld } from "@/test/support/setup";
import { countRejection, recordEvent } from "./audit-log";

const world = await setUpWorld();

test("fifty refusals at once are one row that counts fifty (T3)", async () => {
  const refusal = { event: "magic_link.request", outcome: "cross_site", keyHash: "somebody" };
  await Promise.all(Array.from({ length: 50 }, () => countRejection(world.db, refusal)));
  await countRejection(world.db, { ...refusal, keyHash: "somebody else" });
  await countRejection(world.db, { ...refusal, outcome: "too_many_requests" });
  expect(
    await rows(
      world.db,
      sql`select key_hash, outcome, count from audit_counts order by count desc, 1`,
    ),
  ).toEqual([
    { key_hash: "somebody", outcome: "cross_site", count: 50 },
    { key_hash: "somebody", outcome: "too_many_requests", count: 1 },
    { key_hash: "somebody else", outcome: "cross_site", count: 1 },
  ]);
});

test("an event and its details are written together and rolled back together", async () => {
  const facts = {
    event: "test.done",
    outcome: "ok",
    requestId: "request",
    ip: "203.0.113.9",
    browser: "firefox/linux",
  };
  await recordEvent(world.db, facts);
  await world.db
    .transaction(async (tx) => {
      await recordEvent(tx, facts);
      throw new Error("a bug");
    })
    .catch(() => {});
  expect(await world.audit()).toMatchObject([
    { event: "test.done", outcome: "ok", ip: "203.0.113.9", identifier: null },
  ]);
});

test.each([
  "update audit_events set outcome = 'ok'",
  "delete from audit_events",
  "truncate audit_events cascade",
])("the log refuses: %s", async (statement) => {
  await recordEvent(world.db, {
    event: "test.done",
    outcome: "refused",
    requestId: "request",
    ip: null,
    browser: "",
  });
  await expect(world.db.execute(sql.raw(statement))).rejects.toMatchObject({
    cause: { message: expect.stringContaining("append-only") as string },
  });
  expect(await world.audit()).toMatchObject([{ outcome: "refused" }]);
});
