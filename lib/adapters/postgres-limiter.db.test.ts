import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { rows } from "@/db/rows";
import { hours } from "@/lib/core/duration";
import type { Limit } from "@/lib/core/policy";
import { oneByOne } from "@/test/support/limiter";
import type { KeyedLimit } from "@/lib/runtime/ports";
import { setUpWorld } from "@/test/support/setup";

const world = await setUpWorld();
const limiter = oneByOne(world.limiter);
const ten: Limit = { rule: "ten", max: 10, per: hours(1) };

/** How many of this many concurrent hits were allowed. */
const granted = async (takes: number, key = "ada") =>
  (await Promise.all(Array.from({ length: takes }, () => limiter.consume(ten, key)))).filter(
    ({ ok }) => ok,
  ).length;

test("allows exactly the limit of fifty concurrent hits", async () => {
  expect(await granted(50)).toBe(10);
  expect(await granted(50)).toBe(0);
});

test("the window slides: only the hits of an hour ago expire", async () => {
  expect(await granted(3)).toBe(3);
  await world.advance(1800);
  expect(await granted(50)).toBe(7);
  await world.advance(1800);
  expect(await granted(50)).toBe(3);
  await world.advance(1800);
  expect(await granted(50)).toBe(7);
});

test("no hour has more than ten hits, however they are spread", async () => {
  let result = 0;
  const history: number[] = [];
  for (let tenMinutes = 0; tenMinutes < 24; tenMinutes += 1) {
    result = await granted(4);
    history.push(result);
    const lastHour = history.slice(-6).reduce((sum, n) => sum + n, 0);
    expect(lastHour).toBeLessThanOrEqual(10);
    await world.advance(600);
  }
  expect(history.reduce((sum, n) => sum + n, 0)).toBe(40);
});

test("a refused hit is not counted, and states the wait", async () => {
  await granted(10);
  await world.advance(3000);
  const refused = await limiter.consume(ten, "ada");
  expect(refused).toEqual({ ok: false, retryAfter: expect.any(Number) as never });
  const { retryAfter } = refused as { retryAfter: number };
  expect(retryAfter).toBeGreaterThan(0);
  expect(retryAfter).toBeLessThanOrEqual(600);
  await world.advance(retryAfter);
  expect(await granted(50)).toBe(10);
});

test("hits in the future, after the clock was set back, count as now", async () => {
  await granted(10);
  await world.db.execute(
    sql`update limits set hits = array(select h + interval '400 days' from unnest(hits) h)`,
  );
  const refused = (await limiter.consume(ten, "ada")) as { ok: boolean; retryAfter: number };
  expect(refused.ok).toBe(false);
  expect(refused.retryAfter).toBeLessThanOrEqual(ten.per);
  await world.advance(ten.per);
  expect(await granted(50)).toBe(10);
});

test("keys and rules have separate counts", async () => {
  expect(await granted(20, "ada")).toBe(10);
  expect(await granted(20, "leo")).toBe(10);
  expect(await limiter.consume({ ...ten, rule: "other" }, "ada")).toMatchObject({ ok: true });
});

describe("refunding", () => {
  /** Consumes a hit, and returns it. */
  const hit = async (key = "ada") => {
    const result = await limiter.consume(ten, key);
    if (!result.ok) throw new Error("The hit was refused.");
    return result.hit;
  };

  test("frees the refunded hit, once", async () => {
    const first = await hit();
    await granted(9);
    for (let i = 0; i < 3; i += 1) await limiter.refund("ten", "ada", first);
    expect(await granted(50)).toBe(1);
  });

  test("fifty times at once frees as many as there were, never more than the limit", async () => {
    const hits = await Promise.all(Array.from({ length: 10 }, () => hit()));
    expect(new Set(hits).size).toBe(10);
    await Promise.all(
      Array.from({ length: 50 }, (_, i) => limiter.refund("ten", "ada", hits[i % 10]!)),
    );
    expect(await granted(50)).toBe(10);
  });

  test("an expired hit frees no other", async () => {
    const early = await hit();
    await world.advance(3601);
    expect(await granted(10)).toBe(10);
    await limiter.refund("ten", "ada", early);
    expect(await granted(50)).toBe(0);
  });

  test("an unknown hit, or one of another key, does nothing", async () => {
    const adas = await hit();
    await limiter.refund("ten", "nobody", adas);
    await granted(10, "leo");
    await limiter.refund("ten", "leo", adas);
    await limiter.refund("ten", "leo", "nonsense");
    expect(await granted(50, "leo")).toBe(0);
    expect(await granted(50, "nobody")).toBe(10);
  });
});

test("the limits of a run are one statement, and so are its refunds", async () => {
  const uses = ["one", "two", "three"].map((rule): KeyedLimit => {
    return { limit: { ...ten, rule }, keyHash: "ada", effect: "reject" };
  });
  const { whole } = limiter;
  const statements = await world.statementsOf(async () => {
    const results = await whole.consume(uses);
    const hits = results.map((one, at) => {
      return { rule: uses[at]!.limit.rule, keyHash: "ada", hit: one.ok ? one.hit : "" };
    });
    await whole.refund(hits, [{ rule: "four", keyHash: "ada" }]);
  });
  expect(statements).toHaveLength(2);
});

test("clearing resets every count", async () => {
  await granted(10);
  await limiter.clear();
  expect(await granted(50)).toBe(10);
});

test("keys are stored as given, which is hashed; no address and no IP is in the table (R4)", async () => {
  const { Browser } = await import("@/test/support/browser");
  await new Browser(world, { ip: "203.0.113.9" }).requestLink("ada@example.com");
  const all = JSON.stringify(await rows(world.db, sql`select rule, key_hash from limits`));
  expect(all).not.toMatch(/@|example|203\.0/);
  expect(all).toMatch(/emails_per_address/);
});
