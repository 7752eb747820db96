import type { Metrics } from "@/lib/runtime/ports";

/** Counts nothing: nobody reads the metrics. */
export const noMetrics: Metrics = {
  flowEnded() {},
  signInEnded() {},
  limiterFellBack() {},
  hashesQueued() {},
  hashWaited() {},
  letterEnded() {},
};
