import type { Limit } from "@/lib/core/policy";
import type { Limiter, LimitResult } from "@/lib/runtime/ports";

/** A limiter whose limits are counted and refunded one at a time. */
export const oneByOne = (limiter: Limiter) => ({
  whole: limiter,
  async consume(limit: Limit, keyHash: string): Promise<LimitResult> {
    const [result] = await limiter.consume([{ limit, keyHash, effect: "reject" }]);
    return result!;
  },
  refund: (rule: string, keyHash: string, hit: string) => limiter.refund([{ rule, keyHash, hit }]),
  forget: (rule: string, keyHash: string) => limiter.refund([], [{ rule, keyHash }]),
  clear: () => limiter.clear(),
});
