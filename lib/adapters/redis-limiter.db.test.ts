import { sql } from "drizzle-orm";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { GET as readyz } from "@/app/readyz/route";
import type { Db } from "@/db/client";
import { row } from "@/db/rows";
import { hours } from "@/lib/core/duration";
import type { Clock } from "@/lib/runtime/ports";
import { bounds, intervals, type Limit, limits } from "@/lib/core/policy";
import { Browser } from "@/test/support/browser";
import { FaultProxy } from "@/test/support/fault-proxy";
import { passingChecks } from "@/test/support/health";
import { captureLogLines } from "@/test/support/log-lines";
import { oneByOne } from "@/test/support/limiter";
import { startRedis } from "@/test/support/redis-server";
import { refused, setUpWorld } from "@/test/support/setup";
import { startFakeUpstash } from "@/test/support/fake-upstash";
import { testEnv } from "@/test/support/world";
import { createRedisClient, redisLimiter, withFallback } from "./redis-limiter";
import { tryRedis } from "./redis-probe";
import { createWorld } from "@/lib/server/create-world";
import { getWorld } from "@/lib/runtime/world";

/**
 * What a lost, slow or broken Redis must never do: allow more than the limit, delay a request, or
 * be visible to a person (R4).
 */

// A slow machine may be late although Redis works; only tests of lateness use the real timeout.
const runTimeout = vi.hoisted(() => ({ ms: 10_000 }));
vi.mock(import("@/lib/core/policy"), async (original) => {
  const policy = await original();
  const intervals = Object.defineProperty({ ...policy.intervals }, "redisTimeoutMs", {
    get: () => runTimeout.ms,
  });
  return { ...policy, intervals } as never;
});
// Opens a system on these tests' database instead of a new one.
const lent = vi.hoisted(() => ({ db: undefined as Db | undefined }));
vi.mock(import("@/db/client"), async (original) => {
  const client = await original();
  const openDatabase: typeof client.openDatabase = async (where) => {
    const { db } = lent;
    if (!db) return client.openDatabase(where);
    return { db, kind: "postgres", poolUse: () => null, close: () => Promise.resolve() };
  };
  return { ...client, openDatabase };
});

/** The limit in policy.ts. */
const trueBudget = 150;
/** Far above the timeout, and far below a client's default timeout, for slow machines. */
const atMost = 2_500;

const world = await setUpWorld();
const redis = await startRedis();
const upstash = await startFakeUpstash(redis);

type Scripts = ReturnType<typeof createRedisClient>;

async function overTcp(): Promise<Scripts> {
  const scripts = createRedisClient({ by: "tcp", url: redis.url });
  await untilResponding(scripts);
  return scripts;
}
const untilResponding = (scripts: Scripts) =>
  vi.waitUntil(async () => (await scripts.eval("return 1", [], []).catch(() => 0)) === 1, {
    timeout: 120_000,
  });
const overRest = () => createRedisClient({ by: "upstash", url: upstash.url, token: upstash.token });

const tcp = await overTcp();
const rest = overRest();

beforeEach(() => {
  runTimeout.ms = 10_000;
});
afterEach(async () => {
  upstash.resetProviders();
  await redis.flush();
});
afterAll(async () => {
  await upstash.stop();
  await redis.stop();
});

const ten: Limit = { rule: "ten", max: 10, per: hours(1) };

/** A limiter with a fallback, its clock, and the number of calls to Redis. */
function limiterOver(scripts: Scripts) {
  let time = Date.UTC(2030, 1);
  const clock: Clock = { now: () => new Date(time) };
  let asked = 0;
  const countingHasher: Scripts = {
    eval: (...call) => {
      asked += 1;
      return scripts.eval(...call);
    },
  };
  const { limiter: whole, isRedisUnavailable } = withFallback(
    redisLimiter(countingHasher, clock),
    world.limiter,
    clock,
    world.log,
  );
  const limiter = oneByOne(whole);
  const many = async (takes: number, limit = ten) =>
    (await Promise.all(Array.from({ length: takes }, () => limiter.consume(limit, "ada")))).filter(
      ({ ok }) => ok,
    ).length;
  return {
    whole,
    limiter,
    isRedisUnavailable,
    asked: () => asked,
    pass: (seconds: number) => void (time += seconds * 1000),
    /** How many of this many concurrent hits were allowed. */
    many,
  };
}

