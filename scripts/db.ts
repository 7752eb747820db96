/**
 * `npm run db:status`, `db:migrate`, `db:down`, `db:seed`: inspect and change the database of this
 * environment. They fail at once while a server uses the embedded database.
 */
import { type Database, openDatabase } from "@/db/client";
import { DatabaseProblem, explained } from "@/db/explain-error";
import { migrateDown, migrateUp, migrationState } from "@/db/migrate";
import { seed } from "@/db/seed";
import { databaseLimits } from "@/lib/core/policy";
import { Failure, main } from "./run.mjs";
import { readSettings } from "./settings.mjs";

const onWait = () =>
  console.log("Another instance migrates this database. Waiting until it has finished …");

const commands: Record<string, (database: Database) => Promise<string>> = {
  async status({ db }) {
    const { pending, unknown, isTooNew } = await migrationState(db);
    const sentences = [
      pending.length === 0 ? "No migration is pending." : `Pending:\n  ${pending.join("\n  ")}`,
    ];
    if (unknown.length > 0)
      sentences.push(
        `Unknown to this release, made at:\n  ${unknown.join("\n  ")}`,
        isTooNew
          ? "This release cannot run on them: run the release that made them."
          : "This release can run on them.",
      );
    return sentences.join("\n");
  },
  async migrate({ db }) {
    const names = await migrateUp(db, { onWait });
    return names.length === 0 ? "Nothing to do." : `Applied:\n  ${names.join("\n  ")}`;
  },
  async down({ db }) {
    const name = await migrateDown(db, { onWait });
    return name ? `Taken back: ${name}` : "There is nothing to take back.";
  },
  async seed({ db }) {
    return `There are now: ${(await seed(db)).join(", ")}`;
  },
};

await main(async () => {
  const command = commands[process.argv[2] ?? ""];
  if (!command) throw new Failure(`One of: ${Object.keys(commands).join(", ")}`);
  const { env, notes } = readSettings();
  for (const note of notes) console.warn(note);
  const { MIGRATE_DATABASE_URL, DATABASE_URL }: Record<string, string | undefined> = env;
  const variable = MIGRATE_DATABASE_URL ? "MIGRATE_DATABASE_URL" : "DATABASE_URL";
  const run = async () => {
    const database = await openDatabase({
      url: MIGRATE_DATABASE_URL ?? DATABASE_URL,
      directory: env.DATA_DIR,
      connections: 1,
      limits: { statement: databaseLimits.migration },
      onWarning: console.warn,
    });
    try {
      console.log(await command(database));
    } finally {
      await database.close();
    }
  };
  await explained(variable, run()).catch((error: unknown) => {
    throw error instanceof DatabaseProblem ? new Failure(error.message) : error;
  });
  return 0;
});
