import { Ratelimit } from "@upstash/ratelimit";
import { Redis as UpstashRedis } from "@upstash/redis";
import { Redis } from "ioredis";
import { seconds } from "@/lib/core/duration";
import type { RedisAddress } from "@/lib/core/env";
import type { Clock, Limiter, Log } from "@/lib/runtime/ports";
import { intervals, type Limit } from "@/lib/core/policy";

/** All that limits ask of Redis, whichever way it is reached. */
interface Scripts {
  eval(script: string, keys: string[], args: (string | number)[]): Promise<unknown>;
}

/**
 * Counts the hits of the last `per` seconds by Redis's own clock, and adds one if that stays within
 * the limit; answers {granted, seconds until the oldest leaves, the hit's name}. The library's own windows are
 * cheaper, but let through up to twice the limit across an edge.
 */
const consumeScript = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local length = ARGV[2] * 1000000
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - length))
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

const clearScript = `
for _, key in ipairs(redis.call('KEYS', 'latchkey:*')) do redis.call('DEL', key) end
return 1`;

/** Taken for the answer's sake: the script of every limit, on a key that is gone after a second. */
const probe: Limit = { rule: "health", max: 1, per: seconds(1) };

const prefixOf = (rule: string) => `latchkey:${rule}`;

/** Reaches Redis over TCP, or Upstash over REST; every call within `intervals.redisTimeout`, none retried. */
export function createRedisClient(address: RedisAddress): Scripts {
  const timeoutMs = intervals.redisTimeoutMs;
  if (address.by === "upstash") {
    const { url, token } = address;
    const redis = new UpstashRedis({
      // `false` would mean two attempts, and count a hit twice.
      ...{ url, token, retry: { retries: 0 }, enableTelemetry: false },
      signal: () => AbortSignal.timeout(timeoutMs),
    });
    return { eval: (script, keys, args) => redis.eval(script, keys, args) };
  }
  const redis = new Redis(address.url, {
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    commandTimeout: timeoutMs,
    connectTimeout: intervals.redisConnect * 1000,
    // A command that nobody waits for any more must not be carried out on the next connection:
    // Postgres has counted that hit.
    autoResendUnfulfilledCommands: false,
    // A connection over which nothing comes back is dead, whatever the system says of it.
    socketTimeout: intervals.redisSilence * 1000,
    keepAlive: intervals.redisKeepAlive * 1000,
    // A primary that became a replica stays one; its name may lead to the new one by now.
    reconnectOnError: (error) => error.message.includes("READONLY"),
    retryStrategy: (attempt) => Math.min(100 * 2 ** attempt, 2_000),
  });
  // Each failed call is answered for where it is made; without a listener Node would end the process.
  redis.on("error", () => {});
  return { eval: (script, keys, args) => redis.eval(script, keys.length, ...keys, ...args) };
}

const isAnswer = (reply: unknown): reply is [number, number, string] =>
  Array.isArray(reply) && typeof reply[0] === "number" && typeof reply[1] === "number";

/** What an exact log looks like to @upstash/ratelimit, which takes algorithms of one's own. */
const slidingLog =
  ({ max, per }: Limit, clock: Clock): ConstructorParameters<typeof Ratelimit>[0]["limiter"] =>
  () => {
    const now = () => clock.now().getTime();
    return {
      async limit({ redis }, key) {
        const reply = await redis.eval(consumeScript, [key], [max, per]);
        if (!isAnswer(reply)) throw new Error("Redis answered something else.");
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

/**
 * Limits in Redis, shared by all instances. Throws what Redis says or fails to say; `withFallback`
 * stands before it.
 */
export function redisLimiter(redis: Scripts, clock: Clock): Limiter {
  const limiters = new Map<string, Ratelimit>();
  const limiterOf = (limit: Limit) => {
    const known = limiters.get(limit.rule);
    if (known) return known;
    const made = new Ratelimit({
      // Our algorithm calls nothing but `eval`.
      redis: redis as unknown as UpstashRedis,
      limiter: slidingLog(limit, clock),
      prefix: prefixOf(limit.rule),
      // Its own timeout would let everybody through, its cache would outlive a count given back.
      timeout: 0,
      ephemeralCache: false,
      enableTelemetry: false,
    });
    limiters.set(limit.rule, made);
    return made;
  };
  return {
    async consume(limit, keyHash) {
      const { success, reset, pending } = await limiterOf(limit).limit(keyHash);
      if (success) return { ok: true, hit: String(await pending) };
      const wait = Math.ceil((reset - clock.now().getTime()) / 1000);
      return { ok: false, retryAfter: seconds(Math.max(1, wait)) };
    },
    async refund(rule, keyHash, hit) {
      await redis.eval(refundScript, [`${prefixOf(rule)}:${keyHash}`], [hit]);
    },
    async clear() {
      await redis.eval(clearScript, [], []);
    },
  };
}

/**
 * Redis first, Postgres for the call where it fails (R4): never unlimited, never an error. After a
 * failure Redis is left alone for `intervals.redisRest`; then one call tries it again, while the
 * others stay with Postgres. Budgets of tries are always in Postgres, so that a lost Redis refills
 * none (R3, I10).
 */
export function withFallback(redis: Limiter, postgres: Limiter, clock: Clock, log: Log) {
  let cooldownUntil = 0;
  let down = false;

  async function callWithFallback<T>(requestLink: (limiter: Limiter) => Promise<T>): Promise<T> {
    const now = clock.now().getTime();
    if (now < cooldownUntil) return requestLink(postgres);
    // Whoever comes while this call is out is answered by Postgres, if Redis was down before.
    if (down) cooldownUntil = now + intervals.redisCooldown * 1000;
    try {
      const reply = await withTimeout(requestLink(redis));
      if (down) log.info("limiter.redis_recovered");
      down = false;
      cooldownUntil = 0;
      return reply;
    } catch (error) {
      if (!down) log.warn("limiter.redis_unavailable", { reason: withoutCommand(error) });
      down = true;
      cooldownUntil = clock.now().getTime() + intervals.redisCooldown * 1000;
      return requestLink(postgres);
    }
  }

  const limiter: Limiter = {
    consume: (limit, keyHash) =>
      limit.tries
        ? postgres.consume(limit, keyHash)
        : callWithFallback((one) => one.consume(limit, keyHash)),
    refund: (rule, keyHash, hit) => callWithFallback((one) => one.refund(rule, keyHash, hit)),
    clear: async () => {
      await postgres.clear();
      await callWithFallback((one) => one.clear());
    },
  };
  /** Asked of Redis now, as traffic would tell only when somebody came; while it rests, what is known. */
  const isRedisUnavailable = async () => {
    await callWithFallback(
      async (one) => void (one === redis && (await one.consume(probe, "probe"))),
    );
    return down;
  };
  return { limiter, isRedisUnavailable };
}

/** Upstash's client repeats the whole script and its keys in what it throws. */
const withoutCommand = (error: unknown) => String(error).split(", command was:")[0];

/** The clients keep time too, but not while they are still connecting. */
function withTimeout<T>(reply: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("no answer in time")), intervals.redisTimeoutMs);
  });
  return Promise.race([reply, late]).finally(() => clearTimeout(timer));
}