/** How many hits Postgres counted for a rule. */
const inPostgres = async (rule = "ten") =>
  (await row<{ hits: number }>(
    world.db,
    sql`select coalesce(sum(cardinality(hits)), 0)::int as hits from limits where rule = ${rule}`,
  ))!.hits;
const inRedis = async (rule = "ten") =>
  Number(await redis.command("zcard", `latchkey:${rule}:ada`).catch(() => NaN));
const warnings = () => world.logged.map(({ event }) => event);

interface Fault {
  readonly scripts: Scripts;
  readonly breaks: () => unknown;
  readonly restores: () => unknown;
}
const reply = (status: number, body: string) => () => upstash.failWith({ status, body });
const rested = (breaks: () => unknown): Fault => ({
  scripts: rest,
  breaks,
  restores: () => upstash.resetProviders(),
});
const html = "<!doctype html><title>Bad gateway</title>";

const faults: Record<string, Fault> = {
  "Redis killed": { scripts: tcp, breaks: () => redis.kill(), restores: () => redis.start() },
  "Redis paused": { scripts: tcp, breaks: redis.pause, restores: redis.resume },
  "Redis a replica, READONLY": {
    scripts: tcp,
    breaks: () => redis.command("replicaof", "127.0.0.1", "1"),
    restores: () => redis.command("replicaof", "no", "one"),
  },
  "Redis that allows no scripts, NOPERM": {
    scripts: tcp,
    breaks: () => redis.command("acl", "setuser", "default", "-eval"),
    restores: () => redis.command("acl", "setuser", "default", "+eval"),
  },
  "Redis behind Upstash killed": {
    scripts: rest,
    breaks: () => redis.kill(),
    restores: () => redis.start(),
  },
  "Upstash 401": rested(reply(401, '{"error":"WRONGPASS invalid or missing auth token"}')),
  "Upstash 429": rested(reply(429, '{"error":"ERR max daily request limit exceeded"}')),
  "Upstash 500": rested(reply(500, '{"error":"internal"}')),
  "Upstash 502 in HTML": rested(reply(502, html)),
  "Upstash 200 in HTML": rested(reply(200, html)),
  "Upstash 200 with an error in it": rested(reply(200, '[{"error":"ERR upstream"}]')),
  "Upstash 200 with somebody else's JSON": rested(reply(200, '{"status":"ok"}')),
  "Upstash 204, empty": rested(reply(204, "")),
  "Upstash hanging": rested(() => upstash.failWith("never_answers")),
  "Upstash hanging up after the command": rested(() => upstash.failWith("lost")),
};

