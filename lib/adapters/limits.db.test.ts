import { sql } from "drizzle-orm";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { rows } from "@/db/rows";
import { hours, seconds } from "@/lib/core/duration";
import { type Limit, limits } from "@/lib/core/policy";
import { Browser } from "@/test/support/browser";
import { oneByOne } from "@/test/support/limiter";
import { startRedis } from "@/test/support/redis-server";
import { setUpWorld } from "@/test/support/setup";
import { startFakeUpstash } from "@/test/support/fake-upstash";
import type { KeyedLimit, Limiter } from "@/lib/runtime/ports";
import { purge } from "@/lib/store/purge";
import { systemClock } from "./clock";
import { postgresLimiter } from "./postgres-limiter";
import { createRedisClient, redisLimiter } from "./redis-limiter";

/**
 * One set of rules for every limiter backend: no person should see a difference between them (R4).
 */

// The fallback decides whether Redis is fast enough; here a slow machine may take its time.
vi.mock(import("@/lib/core/policy"), async (original) => {
  const policy = await original();
  return { ...policy, intervals: { ...policy.intervals, redisTimeoutMs: 10_000 } } as never;
});

const world = await setUpWorld();
const redis = await startRedis();
const upstash = await startFakeUpstash(redis);
const overRest = () => createRedisClient({ by: "upstash", url: upstash.url, token: upstash.token });

/** A new connection over TCP, once it is open. */
async function overTcp() {
  const scripts = createRedisClient({ by: "tcp", url: redis.url });
  const isOpen = () => scripts.eval("return 1", [], []).catch(() => 0);
  await vi.waitUntil(async () => (await isOpen()) === 1, { timeout: 120_000 });
  return scripts;
}

interface Place {
  /** Two limiters that share only the backend, as two processes would. */
  readonly limiters: [Limiter, Limiter];
  readonly advance: (seconds: number) => Promise<unknown>;
  /** Everything that the backend stores, as text. */
  readonly saved: () => Promise<string>;
  /** Deletes expired hits where the backend does not do so itself. */
  readonly tidy: () => Promise<unknown>;
}

const inRedis = {
  advance: (seconds: number) => redis.advance(seconds),
  async saved() {
    const keys = await redis.keys();
    const values = await Promise.all(keys.map((key) => redis.command("zrange", key, "0", "-1")));
    return keys.map((key, i) => `${key} ${JSON.stringify(values[i])}`).join("\n");
  },
  tidy: () => Promise.resolve(),
};
const places: Record<"postgres" | "redis" | "upstash", Place> = {
  postgres: {
    limiters: [postgresLimiter(world.db), postgresLimiter(world.db)],
    advance: (seconds) => world.advance(seconds),
    saved: async () =>
      (await rows(world.db, sql`select * from limits`))
        .map((row) => JSON.stringify(row))
        .join("\n"),
    tidy: () => purge(world.db),
  },
  redis: {
    ...inRedis,
    limiters: [
      redisLimiter(await overTcp(), systemClock),
      redisLimiter(await overTcp(), systemClock),
    ],
  },
  upstash: {
    ...inRedis,
    limiters: [redisLimiter(overRest(), systemClock), redisLimiter(overRest(), systemClock)],
  },
};

beforeEach(() => redis.flush());
afterAll(async () => {
  await upstash.stop();
  await redis.stop();
});

type One = ReturnType<typeof oneByOne>;
const ten: Limit = { rule: "ten", max: 10, per: hours(1) };

