import type { Env } from "@/lib/core/env";
import { safePath } from "@/lib/core/safe-path";
import { getWorld } from "@/lib/runtime/world";

/** A return path, if it is one of this origin; otherwise where sign-in leads. No page shows it. */
export const safeNext = (
  next: unknown,
  { afterSignIn }: Pick<Env, "afterSignIn"> = getWorld().env,
) => safePath(next) ?? (afterSignIn.startsWith("/") ? afterSignIn : returnPath);

/** The route that leads back to where a person came from (`lib/web/check/return-to.ts`). */
export const returnPath = "/return";
