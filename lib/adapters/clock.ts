import type { Clock } from "@/lib/runtime/flow";

export const systemClock: Clock = { now: () => new Date() };
