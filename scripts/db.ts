/**
 * `npm run db:status`, `db:migrate`, `db:down`, `db:seed`, `db:copy`: inspect, change and copy the database
 * of this environment. They fail at once while a server uses the embedded database.
 */
import type { Database } from "@/db/client";
import { copyDatabase } from "@/db/copy";
import { migrateDown, migrateUp, migrationState } from "@/db/migrate";
import { seed } from "@/db/seed";
import { onDatabase, withDatabase } from "./open-database";
import { readOptions } from "./options";
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
  async copy({ db: source, kind }) {
    const { to } = readOptions(process.argv.slice(3), { to: { type: "string" } });
    if (!to) throw new Failure("Name the target: npm run db:copy -- --to postgres://…");
    const tables = await onDatabase({ variable: "--to", url: to, directory: "" }, ({ db }) =>
      copyDatabase(source, db),
    );
    const widest = Math.max(...tables.map(({ name }) => name.length));
    return [
      "Copied and compared, in rows:",
      ...tables.map(({ name, rows }) => `  ${name.padEnd(widest)}  ${rows}`),
      "The database that was copied is unchanged. What is written to it from now on is not in the copy.",
      "The keys are not in a database: keep keys.json in DATA_DIR, or set the same keys in the environment.",
      kind === "pglite"
        ? "To use the copy, set DATABASE_URL to the target and start the server."
        : "To use the copy, set DATABASE_URL to the target and restart every server.",
    ].join("\n");
  },
};

await main(async () => {
  const command = commands[process.argv[2] ?? ""];
  if (!command) throw new Failure(`One of: ${Object.keys(commands).join(", ")}`);
  console.log(await withDatabase(command));
  return 0;
});
