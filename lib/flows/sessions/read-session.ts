import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { ok } from "@/lib/core/result";

/** The session of this browser, or null. One statement, or none without a cookie. */
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
