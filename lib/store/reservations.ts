import { type SQL, sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { rows } from "@/db/rows";
import { emailChanges } from "@/db/schema";
import type { Identifier } from "@/lib/core/identifier";

/** A change of an address that can still be undone: until then the old address stays reserved. */
export const canBeUndone = sql`applied_at is not null and undone_at is null and reserved_until > now()`;

/** The user for whom an address is reserved; a part of a larger statement. */
export const reservationOf = (identifier: Identifier | SQL | null): SQL => sql`
  select user_id from ${emailChanges} where old_email = ${identifier} and ${canBeUndone} limit 1`;

/** Whether nobody can get an account with an address; a part of a larger statement. */
export const isReserved = (identifier: Identifier | null): SQL =>
  sql`exists (${reservationOf(identifier)})`;

/** The addresses that a user had before changes that can still be undone. */
export async function selectReservedAddresses(db: Db, userId: string): Promise<Identifier[]> {
  const found = await rows<{ email: Identifier }>(
    db,
    sql`select distinct old_email as email from ${emailChanges}
      where user_id = ${userId}::uuid and ${canBeUndone}`,
  );
  return found.map(({ email }) => email);
}
