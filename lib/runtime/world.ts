import type { World } from "./ports";

/** On the global object, because Next loads this module once per bundle. */
const holder = globalThis as { [key: symbol]: World | undefined };
const worldSymbol = Symbol.for("latchkey.world");

/** The world of this process. Throws before `createWorld` has set it. */
export function getWorld(): World {
  const world = holder[worldSymbol];
  if (!world) throw new Error("The world is not set: instrumentation.ts creates it at start.");
  return world;
}

export function setWorld(world: World): void {
  holder[worldSymbol] = world;
}