describe.each(Object.entries(faults))("%s", (_, { scripts, breaks, restores }) => {
  // Restarts a killed Redis for the next test, whatever the outcome of this one.
  let broken = false;
  const breakIt = async () => {
    broken = true;
    runTimeout.ms = trueBudget;
    await breaks();
  };
  const mend = async () => {
    broken = false;
    runTimeout.ms = 10_000;
    await restores();
    await untilResponding(scripts);
  };
  afterEach(async () => {
    if (broken) await mend();
  });

  test("nothing is visible: Postgres allows what the limit allows, in time, and no more", async () => {
    const { limiter, many, isRedisUnavailable } = limiterOver(scripts);
    expect(await limiter.consume(ten, "ada")).toMatchObject({ ok: true });
    expect([await inRedis(), await inPostgres()]).toEqual([1, 0]);

    await breakIt();
    const since = performance.now();
    expect(await limiter.consume(ten, "ada")).toMatchObject({ ok: true });
    expect(performance.now() - since).toBeLessThan(atMost);
    expect(await isRedisUnavailable()).toBe(true);
    expect(await many(50)).toBe(9);
    const more = await limiter.consume(ten, "ada");
    expect(more).toEqual({ ok: false, retryAfter: expect.any(Number) as number });
    expect(await inPostgres()).toBe(10);
    expect(warnings().filter((event) => event === "limiter.redis_unavailable")).toHaveLength(1);
  });

  test("fifty requests at the moment it breaks: exactly the limit is allowed", async () => {
    const { many, isRedisUnavailable } = limiterOver(scripts);
    await breakIt();
    expect(await many(50)).toBe(10);
    expect(await inPostgres()).toBe(10);
    expect(await isRedisUnavailable()).toBe(true);
  });

  test("refunding and clearing still work, without an error", async () => {
    const { limiter, many } = limiterOver(scripts);
    await breakIt();
    const consumed = await limiter.consume(ten, "ada");
    expect(await many(20)).toBe(9);
    if (consumed.ok) await limiter.refund("ten", "ada", consumed.hit);
    expect(await many(20)).toBe(1);
    await limiter.clear();
    expect(await many(20)).toBe(10);
  });

  test("it is skipped for a while, tried once, and used again when it is back", async () => {
    const { limiter, many, asked, pass, isRedisUnavailable } = limiterOver(scripts);
    await breakIt();
    await limiter.consume(ten, "ada");
    expect(asked()).toBe(1);

    pass(intervals.redisCooldown - 1);
    await many(20);
    expect(asked()).toBe(1);

    pass(1);
    await many(20);
    expect(asked()).toBe(2);
    expect(await isRedisUnavailable()).toBe(true);
    expect(asked()).toBe(2);

    await mend();
    await many(20);
    expect(asked()).toBe(2);

    pass(intervals.redisCooldown);
    const before = await inPostgres();
    expect((await limiter.consume(ten, "ada")).ok).toBe(true);
    expect(asked()).toBe(3);
    expect(await inPostgres()).toBe(before);
    expect(warnings()).toContain("limiter.redis_recovered");

    await many(5);
    expect(asked()).toBe(8);
  });

  test("a health check sees the failure before the first request, in time, and later the recovery", async () => {
    const { isRedisUnavailable, asked, pass } = limiterOver(scripts);
    expect(await isRedisUnavailable()).toBe(false);

    await breakIt();
    const since = performance.now();
    expect(await isRedisUnavailable()).toBe(true);
    expect(performance.now() - since).toBeLessThan(atMost);
    expect(await isRedisUnavailable()).toBe(true);
    expect(asked()).toBe(2);

    await mend();
    expect(await isRedisUnavailable()).toBe(true);
    pass(intervals.redisCooldown);
    expect(await isRedisUnavailable()).toBe(false);
    expect(await inPostgres("health")).toBe(0);
  });
});

test("hits in the future, after the clock was set back, count as now", async () => {
  const { many, limiter } = limiterOver(tcp);
  expect(await many(10)).toBe(10);
  const ahead = (Date.now() + 400 * 86_400_000) * 1000;
  const members = (await redis.command("zrange", "latchkey:ten:ada", "0", "-1")) as string[];
  for (const member of members)
    await redis.command("zadd", "latchkey:ten:ada", String(ahead), member);
  const refused = (await limiter.consume(ten, "ada")) as { ok: boolean; retryAfter: number };
  expect(refused.ok).toBe(false);
  expect(refused.retryAfter).toBeLessThanOrEqual(ten.per);
});

test("a full Redis that may evict nothing still counts, and allows no more than the limit", async () => {
  const { many } = limiterOver(tcp);
  await redis.command("config", "set", "maxmemory-policy", "noeviction");
  await redis.command("config", "set", "maxmemory", "1");
  try {
    expect(await many(50)).toBe(10);
    expect((await inRedis()) + (await inPostgres())).toBe(10);
    expect(await many(50)).toBe(0);
  } finally {
    await redis.command("config", "set", "maxmemory", "0");
  }
});

test("a malformed response counts as a failure of Redis, not as a refusal", async () => {
  const { limiter, isRedisUnavailable } = limiterOver(rest);
  for (const result of ["T0s=", "bnVsbA==", [], ["MQ=="], [1], [0, "eA=="], 0, null]) {
    upstash.failWith({ status: 200, body: JSON.stringify([{ result }]) });
    expect(
      await oneByOne(redisLimiter(rest, { now: () => new Date() }))
        .consume(ten, "ada")
        .catch(() => "failed"),
    ).toBe("failed");
  }
  expect((await limiter.consume(ten, "ada")).ok).toBe(true);
  expect(await isRedisUnavailable()).toBe(true);
});

