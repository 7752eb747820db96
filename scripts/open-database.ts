/** Opens the database of this environment for the commands. */
import { type Database, openDatabase } from "@/db/client";
import { DatabaseProblem, explained } from "@/db/explain-error";
import { databaseLimits } from "@/lib/core/policy";
import { Failure } from "./run.mjs";
import { readSettings } from "./settings.mjs";

/** Longer than a request's: a command may change many rows. */
const limits = {
  statement: databaseLimits.migration,
  idleInTransaction: databaseLimits.migration,
};

/**
 * Does work on the database of the settings, over one connection, with the role of migrations. Throws
 * `Failure` where the database cannot be used; at once while a server uses the embedded one.
 */
export async function withDatabase<T>(work: (database: Database) => Promise<T>): Promise<T> {
  const { env, notes } = readSettings();
  for (const note of notes) console.warn(note);
  const { MIGRATE_DATABASE_URL, DATABASE_URL }: Record<string, string | undefined> = env;
  const variable = MIGRATE_DATABASE_URL ? "MIGRATE_DATABASE_URL" : "DATABASE_URL";
  const url = MIGRATE_DATABASE_URL ?? DATABASE_URL;
  return onDatabase({ variable, url, directory: env.DATA_DIR }, work);
}

/** The same on the database of a URL; `variable` names it in sentences. */
export async function onDatabase<T>(
  where: {
    readonly variable: string;
    readonly url: string | undefined;
    readonly directory: string;
  },
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const { variable, url, directory } = where;
  const run = async () => {
    const database = await openDatabase({
      ...{ url, directory, connections: 1, limits },
      onWarning: console.warn,
    });
    try {
      return await work(database);
    } finally {
      await database.close();
    }
  };
  return explained(variable, run()).catch((error: unknown) => {
    throw error instanceof DatabaseProblem ? new Failure(error.message) : error;
  });
}
