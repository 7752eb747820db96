import type { Database } from "@/db/client";
import { endTransaction, isDatabaseUnavailable } from "@/db/client";
import { systemClock } from "@/lib/adapters/clock";
import { noMetrics } from "@/lib/adapters/no-metrics";
import { postgresLimiter } from "@/lib/adapters/postgres-limiter";
import { random } from "@/lib/core/crypto";
import type { Env } from "@/lib/core/env";
import type { World } from "@/lib/runtime/ports";

const notInCommands = () => {
  throw new Error("Commands hash no passwords and sign nobody in.");
};
const quiet = () => {};

/**
 * The world of a command, which runs flows on the database of a server. It sends no emails: the server finds
 * them in the queue. It logs nothing, as it prints the result.
 */
export const createCommandWorld = (env: Env, { db }: Pick<Database, "db">): World => ({
  env,
  db,
  isDatabaseUnavailable,
  endTransaction,
  clock: systemClock,
  random,
  log: { info: quiet, warn: quiet, error: quiet },
  limiter: postgresLimiter(db),
  passwords: { hash: notInCommands, verify: notInCommands, checkStrength: notInCommands },
  oauth: { authorize: notInCommands, exchange: notInCommands },
  wakeCourier: quiet,
  mailbox: null,
  health: notInCommands,
  pendingMigrations: notInCommands,
  metrics: noMetrics,
  metricsPage: null,
});
