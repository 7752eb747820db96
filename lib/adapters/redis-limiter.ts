import { Ratelimit } from "@upstash/ratelimit";
import { Redis as UpstashRedis } from "@upstash/redis";
import { Redis } from "ioredis";
import { seconds } from "@/lib/core/duration";
import type { RedisAddress } from "@/lib/core/env";
import type { Clock, KeyedLimit, Limiter, LimitResult, Log, Metrics } from "@/lib/runtime/ports";
import { intervals, type Limit, type LimitHit, limits } from "@/lib/core/policy";
import { noMetrics } from "./no-metrics";

/** The part of a Redis client that limits use, over TCP or REST. */
export interface Scripts {
  eval(script: string, keys: string[], args: (string | number)[]): Promise<unknown>;
}

/**
 * Counts the hits of the last `per` seconds by Redis's clock, and adds one if that stays within the
 * limit. Returns {granted, seconds until the oldest hit expires, the hit's name}. An exact sliding
 * log: the library's windows are cheaper, but allow up to twice the limit at their edges. After the
 * clock was set back, a hit in the future counts as now.
 */
const consumeScript = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local length = ARGV[2] * 1000000
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - length))
local future = string.format('%.0f', now + 1000000)
for _, hit in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], future, '+inf')) do
  redis.call('ZADD', KEYS[1], string.format('%.0f', now), hit)
end
local count = redis.call('ZCARD', KEYS[1])
local granted = count < tonumber(ARGV[1])
local moment = string.format('%.0f', now)
local hit = moment .. ':' .. count
if granted then
  redis.call('ZADD', KEYS[1], moment, hit)
  redis.call('EXPIRE', KEYS[1], ARGV[2])
