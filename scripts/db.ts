/**
 * `npm run db:status`, `db:migrate`, `db:down`, `db:seed`: inspect and change the database of this
 * environment. They fail at once while a server uses the embedded database.
 */
import { type Database, openDatabase } from "@/db/client";
import { migrateDown, migrateUp, pendingMigrations } from "@/db/migrate";
import { seed } from "@/db/seed";
import { databaseLimits } from "@/lib/core/policy";
import { Failure, main } from "./run.mjs";
import { readSettings } from "./settings.mjs";

const commands: Record<string, (database: Database) => Promise<string>> = {
  async status({ db }) {
    const names = await pendingMigrations(db);
    return names.length === 0 ? "No migration is pending." : `Pending:\n  ${names.join("\n  ")}`;
  },
  async migrate({ db }) {
    const names = await migrateUp(db);
    return names.length === 0 ? "Nothing to do." : `Applied:\n  ${names.join("\n  ")}`;
  },
  async down({ db }) {
    const name = await migrateDown(db);
    return name ? `Taken back: ${name}` : "There is nothing to take back.";
  },
  async seed({ db }) {
    return `There are now: ${(await seed(db)).join(", ")}`;
  },
};

await main(async () => {
  const command = commands[process.argv[2] ?? ""];
  if (!command) throw new Failure(`One of: ${Object.keys(commands).join(", ")}`);
  const { env } = readSettings();
  const { MIGRATE_DATABASE_URL, DATABASE_URL }: Record<string, string | undefined> = env;
  const database = await openDatabase({
    url: MIGRATE_DATABASE_URL ?? DATABASE_URL,
    directory: env.DATA_DIR,
    connections: 1,
    limits: { statement: databaseLimits.migration },
  }).catch((error: Error) => {
    throw new Failure(error.message);
  });
  try {
    console.log(await command(database));
  } finally {
    await database.close();
  }
  return 0;
});
