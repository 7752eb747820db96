import type { World } from "./ports";

/** The world of this process. Bundles are many, the process is one: so it hangs on the global object. */
const holder = globalThis as { [key: symbol]: World | undefined };
const worldSymbol = Symbol.for("latchkey.world");

/** The running world. Only after `openWorld`, which `instrumentation.ts` waits for. */
export function getWorld(): World {
  const world = holder[worldSymbol];
  if (!world) throw new Error("The world is not open: instrumentation.ts opens it at start.");
  return world;
}

/** From now on it is there for everybody. Apart from what opens it, which pages need not carry. */
export function setWorld(world: World): void {
  holder[worldSymbol] = world;
}
