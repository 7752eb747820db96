import { TransactionRollbackError } from "drizzle-orm/errors";
import { sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { databaseCauseOf } from "@/lib/core/database-error";
import { seconds } from "@/lib/core/duration";
import { bounds } from "@/lib/core/policy";
import type { KeyedLimit } from "@/lib/runtime/ports";
import { postgresLimiter } from "./postgres-limiter";

const probe: KeyedLimit = {
  limit: { rule: "readiness", max: 1, per: seconds(1) },
  keyHash: "probe",
  effect: "reject",
};

/** Rejects when the database cannot be written to. Changes nothing. */
export const tryToWrite = (db: Db) => rolledBack(db, (tx) => postgresLimiter(tx).consume([probe]));

/**
 * A full disk refuses new pages, and which statement needs one is chance. So this creates a table and
 * rolls it back. Without the right to create temporary tables it finds nothing.
 */
export const tryToGrow = (db: Db) =>
  rolledBack(db, (tx) =>
    tx.execute(
      sql`create temporary table latchkey_readiness on commit drop as select generate_series(1, ${bounds.diskProbeRows}::int) as n`,
    ),
  ).catch((error: unknown) => {
    if (databaseCauseOf(error).code !== insufficientPrivilege) throw error;
  });

const insufficientPrivilege = "42501";

/** Runs a statement and rolls it back. */
async function rolledBack(db: Db, work: (tx: Db) => Promise<unknown>): Promise<void> {
  const run = db.transaction(async (tx) => {
    await work(tx);
    tx.rollback();
  });
  await run.catch((error: unknown) => {
    if (!(error instanceof TransactionRollbackError)) throw error;
  });
}
