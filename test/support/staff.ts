import { eq } from "drizzle-orm";
import type { z } from "zod";
import { users } from "@/db/schema";
import type { Role } from "@/lib/core/role";
import type { Result } from "@/lib/core/result";
import { commandLineContext } from "@/lib/runtime/command-line";
import type { Flow, Requires } from "@/lib/runtime/flow";
import { runFlow } from "@/lib/runtime/run-flow";
import { Browser } from "./browser";
import type { TestWorld } from "./world";

/** Gives a user a role, as if somebody else had. */
export const setRole = (world: TestWorld, email: string, role: Role) =>
  world.writeDirectly((tx) => tx.update(users).set({ role }).where(eq(users.email, email)));

/** The browser of a member of staff who has just signed in. */
export async function staffBrowser(
  world: TestWorld,
  role: Exclude<Role, "member">,
  email = `${role}@example.com`,
): Promise<Browser> {
  const browser = new Browser(world);
  await browser.signIn(email);
  await setRole(world, email, role);
  return browser;
}

/** Runs a flow as `npm run admin` does. */
export async function runOnCommandLine<Schema extends z.ZodType, Out, R extends Requires>(
  world: TestWorld,
  flow: Flow<Schema, Out, R>,
  input: unknown,
): Promise<Result<Out>> {
  const { result } = await runFlow(world, flow, commandLineContext("a command"), input);
  return result;
}
