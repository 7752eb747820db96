import type { SQL } from "drizzle-orm";
import type { Db } from "./client";

/**
 * Runs a statement written as SQL and returns its rows on both drivers: postgres.js returns the rows,
 * PGlite an object that contains them. Times arrive as text, so select them as seconds.
 */
export async function rows<Row>(db: Db, query: SQL): Promise<Row[]> {
  const response = (await db.execute(query)) as unknown as Row[] | { rows: Row[] };
  return Array.isArray(response) ? response : response.rows;
}

/** The first row of `rows`, for statements that return one or none. */
export async function row<Row>(db: Db, query: SQL): Promise<Row | undefined> {
  return (await rows<Row>(db, query))[0];
}
