import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { rows } from "@/db/rows";
import type { Identifier } from "@/lib/core/identifier";
import { setUpWorld } from "@/test/support/setup";
import { lockAddressAndFindUser, markEmailVerified } from "./users";

const world = await setUpWorld();
const ada = "ada@example.com" as Identifier;

test("fifty first uses at once create one user with one sign-in method, and one reports it (A1, I1, I2)", async () => {
  const verified = await Promise.all(
    Array.from({ length: 50 }, () =>
      world.writeDirectly((tx) => markEmailVerified(tx, ada, { mayCreate: true })),
    ),
  );
  expect(new Set(verified.map((user) => user!.id)).size).toBe(1);
  expect(verified.filter((user) => user!.created)).toHaveLength(1);
  expect(await rows(world.db, sql`select email from users`)).toEqual([{ email: ada }]);
  expect(await rows(world.db, sql`select provider from auth_providers`)).toEqual([
    { provider: "magic_link" },
  ]);
  await recordProof();
});

test("an email stays verified since its first verification", async () => {
  await world.writeDirectly((tx) => markEmailVerified(tx, ada, { mayCreate: true }));
  await world.advance(1000);
  const since = () => rows(world.db, sql`select email_verified_at from users`);
  const first = await since();
  await world.writeDirectly((tx) => markEmailVerified(tx, ada, { mayCreate: false }));
  expect(await since()).toEqual(first);
  await recordProof();
});

test("creates no user where that is not allowed", async () => {
  expect(
    await world.writeDirectly((tx) => markEmailVerified(tx, ada, { mayCreate: false })),
  ).toBeNull();
  expect(await rows(world.db, sql`select 1 from users`)).toEqual([]);
});

test("a second request for the same address waits for the first to end; other addresses do not (L4)", async () => {
  const order: string[] = [];
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  let entered = () => {};
  const inside = new Promise<void>((resolve) => (entered = resolve));
  const first = world.db.transaction(async (tx) => {
    await lockAddressAndFindUser(tx, ada);
    entered();
    await held;
    order.push("first");
  });
  await inside;
  const second = world.db.transaction(async (tx) => {
    await lockAddressAndFindUser(tx, ada);
    order.push("second");
  });
  release();
  await Promise.all([first, second]);
  expect(order).toEqual(["first", "second"]);
});

/** Rows that flows would have written, as the invariants require them. */
const recordProof = () =>
  world.writeDirectly((tx) =>
    tx.execute(sql`insert into audit_events (event, outcome, subject_id, request_id)
      select 'magic_link.redeem', 'ok', id, 'test' from users`),
  );
