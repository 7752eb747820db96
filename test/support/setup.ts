import { afterAll, afterEach, expect } from "vitest";
import type { RefusalCode } from "@/lib/core/errors";
import type { Refusal } from "@/lib/core/result";
import { expectAuditedAsDeclared } from "./audited";
import { expectInvariants, expectUniqueIndexes } from "./invariants";
import { openTestWorld, type TestWorld } from "./world";

/**
 * A world for the tests of a file: emptied before each of them, checked against the invariants
 * after each. Call it once, at the top: `const world = await setUpWorld()`.
 */
export async function setUpWorld(vars?: Record<string, string>): Promise<TestWorld> {
  const world = await openTestWorld(vars, { reuse: true });
  // Loads the lists of passwords. On a busy machine, loading them within a flow could exceed the
  // flow's timeout.
  await world.passwords.checkStrength("kettle voyage under marble", []);
  afterEach(async () => {
    world.restoreDatabase();
    try {
      await expectInvariants(world);
      await expectAuditedAsDeclared(world);
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

/** The result of a refusal; for `toEqual`. */
export const refused = (
  code: RefusalCode,
  more: Omit<Partial<Refusal>, "provider"> & { readonly provider?: string } = {},
) => ({
  ok: false,
  refusal: expect.objectContaining({ code, ...more }) as Refusal,
});
