import { sql } from "drizzle-orm";
import { row, rows } from "@/db/rows";
import type { TestWorld } from "./world";

/** What tests read from the database directly. */

/**
 * The emails to an address, in order, with their state: "password_reset sent", "sign_up_code dead
 * over_limit".
 */
export const lettersOf = async ({ db }: TestWorld, address: string) =>
  (
    await rows<{ told: string }>(
      db,
      sql`select concat_ws(' ', kind, state, reason) as told from outbox
          where to_address = ${address} order by created_at, kind`,
    )
  ).map(({ told }) => told);

/** The sign-in methods of an address's user, by name; empty without a user. */
export const methodsOf = async ({ db }: TestWorld, address: string) =>
  (
    await rows<{ provider: string }>(
      db,
      sql`select provider from auth_providers join users u on u.id = user_id
          where u.email = ${address} order by 1`,
    )
  ).map(({ provider }) => provider);

/** How many rows a table has. */
export const count = async ({ db }: TestWorld, table: string) =>
  (await row<{ n: number }>(db, sql`select count(*)::int as n from ${sql.identifier(table)}`))!.n;

/** The stored hash of an address's user. */
export const hashOf = async ({ db }: TestWorld, address: string) =>
  (
    await row<{ hash: string | null }>(
      db,
      sql`select password_hash as hash from users where email = ${address}`,
    )
  )?.hash;

/** The purposes of an address's valid links and codes, once for each. */
export const liveSecrets = async ({ db }: TestWorld, address: string) =>
  (
    await rows<{ purpose: string }>(
      db,
      sql`select purpose from verifications where identifier = ${address} and not is_decoy
          and consumed_at is null and voided_at is null and expires_at > now() order by 1`,
    )
  ).map(({ purpose }) => purpose);

/**
 * The same without links that report a sign-in: they only end and lock, so a change of the address leaves
 * them.
 */
export const secretsThatOpen = async (world: TestWorld, address: string) =>
  (await liveSecrets(world, address)).filter((purpose) => purpose !== "sign_in_report");

/** Disables a person's account. */
export const disable = (world: TestWorld, address: string) =>
  world.writeDirectly((tx) =>
    tx.execute(sql`update users set disabled_at = now() where email = ${address}`),
  );

/** Clears the counts of limits, for tests that are not about limits. */
export const forgetLimits = (world: TestWorld) =>
  world.writeDirectly((tx) => tx.execute(sql`delete from limits`));
