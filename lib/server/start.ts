import { EnvError, readEnv } from "@/lib/core/env";
import { installRequestGate, listeningServers } from "./request-gate";
import { isDatabaseUnavailable } from "@/db/client";
import { DirectoryLockedError } from "@/db/lock";
import { EmbeddedDatabaseError } from "@/db/pglite";
import { methods } from "@/lib/methods";
import { createLog } from "@/lib/adapters/log";
import { createWorld } from "./create-world";
import { drainBeforeClose, endOnHangup, ignoreOutputErrors } from "./shutdown";

/**
 * Installs the request gate and creates the world. On an error it prints the reason to standard error
 * and ends the process: a server without a world could only respond with 500.
 */
export async function start(): Promise<void> {
  ignoreOutputErrors();
  endOnHangup();
  try {
    const env = readEnv(methods());
    // First, because Next is listening already: the gate must see the first request.
    installRequestGate(env, createLog(env));
    const { stopWorker } = await createWorld(env);
    for (const server of listeningServers()) drainBeforeClose(server, stopWorker);
  } catch (error) {
    process.stderr.write(`${formatStartupError(error)}\n`);
    process.exit(1);
  }
}

function formatStartupError(error: unknown): string {
  const isExpected = [EnvError, DirectoryLockedError, EmbeddedDatabaseError].some(
    (expected) => error instanceof expected,
  );
  if (isExpected) return (error as Error).message;
  if (isDatabaseUnavailable(error))
    return "Cannot connect to Postgres at DATABASE_URL. Start Postgres, or unset DATABASE_URL to use the embedded database.";
  return `Latchkey could not start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
