import { afterAll, afterEach, expect } from "vitest";
import type { RefusalCode } from "@/lib/core/errors";
import type { Refusal } from "@/lib/core/result";
import { expectInvariants, expectUniqueIndexes } from "./invariants";
import { openTestWorld, type TestWorld } from "./world";

/**
 * A world for the tests of a file: empty before each of them, held against the invariants after
 * each. Call it once, at the top: `const world = await setUpWorld()`.
 */
export async function setUpWorld(vars?: Record<string, string>): Promise<TestWorld> {
  const world = await openTestWorld(vars);
  // Loads the lists of passwords. Within a flow that could take longer, on a busy machine, than the
  // runner waits for the database.
  await world.passwords.checkStrength("kettle voyage under marble", []);
  afterEach(async () => {
    world.restoreDatabase();
    try {
      await expectInvariants(world);
    } finally {
      await world.reset();
    }
  });
  afterAll(async () => {
    await expectUniqueIndexes(world);
    await world.close();
  });
  return world;
}

/** What a refused person gets; for `toEqual`. */
export const refused = (code: RefusalCode, more: Partial<Refusal> = {}) => ({
  ok: false,
  refusal: expect.objectContaining({ code, ...more }) as Refusal,
});