describe.each(Object.keys(places) as (keyof typeof places)[])("limits in %s", (name) => {
  const { advance, saved, tidy } = places[name];
  const [backend] = places[name].limiters;
  const limiters = places[name].limiters.map(oneByOne);
  const [limiter, another] = limiters as [One, One];

  /** How many of this many concurrent hits were allowed, sent through both processes in turn. */
  const granted = async (takes: number, key = "ada", limit = ten) => {
    const consumed = Array.from({ length: takes }, (_, i) => limiters[i % 2]!.consume(limit, key));
    return (await Promise.all(consumed)).filter(({ ok }) => ok).length;
  };

  test("two processes allow exactly the limit of fifty concurrent hits", async () => {
    expect(await granted(50)).toBe(10);
    expect(await granted(50)).toBe(0);
  });

  /** Consumes this many hits one after the other, and returns them. */
  const hits = async (count: number, key = "ada") => {
    const names: string[] = [];
    while (names.length < count) {
      const result = await limiter.consume(ten, key);
      if (!result.ok) throw new Error("The hit was refused.");
      names.push(result.hit);
    }
    return names;
  };

  test("one process counts the other's hits, and can refund them", async () => {
    const [first = ""] = await hits(10);
    expect((await another.consume(ten, "ada")).ok).toBe(false);
    await another.refund("ten", "ada", first);
    expect((await limiter.consume(ten, "ada")).ok).toBe(true);
    expect((await limiter.consume(ten, "ada")).ok).toBe(false);
  });

  test("the window slides: every hour allows ten hits, no more and no less", async () => {
    // Ten minutes a step, with this many requests in each. Hits older than an hour have expired.
    const hitsPerStep = [
      4, 4, 4, 0, 0, 0, 6, 20, 0, 3, 0, 0, 1, 20, 0, 0, 0, 0, 0, 30, 5, 5, 5, 5, 5, 9,
    ];
    const history: number[] = [];
    for (const takes of hitsPerStep) {
      const capacity = 10 - history.slice(-5).reduce((sum, n) => sum + n, 0);
      const got = await granted(takes);
      expect(got).toBe(Math.min(takes, capacity));
      history.push(got);
      await advance(600);
    }
  });

  test("ten hits just before a window's edge leave none just after it", async () => {
    await granted(1, "edge");
    await advance(3590);
    expect(await granted(50, "edge")).toBe(9);
    await advance(10);
    expect(await granted(50, "edge")).toBe(1);
    await advance(3580);
    expect(await granted(50, "edge")).toBe(0);
  });

  test("the stated wait is exact: not too short, and not a second too long", async () => {
    const since = performance.now();
    await granted(1);
    await advance(600);
    await granted(9);
    const response = await another.consume(ten, "ada");
    const { retryAfter } = response as { retryAfter: number };
    // Ten minutes of the hour have passed, plus the real time since.
    const passed = (performance.now() - since) / 1000;
    expect(retryAfter).toBeLessThanOrEqual(3000);
    expect(retryAfter).toBeGreaterThanOrEqual(Math.ceil(3000 - passed));
    await advance(retryAfter);
    expect(await granted(20)).toBe(1);
  });

  test("waits are whole seconds, and at least one", async () => {
    await granted(10);
    await advance(3599.5);
    const response = await limiter.consume(ten, "ada");
    // Half a second remains, or the machine was slow and a hit is free by now.
    if (!response.ok) expect(response.retryAfter).toBe(1);
  });

  test("in real time: a hit is refused until the stated moment, and allowed then", async () => {
    const one: Limit = { rule: "one", max: 1, per: seconds(2) };
    await limiter.consume(one, "ada");
    const { retryAfter } = (await limiter.consume(one, "ada")) as { retryAfter: number };
    expect([1, 2]).toContain(retryAfter);
    await new Promise((resolve) => setTimeout(resolve, retryAfter * 1000));
    expect(await another.consume(one, "ada")).toMatchObject({ ok: true });
  });

  test("requests that are refused do not make the wait longer", async () => {
    await granted(10);
    await advance(1800);
    expect(await granted(30)).toBe(0);
    await advance(1800);
    expect(await granted(30)).toBe(10);
  });

  test("a refund frees its hit, once", async () => {
    const [first = "", second = ""] = await hits(10);
    for (let i = 0; i < 3; i += 1) await limiter.refund("ten", "ada", first);
    expect(await granted(50)).toBe(1);
    await limiter.refund("ten", "ada", second);
    expect(await granted(50)).toBe(1);
  });

  test("fifty concurrent refunds of ten hits free ten", async () => {
    const names = await hits(10);
    expect(new Set(names).size).toBe(10);
    await Promise.all(
      Array.from({ length: 50 }, (_, i) => limiters[i % 2]!.refund("ten", "ada", names[i % 10]!)),
    );
    expect(await granted(50)).toBe(10);
  });

  test("concurrent hits and refunds never allow more than ten, and lose none", async () => {
    const names = await hits(10);
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        i % 4 === 0
          ? limiter.refund("ten", "ada", names[i / 4]!).then(() => false)
          : another.consume(ten, "ada").then(({ ok }) => ok),
      ),
    );
    const more = results.filter(Boolean).length;
    expect(more).toBeLessThanOrEqual(10);
    // Ten were refunded in all; those not consumed meanwhile are free now.
    expect(more + (await granted(50))).toBe(10);
  });

  test("every hit has its own id, however fast they come", async () => {
    const many: Limit = { rule: "many", max: 300, per: hours(1) };
    const result = await Promise.all(
      Array.from({ length: 300 }, () => limiter.consume(many, "ada")),
    );
    const names = new Set(result.map((one) => (one.ok ? one.hit : "")));
    expect(names.size).toBe(300);
    await limiter.refund("many", "ada", [...names][150]!);
    expect(await granted(20, "ada", many)).toBe(1);
  });

  test("refunding an expired hit frees no other", async () => {
    const [early = ""] = await hits(1);
    await advance(3601);
    expect(await granted(10)).toBe(10);
    await limiter.refund("ten", "ada", early);
    expect(await granted(50)).toBe(0);
  });

  test("refunding an unknown hit, or one of another key, frees nothing", async () => {
    const [adas = ""] = await hits(1);
    await granted(10, "leo");
    for (const name of [adas, "nonsense", "", "*"]) await limiter.refund("ten", "leo", name);
    expect(await granted(50, "leo")).toBe(0);
    await limiter.refund("ten", "nobody", adas);
    expect(await granted(50, "nobody")).toBe(10);
  });

  test("rules and keys have separate counts", async () => {
    expect(await granted(20, "ada")).toBe(10);
    expect(await granted(20, "leo")).toBe(10);
    expect(await granted(20, "ada", { ...ten, rule: "other" })).toBe(10);
  });

  test("a key that looks like another key or like a pattern is a key of its own", async () => {
    await granted(10, "*");
    expect(await granted(20, "ada")).toBe(10);
    expect(await granted(20, "ten:ada")).toBe(10);
  });

  describe("several limits of one run", () => {
    const use = (
      rule: string,
      max: number,
      effect: KeyedLimit["effect"] = "reject",
    ): KeyedLimit => ({
      limit: { ...ten, rule, max },
      keyHash: "ada",
      effect,
    });
    const counted = async (...uses: KeyedLimit[]) =>
      (await backend.consume(uses)).map(({ ok }) => ok);

    test("are counted in order; what follows a rejection is neither counted nor told", async () => {
      const run = [use("first", 3), use("second", 2), use("third", 9)];
      expect(await counted(...run)).toEqual([true, true, true]);
      expect(await counted(...run)).toEqual([true, true, true]);
      expect(await counted(...run)).toEqual([true, false]);
      for (let i = 0; i < 5; i += 1) expect(await counted(...run)).toEqual([false]);
      // Two of nine were counted.
      expect(await granted(20, "ada", { ...ten, rule: "third", max: 9 })).toBe(7);
    });

    test("are all counted where the exceeded one only suppresses", async () => {
      const run = [use("suppressing", 1, "suppress"), use("following", 2)];
      expect(await counted(...run)).toEqual([true, true]);
      expect(await counted(...run)).toEqual([false, true]);
      expect(await counted(...run)).toEqual([false, false]);
    });

    test("allow exactly their numbers to fifty concurrent runs, while others refund and forget", async () => {
      // Rules of the policy, whose order is that of the locks.
      const run = [use("confirmations_per_ip", 40), use("codes_per_hour", 10)];
      const other = [use("confirmations_per_ip", 40), use("passwords_per_ip", 50)];
      await counted(use("oauth_attempts_per_ip", 1));
      const results = await Promise.all(
        Array.from({ length: 50 }, async (_, i) => {
          const uses = i % 2 ? run : other;
          const found = await limiters[i % 2]!.whole.consume(uses);
          const hits = found.flatMap((one, at) =>
            one.ok ? [{ rule: uses[at]!.limit.rule, keyHash: "ada", hit: one.hit }] : [],
          );
          // In the other order than they were counted.
          if (i % 2 === 0)
            await backend.refund(hits.reverse(), [
              { rule: "oauth_attempts_per_ip", keyHash: "ada" },
            ]);
          return i % 2 === 1 && found.length === 2 && found[1]!.ok;
        }),
      );
      expect(results.filter(Boolean)).toHaveLength(10);
      expect(await counted(use("oauth_attempts_per_ip", 1))).toEqual([true]);
      expect(await granted(50, "ada", { ...ten, rule: "passwords_per_ip", max: 50 })).toBe(50);
    });

    test("are refunded and forgotten together", async () => {
      const [first = ""] = await hits(10);
      await granted(10, "leo");
      await granted(10, "mia");
      const inTen = { rule: "ten", keyHash: "ada" };
      await backend.refund([{ ...inTen, hit: first }], [{ ...inTen, keyHash: "leo" }]);
      expect(await granted(50)).toBe(1);
      expect(await granted(50, "leo")).toBe(10);
      expect(await granted(50, "mia")).toBe(0);
    });
  });

  test("expired hits leave nothing behind", async () => {
    await granted(10);
    await granted(1, "leo", limits.resends);
    expect(await saved()).not.toBe("");
    await advance(limits.resends.per);
    await tidy();
    expect(await saved()).toMatch(/ten/);
    expect(await saved()).not.toMatch(/resends/);
    await advance(ten.per);
    await tidy();
    expect(await saved()).toBe("");
  });

  test("clearing resets every count", async () => {
    await granted(10);
    await limiter.clear();
    expect(await granted(50)).toBe(10);
  });

  test("keys are a rule and a keyed hash; no address and no IP is stored (R4)", async () => {
    const here = world.with({ limiter: backend });
    await new Browser(here, { ip: "203.0.113.9" }).requestLink("ada@example.com");
    const all = await saved();
    expect(all.split("\n")).toHaveLength(3);
    for (const rule of ["emails_per_address", "email_requests_per_ip", "resends"])
      expect(all).toContain(rule);
    expect(all).not.toMatch(/@|ada|example|203\.0/);
  });

  test("a person's fourth email in an hour is withheld, the sixth request is refused (R1, R2)", async () => {
    const here = world.with({ limiter: backend });
    const ip = "198.51.100.4";
    const responses = [];
    for (let i = 0; i < 6; i += 1)
      responses.push((await new Browser(here, { ip }).requestLink("ada@example.com")).ok);
    expect(responses).toEqual([true, true, true, true, true, false]);
    expect(await here.deliver()).toHaveLength(3);
  });
});