describe("timeouts", () => {
  test("a stopped Redis is not waited for beyond the timeout", async () => {
    runTimeout.ms = trueBudget;
    const scripts = createRedisClient({ by: "tcp", url: redis.url });
    await untilResponding(scripts);
    redis.pause();
    try {
      const since = performance.now();
      await expect(scripts.eval("return 1", [], [])).rejects.toThrow();
      expect(performance.now() - since).toBeLessThan(atMost);
    } finally {
      redis.resume();
    }
  });

  test("an Upstash that hangs is not waited for either", async () => {
    runTimeout.ms = trueBudget;
    upstash.failWith("never_answers");
    const since = performance.now();
    await expect(overRest().eval("return 1", [], [])).rejects.toThrow();
    expect(performance.now() - since).toBeLessThan(atMost);
  });

  test("a reply that a busy process reads late is no failure", async () => {
    const scripts = createRedisClient({ by: "tcp", url: redis.url });
    await untilResponding(scripts);
    runTimeout.ms = trueBudget;
    const reply = scripts.eval("return 1", [], []);
    const until = performance.now() + 2 * trueBudget;
    while (performance.now() < until);
    expect(await reply).toBe(1);
  });

  test("an address where no server listens delays no request", async () => {
    runTimeout.ms = trueBudget;
    for (const scripts of [
      createRedisClient({ by: "tcp", url: "redis://127.0.0.1:1" }),
      createRedisClient({ by: "upstash", url: "http://127.0.0.1:1", token: "none" }),
    ]) {
      const { limiter } = limiterOver(scripts);
      const since = performance.now();
      expect(await limiter.consume(ten, `nobody ${since}`)).toMatchObject({ ok: true });
      expect(performance.now() - since).toBeLessThan(atMost);
    }
  });

  test("no command is sent twice: one whose response was lost is not counted again", async () => {
    upstash.failWith("lost");
    const before = upstash.requests();
    await expect(
      oneByOne(redisLimiter(rest, { now: () => new Date() })).consume(ten, "ada"),
    ).rejects.toThrow();
    expect(upstash.requests() - before).toBe(1);
    expect(await inRedis()).toBe(1);
  });
});

describe("a connection to Redis", () => {
  const set = (scripts: Scripts) => scripts.eval("return redis.call('set', 'x', '1')", [], []);
  const patient = { timeout: 120_000 };

  test("that is half-open is replaced, and a lost command is not counted later", async () => {
    runTimeout.ms = trueBudget;
    const proxy = await FaultProxy.before(redis.url);
    const scripts = createRedisClient({ by: "tcp", url: proxy.url });
    await untilResponding(scripts);
    const { limiter } = limiterOver(scripts);
    const { accepted } = proxy.connections;
    proxy.halfOpen();
    expect((await limiter.consume(ten, "ada")).ok).toBe(true);
    expect(await inPostgres()).toBe(1);
    await vi.waitUntil(() => proxy.connections.accepted > accepted, patient);
    await untilResponding(scripts);
    expect(await inRedis()).toBe(0);
    await proxy.close();
  });

  test("that leads to a primary which became a replica is replaced by one to the host's current address", async () => {
    const next = await startRedis();
    const proxy = await FaultProxy.before(redis.url);
    const scripts = createRedisClient({ by: "tcp", url: proxy.url });
    await untilResponding(scripts);
    await redis.command("replicaof", "127.0.0.1", "1");
    try {
      proxy.leadTo(next.url);
      await expect(set(scripts)).rejects.toThrow("READONLY");
      await vi.waitUntil(() => set(scripts).catch(() => null), patient);
      expect(await next.keys()).toEqual(["x"]);
    } finally {
      await redis.command("replicaof", "no", "one");
      await proxy.close();
      await next.stop();
    }
  });
});

