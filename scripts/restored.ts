/**
 * `npm run restored -- --yes`, after a backup was restored: ends what the backup brings back of the
 * past. Without `--yes` it prints what it would end.
 */
import { randomUUID } from "node:crypto";
import {
  type BroughtBack,
  countBroughtBack,
  endBroughtBack,
  isNothing,
} from "@/lib/store/restored-backup";
import { withDatabase } from "./open-database";
import { Failure, main } from "./run.mjs";

const inWords = (found: BroughtBack) =>
  [
    `  sessions:                  ${found.sessions}`,
    `  links and codes:           ${found.verifications}`,
    `  sign-ins with a provider:  ${found.oauthAttempts}`,
    `  changes of an address:     ${found.emailChanges}`,
    `  queued emails:             ${found.letters}`,
  ].join("\n");

await main(() =>
  withDatabase(async ({ db }) => {
    const found = await countBroughtBack(db);
    if (isNothing(found)) console.log("Nothing is left to end.");
    else if (!process.argv.includes("--yes"))
      throw new Failure(
        `This would end, for everybody:\n${inWords(found)}\nNothing was changed. To do it: npm run restored -- --yes`,
      );
    else
      console.log(
        `Ended:\n${inWords(await endBroughtBack(db, randomUUID()))}\nEverybody has to sign in again.`,
      );
    return 0;
  }),
);
