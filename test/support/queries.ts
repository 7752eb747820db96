import { sql } from "drizzle-orm";
import { row, rows } from "@/db/rows";
import type { TestWorld } from "./world";

/** What tests look at behind the product's back. */

/** What an address was written, in order, and what became of it: "password_reset sent", "sign_up_code dead over_limit". */
export const lettersOf = async ({ db }: TestWorld, address: string) =>
  (
    await rows<{ told: string }>(
      db,
      sql`select concat_ws(' ', kind, state, reason) as told from outbox
          where to_address = ${address} order by created_at, kind`,
    )
  ).map(({ told }) => told);

/** The ways in of an address's user, by name; empty where nobody has it. */
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

/** The kept hash of an address's user. */
export const hashOf = async ({ db }: TestWorld, address: string) =>
  (
    await row<{ hash: string | null }>(
      db,
      sql`select password_hash as hash from users where email = ${address}`,
    )
  )?.hash;

/** Purposes of what can still be spent for an address, each as often as it is there. */
export const liveSecrets = async ({ db }: TestWorld, address: string) =>
  (
    await rows<{ purpose: string }>(
      db,
      sql`select purpose from verifications where identifier = ${address} and not is_decoy
          and consumed_at is null and voided_at is null and expires_at > now() order by 1`,
    )
  ).map(({ purpose }) => purpose);

/** Switches a person's account off. */
export const disable = (world: TestWorld, address: string) =>
  world.writeDirectly((tx) =>
    tx.execute(sql`update users set disabled_at = now() where email = ${address}`),
  );

/** Forgets what was counted; where what is asked is not how often. */
export const forgetLimits = (world: TestWorld) =>
  world.writeDirectly((tx) => tx.execute(sql`delete from limits`));
