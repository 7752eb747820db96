import type { Clock } from "@/lib/runtime/ports";

export const systemClock: Clock = { now: () => new Date() };
