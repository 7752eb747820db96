import { createHash } from "node:crypto";
import type { Passwords } from "@/lib/runtime/flow";
import { openPasswords } from "@/lib/adapters/passwords";
import { intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";
import type { TestWorld } from "./world";

/** Passwords that hold up to every rule, and no two alike. */
export const sound = "kettle voyage under marble";
export const other = "seven lanterns by the canal";

/** The same world, in which passwords are counted as they are hashed and compared. */
export function counting(world: TestWorld) {
  const work = { hashed: 0, compared: 0 };
  const { passwords } = world;
  const counted: Passwords = {
    ...passwords,
    hash: (password) => ((work.hashed += 1), passwords.hash(password)),
    verify: (kept, password) => ((work.compared += 1), passwords.verify(kept, password)),
  };
  return { world: world.but({ passwords: counted }), work };
}

/** The same world, whose hashes cost nothing: for what is about how many, and not what they are. */
export const cheap = (world: TestWorld) => {
  const hashed = (password: string) =>
    `$argon2id$${createHash("sha256").update(password).digest("base64url")}`;
  return world.but({
    passwords: {
      ...world.passwords,
      hash: (password) => Promise.resolve(ok(hashed(password))),
      verify: (kept, password) =>
        Promise.resolve(ok({ right: kept === hashed(password), outdated: false })),
    },
  });
};

/** The same world, whose hashes are made as in production. */
export const costly = (world: TestWorld) =>
  world.but({ passwords: openPasswords(world.env, world.log) });

/** The same world on a day when too many wait to be hashed. */
export const busy = (world: TestWorld) => {
  const no = () => Promise.resolve(refuse("busy", { retryAfter: intervals.busy }));
  return world.but({ passwords: { ...world.passwords, hash: no, verify: no } });
};

/** The same world, whose hashing has a bug. */
export const broken = (world: TestWorld) => {
  const bug = () => Promise.reject(new Error("Out of memory."));
  return world.but({ passwords: { ...world.passwords, hash: bug, verify: bug } });
};

/** The same world, in which `password` is weighed and hashed already: for races that this would keep apart. */
export async function ready(world: TestWorld, password: string) {
  const hashed = await world.passwords.hash(password);
  const hash = () => Promise.resolve(hashed);
  const weigh = () => Promise.resolve(ok({}));
  return world.but({ passwords: { ...world.passwords, hash, weigh } });
}
