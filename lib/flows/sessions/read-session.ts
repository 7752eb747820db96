import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { ok } from "@/lib/core/result";

/**
 * The session of this browser, or null. One statement, or none without a cookie. Where it is shown to other
 * applications, `activeSession` counts one of an account that will be erased as none.
 */
export const readSession = defineFlow({
  name: "session.read",
  kind: "read",
  requires: "anyone",
  limits: [],
  input: z.strictObject({}),

  run: async function readSession(ctx) {
    return ok(ctx.caller.session);
  },
});
