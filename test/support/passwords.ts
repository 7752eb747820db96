import { createHash } from "node:crypto";
import type { Passwords } from "@/lib/runtime/ports";
import { createPasswords } from "@/lib/adapters/passwords";
import { intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";
import type { TestWorld } from "./world";

/** Passwords that satisfy every rule, and no two alike. */
export const validPassword = "kettle voyage under marble";
export const otherPassword = "seven lanterns by the canal";

/** The same world with counts of hashed and compared passwords. */
export function countingHasher(world: TestWorld) {
  const work = { hashed: 0, compared: 0 };
  const { passwords } = world;
  const counted: Passwords = {
    ...passwords,
    hash: (password) => ((work.hashed += 1), passwords.hash(password)),
    verify: (storedHash, password) => (
      (work.compared += 1),
      passwords.verify(storedHash, password)
    ),
  };
  return { world: world.with({ passwords: counted }), work };
}

/** The same world with instant hashes, for tests about how many there are. */
export const fastHasher = (world: TestWorld) => {
  const hashed = (password: string) =>
    `$argon2id$${createHash("sha256").update(password).digest("base64url")}`;
  return world.with({
    passwords: {
      ...world.passwords,
      hash: (password) => Promise.resolve(ok(hashed(password))),
      verify: (storedHash, password) =>
        Promise.resolve(ok({ matches: storedHash === hashed(password), needsRehash: false })),
    },
  });
};

/** The same world with hashes as in production. */
export const slowHasher = (world: TestWorld) =>
  world.with({ passwords: createPasswords(world.env, world.log) });

/** The same world with an overloaded hasher. */
export const overloadedHasher = (world: TestWorld) => {
  const no = () => Promise.resolve(refuse("overloaded", { retryAfter: intervals.overloaded }));
  return world.with({ passwords: { ...world.passwords, hash: no, verify: no } });
};

/** The same world with a bug in its hashing. */
export const failingHasher = (world: TestWorld) => {
  const bug = () => Promise.reject(new Error("Out of memory."));
  return world.with({ passwords: { ...world.passwords, hash: bug, verify: bug } });
};

/**
 * The same world with `password` already checked and hashed: for races that the work would keep
 * apart.
 */
export async function ready(world: TestWorld, password: string) {
  const hashed = await world.passwords.hash(password);
  const hash = () => Promise.resolve(hashed);
  const checkStrength = () => Promise.resolve(ok({}));
  return world.with({ passwords: { ...world.passwords, hash, checkStrength } });
}
