import { EnvError, readEnv, settingsWithoutEffect } from "@/lib/core/env";
import { DatabaseProblem } from "@/db/explain-error";
import { AfterResponses } from "./after-responses";
import { createCheck } from "./check";
import { createJsonApi } from "./json-api";
import { installRequestGate, listeningServers } from "./request-gate";
import { methods } from "@/lib/methods";
import { createLog } from "@/lib/adapters/log";
import { createWorld } from "./create-world";
import { logPrintedTexts } from "./printed-texts";
import { printSetupLink } from "./setup-link";
import { drainBeforeClose, endOnHangup, ignoreOutputErrors } from "./shutdown";
import { waitForDatabase } from "./wait-for-database";

/**
 * Installs the request gate, waits for Postgres and creates the world. On an error it prints the reason to
 * standard error and ends the process: a server without a world could only respond with 500.
 */
export async function start(): Promise<void> {
  ignoreOutputErrors();
  endOnHangup();
  try {
    const env = readEnv(methods());
    const log = createLog(env);
    for (const reason of settingsWithoutEffect(env, methods()))
      log.warn("settings.without_effect", { reason });
    // First, because Next is listening already: the gate must see the first request.
    const requestGate = installRequestGate(env, log);
    // Next's development server prints for the developer.
    if (env.production) logPrintedTexts(log);
    await waitForDatabase(env, log);
    const { world, stopWorker } = await createWorld(env);
    await printSetupLink(world, (text) => void process.stdout.write(text));
    const afterResponses = new AfterResponses();
    // Next's development server reloads routes that change.
    if (env.production) requestGate.serveApi(createJsonApi(world, afterResponses));
    requestGate.serveCheck(createCheck(world, afterResponses));
    for (const server of listeningServers())
      drainBeforeClose(server, stopWorker, () => afterResponses.settled());
  } catch (error) {
    process.stderr.write(`${formatStartupError(error)}\n`);
    process.exit(1);
  }
}

function formatStartupError(error: unknown): string {
  if (error instanceof EnvError || error instanceof DatabaseProblem) return error.message;
  return `Latchkey could not start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
