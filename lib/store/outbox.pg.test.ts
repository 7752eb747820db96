import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { setUpWorld } from "@/test/support/setup";
import { leaseDueLetters } from "./outbox";

const world = await setUpWorld();
const budget = 1_000;

test("a worker whose statement began before another one's leases none of its letters", async () => {
  await new Browser(world).requestLink("ada@example.com");
  await world.db.transaction(async (earlier) => {
    // From here on its time stands still.
    await earlier.execute(sql`select now()`);
    expect(await leaseDueLetters(world.db, budget)).toHaveLength(1);
    expect(await leaseDueLetters(earlier, budget)).toEqual([]);
  });
});