end
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
return {granted and 1 or 0, math.max(1, math.ceil((oldest + length - now) / 1000000)), hit}`;

const refundScript = `return redis.call('ZREM', KEYS[1], ARGV[1])`;

const forgetScript = `return redis.call('DEL', KEYS[1])`;

const clearScript = `
for _, key in ipairs(redis.call('KEYS', 'latchkey:*')) do redis.call('DEL', key) end
return 1`;

/** Runs the script of all limits, on a key that expires after a second. */
export const probe: KeyedLimit = {
  limit: { rule: "health", max: 1, per: seconds(1) },
  keyHash: "probe",
  effect: "reject",
};

/** The rules of limits that never use Redis. */
const countedInPostgres: ReadonlySet<string> = new Set(
  Object.values(limits as Readonly<Record<string, Limit>>)
    .filter((limit) => limit.countedInPostgres)
    .map(({ rule }) => rule),
);

const prefixOf = (rule: string) => `latchkey:${rule}`;

/**
 * Connects to Redis over TCP or to Upstash over REST. Calls time out after `redisTimeoutMs` and are not
 * retried.
 */
export function createRedisClient(address: RedisAddress): Scripts {
  if (address.by === "upstash") {
    const redis = upstashClient(address);
    return { eval: (script, keys, args) => withTimeout(redis.eval(script, keys, args)) };
  }
  const { base, max } = intervals.redisReconnectMs;
  const redis = new Redis(address.url, {
    ...redisOptions,
    // After a failover the old primary refuses writes; the host name may resolve to the new one.
    reconnectOnError: (error) => error.message.includes("READONLY"),
    retryStrategy: (attempt) => Math.min(base * 2 ** attempt, max),
  });
  // Every call handles its own errors. Without a listener Node would end the process.
  redis.on("error", () => {});
  return {
    eval: (script, keys, args) => withTimeout(redis.eval(script, keys.length, ...keys, ...args)),
  };
}

export const redisOptions = {
  maxRetriesPerRequest: 1,
  enableOfflineQueue: false,
  connectTimeout: intervals.redisConnect * 1000,
  // A command that timed out must not run on the next connection: Postgres has counted that hit.
  autoResendUnfulfilledCommands: false,
  socketTimeout: intervals.redisSilence * 1000,
  keepAlive: intervals.redisKeepAlive * 1000,
};

export const upstashClient = ({ url, token }: RedisAddress & { by: "upstash" }) =>
  new UpstashRedis({
    // `retry: false` makes two attempts, which could count a hit twice.
    ...{ url, token, retry: { retries: 0 }, enableTelemetry: false },
    signal: () => AbortSignal.timeout(intervals.redisSilence * 1000),
  });

const isConsumeReply = (reply: unknown): reply is [number, number, string] =>
  Array.isArray(reply) && typeof reply[0] === "number" && typeof reply[1] === "number";

/** The sliding log as an algorithm for @upstash/ratelimit. */
const slidingLog =
  ({ max, per }: Limit, clock: Clock): ConstructorParameters<typeof Ratelimit>[0]["limiter"] =>
  () => {
    const now = () => clock.now().getTime();
    return {
      async limit({ redis }, key) {
        const reply = await redis.eval(consumeScript, [key], [max, per]);
        if (!isConsumeReply(reply)) throw new Error("Redis sent an unexpected reply.");
        const [granted, wait, hit] = reply;
        return {
          success: granted === 1,
          limit: max,
          remaining: granted,
          reset: now() + wait * 1000,
          pending: Promise.resolve(hit),
        };
      },
      getRemaining: () => Promise.resolve({ remaining: 0, reset: now(), limit: max }),
      resetTokens: async ({ redis }, key) => void (await redis.eval(clearScript, [key], [])),
    };
  };

/** Limits in Redis, shared by all instances. Throws on any failure; `withFallback` catches. */
export function redisLimiter(redis: Scripts, clock: Clock): Limiter {
  const limiters = new Map<string, Ratelimit>();
  const limiterOf = (limit: Limit) => {
    const known = limiters.get(limit.rule);
    if (known) return known;
    const made = new Ratelimit({
      // Our algorithm calls only `eval`.
      redis: redis as unknown as UpstashRedis,
      limiter: slidingLog(limit, clock),
      prefix: prefixOf(limit.rule),
      // The library's timeout would allow the request; its cache would ignore refunds.
      timeout: 0,
      ephemeralCache: false,
      enableTelemetry: false,
    });
    limiters.set(limit.rule, made);
    return made;
  };
  const count = async ({ limit, keyHash }: KeyedLimit): Promise<LimitResult> => {
    const { success, reset, pending } = await limiterOf(limit).limit(keyHash);
    if (success) return { ok: true, hit: String(await pending) };
    const wait = Math.ceil((reset - clock.now().getTime()) / 1000);
    return { ok: false, retryAfter: seconds(Math.max(1, wait)) };
  };
  return {
    // One after the other: whether the next is counted depends on the result, and a script with the keys
    // of all of them would need them on one node of a cluster.
    async consume(limits) {
      const results: LimitResult[] = [];
      for (const one of limits) {
        const result = await count(one);
        results.push(result);
        if (!result.ok && one.effect === "reject") break;
      }
      return results;
    },
    async refund(hits, forgotten = []) {
      const keyOf = ({ rule, keyHash }: Pick<LimitHit, "rule" | "keyHash">) =>
        `${prefixOf(rule)}:${keyHash}`;
      // The client sends them in one go.
      await Promise.all([
        ...hits.map((hit) => redis.eval(refundScript, [keyOf(hit)], [hit.hit])),
        ...forgotten.map((key) => redis.eval(forgetScript, [keyOf(key)], [])),
      ]);
    },
    async clear() {
      await redis.eval(clearScript, [], []);
    },
  };
}

/**
 * Counts in Redis, and in Postgres when Redis fails (R4). Postgres does not know the hits counted in
 * Redis, so across a failure a limit can be used twice (decision 14). A circuit breaker: after a failure
 * Redis is not called for `intervals.redisCooldown`; then one call tries it, while the others use
 * Postgres. Limits with `countedInPostgres` never use Redis (R3, I10).
 */
export function withFallback(
  redis: Limiter,
  postgres: Limiter,
  clock: Clock,
  log: Log,
  metrics: Pick<Metrics, "limiterFellBack"> = noMetrics,
) {
  let cooldownUntil = 0;
  let down = false;

  async function callWithFallback<T>(call: (limiter: Limiter) => Promise<T>): Promise<T> {
    const now = clock.now().getTime();
    const fallBack = () => {
      metrics.limiterFellBack();
      return call(postgres);
    };
    if (now < cooldownUntil) return fallBack();
    // While this call tries a Redis that was down, concurrent calls use Postgres.
    if (down) cooldownUntil = now + intervals.redisCooldown * 1000;
    try {
      const reply = await withTimeout(call(redis));
      if (down) log.info("limiter.redis_recovered");
      down = false;
      cooldownUntil = 0;
      return reply;
    } catch (error) {
      if (!down) log.warn("limiter.redis_unavailable", { reason: withoutCommand(error) });
      down = true;
      cooldownUntil = clock.now().getTime() + intervals.redisCooldown * 1000;
      return fallBack();
    }
  }

  const limiter: Limiter = {
    async consume(limits) {
      const results: LimitResult[] = [];
      for (const group of byBackend(limits)) {
        const counted = group[0]!.limit.countedInPostgres
          ? await postgres.consume(group)
          : await callWithFallback((one) => one.consume(group));
        results.push(...counted);
        if (counted.some(({ ok }, at) => !ok && group[at]!.effect === "reject")) break;
      }
      return results;
    },
    async refund(hits, forgotten = []) {
      const refundIn = (backend: "postgres" | "redis"): Refund => {
        const belongs = ({ rule }: { rule: string }) =>
          countedInPostgres.has(rule) === (backend === "postgres");
        return [hits.filter(belongs), forgotten.filter(belongs)];
      };
      const [here, there] = [refundIn("postgres"), refundIn("redis")];
      const isSome = (refund: Refund) => refund.some(({ length }) => length > 0);
      await Promise.all([
        isSome(here) && postgres.refund(...here),
        isSome(there) && callWithFallback((one) => one.refund(...there)),
      ]);
    },
    clear: async () => {
      await postgres.clear();
      await callWithFallback((one) => one.clear());
    },
  };
  /** Calls Redis now, as there may be no other traffic. During the cooldown it returns the known state. */
  const isRedisUnavailable = async () => {
    await callWithFallback(async (one) => void (one === redis && (await one.consume([probe]))));
    return down;
  };
  return { limiter, isRedisUnavailable };
}

type Refund = Required<Parameters<Limiter["refund"]>>;

/** Limits in their order: in Postgres those in a row together, in Redis each with a timeout of its own. */
function byBackend(limits: readonly KeyedLimit[]): KeyedLimit[][] {
  const groups: KeyedLimit[][] = [];
  for (const one of limits) {
    const group = groups.at(-1);
    if (group?.[0]?.limit.countedInPostgres && one.limit.countedInPostgres) group.push(one);
    else groups.push([one]);
  }
  return groups;
}

/** The errors of Upstash's client contain the whole script and its keys. */
export const withoutCommand = (error: unknown) => String(error).split(", command was:")[0]!;

/**
 * Rejects when there is no reply within `redisTimeoutMs`, the time to connect included. A process that is
 * busy itself may read a reply later than it arrived, so what has arrived by then is read first: the
 * clients' own timeouts would take it for a failure of Redis.
 */
function withTimeout<T>(reply: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    // `setImmediate` calls back after the sockets were read.
    timer = setTimeout(
      () => setImmediate(() => reject(new Error("timeout"))),
      intervals.redisTimeoutMs,
    );
  });
  return Promise.race([reply, late]).finally(() => clearTimeout(timer));
}
