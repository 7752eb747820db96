import { sql } from "drizzle-orm";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { rows } from "@/db/rows";
import { hours, seconds } from "@/lib/core/duration";
import { type Limit, limits } from "@/lib/core/policy";
import { Browser } from "@/test/support/browser";
import { startRedis } from "@/test/support/redis-server";
import { setUpWorld } from "@/test/support/setup";
import { startFakeUpstash } from "@/test/support/fake-upstash";
import type { Limiter } from "@/lib/runtime/ports";
import { purge } from "@/lib/store/purge";
import { systemClock } from "./clock";
import { postgresLimiter } from "./postgres-limiter";
import { createRedisClient, redisLimiter } from "./redis-limiter";

/** One set of rules for every place where limits are counted: nobody should notice which one it is (R4). */

// Whether Redis answers in time is the fallback's business; here a busy machine may take its own.
vi.mock(import("@/lib/core/policy"), async (original) => {
  const policy = await original();
  return { ...policy, intervals: { ...policy.intervals, redisTimeoutMs: 10_000 } } as never;
});

const world = await setUpWorld();
const redis = await startRedis();
const upstash = await startFakeUpstash(redis);
const overRest = () => createRedisClient({ by: "upstash", url: upstash.url, token: upstash.token });

/** A new connection over TCP, once it stands. */
async function overTcp() {
  const scripts = createRedisClient({ by: "tcp", url: redis.url });
  const isOpen = () => scripts.eval("return 1", [], []).catch(() => 0);
  await vi.waitUntil(async () => (await isOpen()) === 1, { timeout: 120_000 });
  return scripts;
}

interface Place {
  /** Two limiters that share nothing but the place, as two processes would. */
  readonly limiters: [Limiter, Limiter];
  readonly advance: (seconds: number) => Promise<unknown>;
  /** Everything that is kept there, as text. */
  readonly saved: () => Promise<string>;
  /** Rids the place of what is over, where it does not by itself. */
  readonly tidy: () => Promise<unknown>;
}