describe("in Redis", () => {
  const [backend] = places.redis.limiters;
  const limiter = oneByOne(backend);

  test("keys are latchkey:{rule}:{hmac}", async () => {
    await new Browser(world.with({ limiter: backend })).requestLink("ada@example.com");
    const keys = await redis.keys();
    expect(keys).toHaveLength(3);
    for (const key of keys) expect(key).toMatch(/^latchkey:[a-z_]+:[\w-]{43}$/);
  });

  test("every key expires with its window, also one whose hit was refused", async () => {
    for (let i = 0; i < 12; i += 1) await limiter.consume(ten, "ada");
    const [key = ""] = await redis.keys();
    const secondsLeft = Number(await redis.command("ttl", key));
    expect(secondsLeft).toBeGreaterThan(0);
    expect(secondsLeft).toBeLessThanOrEqual(ten.per);
  });

  test("clearing deletes no key of another app", async () => {
    await redis.command("set", "others:key", "theirs");
    await limiter.consume(ten, "ada");
    await limiter.clear();
    expect(await redis.keys()).toEqual(["others:key"]);
  });

  test("REST and TCP share one budget", async () => {
    const overRest = oneByOne(places.upstash.limiters[0]);
    for (let i = 0; i < 10; i += 1) await (i % 2 ? limiter : overRest).consume(ten, "ada");
    expect((await limiter.consume(ten, "ada")).ok).toBe(false);
    expect((await overRest.consume(ten, "ada")).ok).toBe(false);
  });
});
