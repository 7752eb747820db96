import type { Clock } from "@/lib/flow";

export const systemClock: Clock = { now: () => new Date() };