const inRedis = {
  advance: (seconds: number) => redis.advance(seconds),
  async saved() {
    const keys = await redis.keys();
    const values = await Promise.all(keys.map((key) => redis.say("zrange", key, "0", "-1")));
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

const ten: Limit = { rule: "ten", max: 10, per: hours(1) };

describe.each(Object.keys(places) as (keyof typeof places)[])("limits in %s", (name) => {
  const { limiters, advance, saved, tidy } = places[name];
  const [limiter, another] = limiters;

  /** How many of so many takes at once were granted, asked of both processes in turn. */
  const granted = async (takes: number, key = "ada", limit = ten) => {
    const asked = Array.from({ length: takes }, (_, i) => limiters[i % 2]!.consume(limit, key));
    return (await Promise.all(asked)).filter(({ ok }) => ok).length;
  };

  test("fifty at once, by two processes: exactly as many as there is room for", async () => {
    expect(await granted(50)).toBe(10);
    expect(await granted(50)).toBe(0);
  });

  /** Takes so many one after the other, and says which hits they were. */
  const hits = async (count: number, key = "ada") => {
    const names: string[] = [];
    while (names.length < count) {
      const result = await limiter.consume(ten, key);
      if (!result.ok) throw new Error("There was no room.");
      names.push(result.hit);
    }
    return names;
  };

  test("what one process took, the other counts, and can give back", async () => {
    const [first = ""] = await hits(10);
    expect((await another.consume(ten, "ada")).ok).toBe(false);
    await another.refund("ten", "ada", first);
    expect((await limiter.consume(ten, "ada")).ok).toBe(true);
    expect((await limiter.consume(ten, "ada")).ok).toBe(false);
  });

  test("the window slides: no hour holds more than ten, and none less than it could", async () => {
    // Ten minutes a step; as many asked as it says. What an hour and more ago was granted is over.
    const asked = [4, 4, 4, 0, 0, 0, 6, 20, 0, 3, 0, 0, 1, 20, 0, 0, 0, 0, 0, 30, 5, 5, 5, 5, 5, 9];
    const history: number[] = [];
    for (const takes of asked) {
      const room = 10 - history.slice(-5).reduce((sum, n) => sum + n, 0);
      const got = await granted(takes);
      expect(got).toBe(Math.min(takes, room));
      history.push(got);
      await advance(600);
    }
  });

  test("an edge is no door: ten just before it leave room for none just after", async () => {
    await granted(1, "edge");
    await advance(3590);
    expect(await granted(50, "edge")).toBe(9);
    await advance(10);
    expect(await granted(50, "edge")).toBe(1);
    await advance(3580);
    expect(await granted(50, "edge")).toBe(0);
  });

  test("who is refused is told when there is room: not too early, and not a second too late", async () => {
    const since = performance.now();
    await granted(1);
    await advance(600);
    await granted(9);
    const response = await another.consume(ten, "ada");
    const { retryAfter } = response as { retryAfter: number };
    // Ten minutes of the hour are over, and what really passed since.
    const passed = (performance.now() - since) / 1000;
    expect(retryAfter).toBeLessThanOrEqual(3000);
    expect(retryAfter).toBeGreaterThanOrEqual(Math.ceil(3000 - passed));
    await advance(retryAfter);
    expect(await granted(20)).toBe(1);
  });

  test("whole seconds only, and at least one", async () => {
    await granted(10);
    await advance(3599.5);
    const response = await limiter.consume(ten, "ada");
    // Half a second is left, or the machine was slow and there is room by now.
    if (!response.ok) expect(response.retryAfter).toBe(1);
  });

  test("in real time: refused until the moment it said, and let in then", async () => {
    const one: Limit = { rule: "one", max: 1, per: seconds(2) };
    await limiter.consume(one, "ada");
    const { retryAfter } = (await limiter.consume(one, "ada")) as { retryAfter: number };
    expect([1, 2]).toContain(retryAfter);
    await new Promise((resolve) => setTimeout(resolve, retryAfter * 1000));
    expect(await another.consume(one, "ada")).toMatchObject({ ok: true });
  });

  test("asking while refused makes the wait no longer", async () => {
    await granted(10);
    await advance(1800);
    expect(await granted(30)).toBe(0);
    await advance(1800);
    expect(await granted(30)).toBe(10);
  });

  test("giving back makes room for the one that is given back, once", async () => {
    const [first = "", second = ""] = await hits(10);
    for (let i = 0; i < 3; i += 1) await limiter.refund("ten", "ada", first);
    expect(await granted(50)).toBe(1);
    await limiter.refund("ten", "ada", second);
    expect(await granted(50)).toBe(1);
  });

  test("ten given back fifty times at once make room for ten", async () => {
    const names = await hits(10);
    expect(new Set(names).size).toBe(10);
    await Promise.all(
      Array.from({ length: 50 }, (_, i) => limiters[i % 2]!.refund("ten", "ada", names[i % 10]!)),
    );
    expect(await granted(50)).toBe(10);
  });

  test("taking and giving back at once: never more than ten out, and none lost", async () => {
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
    // Ten were given back in all: what nobody took meanwhile is there now.
    expect(more + (await granted(50))).toBe(10);
  });

  test("however fast they come, every hit has a name of its own", async () => {
    const many: Limit = { rule: "many", max: 300, per: hours(1) };
    const result = await Promise.all(
      Array.from({ length: 300 }, () => limiter.consume(many, "ada")),
    );
    const names = new Set(result.map((one) => (one.ok ? one.hit : "")));
    expect(names.size).toBe(300);
    await limiter.refund("many", "ada", [...names][150]!);
    expect(await granted(20, "ada", many)).toBe(1);
  });

  test("what ran out by itself makes no room in place of another", async () => {
    const [early = ""] = await hits(1);
    await advance(3601);
    expect(await granted(10)).toBe(10);
    await limiter.refund("ten", "ada", early);
    expect(await granted(50)).toBe(0);
  });

  test("what was never taken, or by another, makes no room", async () => {
    const [adas = ""] = await hits(1);
    await granted(10, "leo");
    for (const name of [adas, "nonsense", "", "*"]) await limiter.refund("ten", "leo", name);
    expect(await granted(50, "leo")).toBe(0);
    await limiter.refund("ten", "nobody", adas);
    expect(await granted(50, "nobody")).toBe(10);
  });

  test("rules and keys do not share", async () => {
    expect(await granted(20, "ada")).toBe(10);
    expect(await granted(20, "leo")).toBe(10);
    expect(await granted(20, "ada", { ...ten, rule: "other" })).toBe(10);
  });

  test("a key that looks like another's, or like a pattern, is a key of its own", async () => {
    await granted(10, "*");
    expect(await granted(20, "ada")).toBe(10);
    expect(await granted(20, "ten:ada")).toBe(10);
  });

  test("what is over leaves nothing behind", async () => {
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

  test("clearing forgets every count", async () => {
    await granted(10);
    await limiter.clear();
    expect(await granted(50)).toBe(10);
  });

  test("keys are a rule and a keyed hash; no address and no IP is kept (R4)", async () => {
    const here = world.with({ limiter });
    await new Browser(here, { ip: "203.0.113.9" }).requestLink("ada@example.com");
    const all = await saved();
    expect(all.split("\n")).toHaveLength(3);
    for (const rule of ["emails_per_address", "email_requests_per_ip", "resends"])
      expect(all).toContain(rule);
    expect(all).not.toMatch(/@|ada|example|203\.0/);
  });

  test("a person's fourth letter in an hour is withheld, the sixth request refused (R1, R2)", async () => {
    const here = world.with({ limiter });
    const ip = "198.51.100.4";
    const responses = [];
    for (let i = 0; i < 6; i += 1)
      responses.push((await new Browser(here, { ip }).requestLink("ada@example.com")).ok);
    expect(responses).toEqual([true, true, true, true, true, false]);
    expect(await here.deliver()).toHaveLength(3);
  });
});

describe("in Redis", () => {
  const [limiter] = places.redis.limiters;

  test("keys are latchkey:{rule}:{hmac}", async () => {
    await new Browser(world.with({ limiter })).requestLink("ada@example.com");
    const keys = await redis.keys();
    expect(keys).toHaveLength(3);
    for (const key of keys) expect(key).toMatch(/^latchkey:[a-z_]+:[\w-]{43}$/);
  });

  test("every key ends with its window, also one that is only refused", async () => {
    for (let i = 0; i < 12; i += 1) await limiter.consume(ten, "ada");
    const [key = ""] = await redis.keys();
    const left = Number(await redis.say("ttl", key));
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(ten.per);
  });

  test("clearing leaves what is not ours", async () => {
    await redis.say("set", "others:key", "theirs");
    await limiter.consume(ten, "ada");
    await limiter.clear();
    expect(await redis.keys()).toEqual(["others:key"]);
  });

  test("over REST and over TCP it is one budget", async () => {
    const [overRest] = places.upstash.limiters;
    for (let i = 0; i < 10; i += 1) await (i % 2 ? limiter : overRest).consume(ten, "ada");
    expect((await limiter.consume(ten, "ada")).ok).toBe(false);
    expect((await overRest.consume(ten, "ada")).ok).toBe(false);
  });
});
