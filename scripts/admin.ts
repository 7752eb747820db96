/**
 * `npm run admin`: finds users, changes roles, ends sessions, disables and enables accounts, for who can
 * reach the database. Without arguments it prints how.
 */
import { migrationState } from "@/db/migrate";
import { EnvError, parseEnv } from "@/lib/core/env";
import { methods } from "@/lib/methods";
import { createCommandWorld } from "@/lib/server/create-command-world";
import { runAdminCommand, usage } from "./admin-command";
import { withDatabase } from "./open-database";
import { Failure, main } from "./run.mjs";
import { readSettings } from "./settings.mjs";

function readEnvironment() {
  try {
    return parseEnv(readSettings().env, methods());
  } catch (error) {
    throw error instanceof EnvError ? new Failure(error.message) : error;
  }
}

await main(async () => {
  const args = process.argv.slice(2);
  if (args.length === 0) throw new Failure(usage);
  const env = readEnvironment();
  const printed = await withDatabase(async ({ db }) => {
    if ((await migrationState(db)).pending.length > 0)
      throw new Failure("Migrations are pending. Apply them first: npm run db:migrate");
    return runAdminCommand(createCommandWorld(env, { db }), args);
  });
  console.log(printed);
  return 0;
});