describe("budgets of attempts", () => {
  const tries = Object.values(limits).filter(
    (limit): limit is typeof limit & { countedInPostgres: true } => "countedInPostgres" in limit,
  );

  test.each(tries)("$rule never uses Redis, and flushing Redis refills nothing", async (limit) => {
    const { limiter, many, asked } = limiterOver(tcp);
    expect(await many(limit.max + 20, limit)).toBe(limit.max);
    await redis.flush();
    expect(await many(20, limit)).toBe(0);
    expect(asked()).toBe(0);
    expect(await redis.keys()).toEqual([]);
    expect((await limiter.consume(limit, "leo")).ok).toBe(true);
  });

  test("cover every limit on typed secrets, submitted confirmations and the lists that staff read", () => {
    const rules = tries.map(({ rule }) => rule).sort();
    expect(rules).toEqual([
      "access_links_per_staff",
      "codes_per_day",
      "codes_per_hour",
      "confirmations_per_ip",
      "email_changes_per_staff",
      "oauth_attempts_per_ip",
      "passwords_per_account",
      "passwords_per_device",
      "passwords_per_ip",
      "step_ups_per_session",
      "user_lists_per_staff",
    ]);
  });

  test("an attacker gets no more guesses at a code when Redis is flushed or gone (I10)", async () => {
    const { whole } = limiterOver(tcp);
    const here = world.with({ limiter: whole });
    const email = "ada@example.com";
    const tried = [];
    for (let letters = 0; letters < 3; letters += 1) {
      const browser = new Browser(here);
      await browser.requestLink(email);
      const { code } = await here.letterTo(email);
      const wrong = code === "000000" ? "000001" : "000000";
      for (let i = 0; i < bounds.codeAttempts; i += 1) {
        const result = await browser.submitCode(wrong, email);
        tried.push(result.ok ? "in" : result.refusal.code);
      }
      await redis.flush();
    }
    expect(tried).toEqual([
      ...Array<string>(limits.codesPerHour.max).fill("code_invalid"),
      ...Array<string>(bounds.codeAttempts).fill("too_many_attempts"),
    ]);
  });
});

describe("people, while Redis fails and recovers", () => {
  test("sign in all the same, and the limits hold (S4)", async () => {
    const { whole, pass } = limiterOver(rest);
    const here = world.with({ limiter: whole });
    upstash.failWith({ status: 500, body: "{}" });
    await new Browser(here).signIn("ada@example.com");
    upstash.resetProviders();
    pass(intervals.redisCooldown);
    await new Browser(here).signIn("leo@example.com");
    upstash.failWith("lost");
    const ip = "203.0.113.77";
    const responses = [];
    for (let i = 0; i < 7; i += 1)
      responses.push(await new Browser(here, { ip }).requestLink(`mallory${i}@example.com`));
    expect(responses.filter(({ ok }) => ok)).toHaveLength(limits.emailRequestsPerIp.max);
    expect(responses.at(-1)).toEqual(refused("too_many_requests"));
  });

  test("get at most twice the limit while Redis flaps: each backend allows no more than the limit", async () => {
    const { many, pass } = limiterOver(rest);
    let granted = 0;
    for (let i = 0; i < 30; i += 1) {
      if (i % 2) upstash.resetProviders();
      else upstash.failWith({ status: 500, body: "{}" });
      pass(intervals.redisCooldown);
      granted += await many(5);
    }
    expect([await inPostgres(), await inRedis()]).toEqual([ten.max, ten.max]);
    expect(granted).toBe(2 * ten.max);
  });

  test("cannot refund a hit of one backend in the other", async () => {
    const { limiter, many, pass } = limiterOver(rest);
    const inOne = await limiter.consume(ten, "ada");
    upstash.failWith({ status: 500, body: "{}" });
    const inTheOther = await limiter.consume(ten, "ada");
    if (!inOne.ok || !inTheOther.ok) throw new Error("A hit was refused.");
    await limiter.refund("ten", "ada", inOne.hit);
    expect(await inPostgres()).toBe(1);
    expect(await many(20)).toBe(9);
    upstash.resetProviders();
    pass(intervals.redisCooldown);
    await limiter.refund("ten", "ada", inTheOther.hit);
    expect(await inRedis()).toBe(1);
    expect(await many(20)).toBe(9);
  });

  test("the log of it contains neither keys nor the script", async () => {
    const { limiter } = limiterOver(rest);
    upstash.failWith({ status: 401, body: '{"error":"WRONGPASS"}' });
    await limiter.consume(ten, "k3y-of-ada");
    const logged = JSON.stringify(world.logged);
    expect(logged).toContain("limiter.redis_unavailable");
    expect(logged).toContain("WRONGPASS");
    expect(logged).not.toContain("k3y-of-ada");
    expect(logged).not.toContain("redis.call");
    expect(logged).not.toContain(upstash.token);
  });
});

