import { z } from "zod";
import { ok } from "@/lib/core/result";
import { defineFlow } from "@/lib/runtime/flow";
import { readMethodsLock as readLock } from "@/lib/store/sign-in-reports";

/**
 * Until when a report has locked the sign-in methods, and whether this device may lift that. Refuses
 * `sign_in_required`.
 */
export const readMethodsLock = defineFlow({
  name: "methods.read_lock",
  kind: "read",
  requires: "session",
  limits: [],
  input: z.strictObject({}),

  run: async function readMethodsLock(ctx) {
    const { session, deviceDigest } = ctx.caller;
    return ok(await readLock(ctx.db, session.userId, deviceDigest));
  },
});
