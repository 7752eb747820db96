/**
 * `npm run db:status`, `db:migrate`, `db:down`, `db:seed`: inspect and change the database of this
 * environment. They fail at once while a server uses the embedded database.
 */
import type { Database } from "@/db/client";
import { migrateDown, migrateUp, migrationState } from "@/db/migrate";
import { seed } from "@/db/seed";
import { withDatabase } from "./open-database";
import { Failure, main } from "./run.mjs";

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
  console.log(await withDatabase(command));
  return 0;
});
