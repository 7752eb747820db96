import { EnvError, readEnv } from "@/lib/core/env";
import { installRequestGate } from "./request-gate";
import { isDatabaseUnavailable } from "@/db/client";
import { DirectoryLockedError } from "@/db/lock";
import { methods } from "@/lib/methods";
import { createLog } from "@/lib/adapters/log";
import { createWorld } from "./create-world";

/**
 * Opens the world and puts the front before Next. If that cannot be, one clear line on standard
 * error and an end: a server that stayed up would only answer 500.
 */
export async function start(): Promise<void> {
  try {
    const env = readEnv(methods());
    // First: Next listens already, and whoever comes while the world opens waits behind it.
    installRequestGate(env, createLog(env));
    const { stopWorker } = await createWorld(env);
    for (const signal of ["SIGTERM", "SIGINT"] as const)
      process.once(signal, () => void stopWorker());
  } catch (error) {
    process.stderr.write(`${formatStartupError(error)}\n`);
    process.exit(1);
  }
}

function formatStartupError(error: unknown): string {
  if (error instanceof EnvError || error instanceof DirectoryLockedError) return error.message;
  if (isDatabaseUnavailable(error))
    return "Postgres does not answer at DATABASE_URL. Start it, or unset DATABASE_URL for the embedded database.";
  return `Latchkey could not start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