describe("in a whole system", () => {
  test("/readyz warns while Redis is unavailable, still serves, and passes when it is back (X4)", async () => {
    lent.db = world.db;
    const { restore } = captureLogLines();
    const { stopWorker } = await createWorld(
      testEnv({ UPSTASH_REDIS_REST_URL: upstash.url, UPSTASH_REDIS_REST_TOKEN: upstash.token }),
    );
    try {
      const limiter = oneByOne(getWorld().limiter);
      const pass = () => {
        const restIsOver = Date.now() + intervals.redisCooldown * 1000 + 1;
        vi.useFakeTimers({ toFake: ["Date"], now: restIsOver });
      };
      const ready = async () => {
        const reply = await readyz();
        return [reply.status, await reply.json()] as unknown;
      };
      const well = [200, { status: "pass", checks: passingChecks }];
      const away = [200, { status: "warn", checks: { ...passingChecks, limiter: "warn" } }];

      upstash.failWith({ status: 401, body: '{"error":"no"}' });
      expect(await ready()).toEqual(away);
      expect((await limiter.consume(ten, "ada")).ok).toBe(true);
      expect(await ready()).toEqual(away);

      upstash.resetProviders();
      pass();
      expect(await ready()).toEqual(well);
      expect((await limiter.consume(ten, "ada")).ok).toBe(true);
      expect(await inRedis()).toBe(1);
    } finally {
      vi.useRealTimers();
      restore();
      lent.db = undefined;
      await stopWorker();
    }
  });
});

describe("a single try, as the doctor makes it", () => {
  const tcpUrl = () => tryRedis({ by: "tcp", url: redis.url });
  const set = (name: string, value: string) => redis.command("config", "set", name, value);

  test("counts one hit, and says what Redis does when its memory is full", async () => {
    expect(await tcpUrl()).toMatchObject({ kind: "ready", evictionPolicy: null });
    await set("maxmemory-policy", "allkeys-lru");
    await set("maxmemory", String(1024 * 1024 * 1024));
    try {
      expect(await tcpUrl()).toMatchObject({ kind: "ready", evictionPolicy: "allkeys-lru" });
    } finally {
      await set("maxmemory", "0");
      await set("maxmemory-policy", "noeviction");
    }
    const { url, token } = upstash;
    expect(await tryRedis({ by: "upstash", url, token })).toMatchObject({ kind: "ready" });
  });

  test("tells a refused password, a refused token and a replica apart", async () => {
    await set("requirepass", "secret");
    try {
      expect(await tcpUrl()).toMatchObject({ kind: "sign_in_refused" });
      const withPassword = redis.url.replace("//", "//:secret@");
      expect(await tryRedis({ by: "tcp", url: withPassword })).toMatchObject({ kind: "ready" });
      const withOther = redis.url.replace("//", "//:other@");
      expect(await tryRedis({ by: "tcp", url: withOther })).toMatchObject({
        kind: "sign_in_refused",
      });
    } finally {
      await set("requirepass", "");
    }
    expect(await tryRedis({ by: "upstash", url: upstash.url, token: "other" })).toMatchObject({
      kind: "sign_in_refused",
    });
    await redis.command("replicaof", "127.0.0.1", "1");
    try {
      expect(await tcpUrl()).toMatchObject({ kind: "read_only" });
    } finally {
      await redis.command("replicaof", "no", "one");
    }
  });
});
