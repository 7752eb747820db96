import { Redis } from "ioredis";
import type { RedisAddress } from "@/lib/core/env";
import { intervals } from "@/lib/core/policy";
import { systemClock } from "./clock";
import { connectionCause } from "./connection-causes";
import {
  probe,
  redisLimiter,
  redisOptions,
  type Scripts,
  upstashClient,
  withoutCommand,
} from "./redis-limiter";

/** What a limit finds in Redis. */
export type RedisState =
  | {
      readonly kind: "ready";
      /** How long one limit took, in milliseconds, on an open connection. */
      readonly tookMs: number;
      /** What Redis does when its memory is full; null where it does not say or has no bound. */
      readonly evictionPolicy: string | null;
    }
  | {
      readonly kind:
        | "unreachable"
        | "sign_in_refused"
        | "read_only"
        | "full"
        | "right_missing"
        | "unusable";
      /** In words that an operator can act on. */
      readonly explanation: string;
    };

/** Counts one hit of a key that expires after a second, as the server's limits do. */
export function tryRedis(address: RedisAddress): Promise<RedisState> {
  return address.by === "tcp" ? tryTcp(address.url) : tryUpstash(address);
}

async function tryTcp(url: string): Promise<RedisState> {
  const redis = new Redis(url, { ...redisOptions, lazyConnect: true, retryStrategy: () => null });
  // The client's own rejection says only that the connection is closed.
  let firstError: unknown;
  redis.on("error", (error) => (firstError ??= error));
  try {
    await redis.connect();
    const tookMs = await measure({
      eval: (script, keys, args) => redis.eval(script, keys.length, ...keys, ...args),
    });
    return { kind: "ready", tookMs, evictionPolicy: policyIn(await redis.info("memory")) };
  } catch (error) {
    return problemOf(firstError ?? error, { server: new URL(url).host, setting: "REDIS_URL" });
  } finally {
    redis.disconnect();
  }
}

async function tryUpstash(address: RedisAddress & { by: "upstash" }): Promise<RedisState> {
  const redis = upstashClient(address);
  try {
    const scripts = { eval: (...args: Parameters<Scripts["eval"]>) => redis.eval(...args) };
    // The first request opens the connection.
    await measure(scripts);
    return { kind: "ready", tookMs: await measure(scripts), evictionPolicy: null };
  } catch (error) {
    return problemOf(error, {
      server: new URL(address.url).host,
      setting: "UPSTASH_REDIS_REST_URL",
    });
  }
}

async function measure(scripts: Scripts): Promise<number> {
  const since = performance.now();
  await redisLimiter(scripts, systemClock).consume([probe]);
  return Math.round(performance.now() - since);
}

/** Without a bound of its memory Redis evicts nothing. */
function policyIn(info: string): string | null {
  if (/^maxmemory:0\r?$/m.test(info)) return null;
  return /^maxmemory_policy:([\w-]+)/m.exec(info)?.[1] ?? null;
}

const kinds = [
  [/WRONGPASS|NOAUTH|unauthorized/i, "sign_in_refused"],
  [/READONLY/, "read_only"],
  [/\bOOM\b/, "full"],
  [/NOPERM/, "right_missing"],
] as const;

function problemOf(error: unknown, peer: { server: string; setting: string }): RedisState {
  const said = withoutCommand(error);
  const [, kind] = kinds.find(([pattern]) => pattern.test(said)) ?? [];
  if (kind) return { kind, explanation: said };
  const cause = connectionCause(error, { ...peer, timeout: intervals.redisConnect });
  return cause
    ? { kind: "unreachable", explanation: cause }
    : { kind: "unusable", explanation: said };
}
