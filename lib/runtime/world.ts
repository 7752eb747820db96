import type { World } from "./flow";

/** The world of this process. Bundles are many, the process is one: so it hangs on the global object. */
const slot = globalThis as { [key: symbol]: World | undefined };
const place = Symbol.for("latchkey.world");

/** The running world. Only after `openWorld`, which `instrumentation.ts` waits for. */
export function theWorld(): World {
  const world = slot[place];
  if (!world) throw new Error("The world is not open: instrumentation.ts opens it at start.");
  return world;
}

/** From now on it is there for everybody. Apart from what opens it, which pages need not carry. */
export function settle(world: World): void {
  slot[place] = world;
}
