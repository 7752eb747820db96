import { sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { rows } from "@/db/rows";
import { bounds } from "@/lib/core/policy";

/**
 * What Postgres does in background processes, which the embedded database lacks. Without checkpoints
 * its WAL grows without a bound; without a vacuum its tables do.
 */

/** The bytes of WAL since the last checkpoint. */
export async function walBytes(db: Db): Promise<number> {
  const [wal] = await rows<{ bytes: number }>(
    db,
    sql`select pg_wal_lsn_diff(pg_current_wal_lsn(), redo_lsn)::float8 as bytes from pg_control_checkpoint()`,
  );
  return wal!.bytes;
}

/** Makes a checkpoint if there are more than `bounds.embeddedWalBytes` of WAL since the last one. */
export async function checkpointIfDue(db: Db): Promise<void> {
  if ((await walBytes(db)) > bounds.embeddedWalBytes) await db.execute(sql`checkpoint`);
}

export async function vacuum(db: Db): Promise<void> {
  await db.execute(sql`vacuum (analyze)`);
}
