import type { Health } from "@/lib/runtime/ports";

/** The checks of a server without problems. */
export const passingChecks = {
  database: "pass",
  migrations: "pass",
  worker: "pass",
  mail: "pass",
  limiter: "pass",
  disk: "pass",
  clock: "pass",
} as const satisfies Health;
