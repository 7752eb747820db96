import type { SQL } from "drizzle-orm";
import type { Db } from "./client";

/**
 * Runs a statement written as SQL and returns its rows, alike on both drivers (postgres.js answers
 * with the rows, PGlite with an object around them). Times come back as text: ask for seconds.
 */
export async function rows<Row>(db: Db, query: SQL): Promise<Row[]> {
  const response = (await db.execute(query)) as unknown as Row[] | { rows: Row[] };
  return Array.isArray(response) ? response : response.rows;
}

/** The first row of `rows`, for statements that return one or none. */
export async function row<Row>(db: Db, query: SQL): Promise<Row | undefined> {
  return (await rows<Row>(db, query))[0];
}
