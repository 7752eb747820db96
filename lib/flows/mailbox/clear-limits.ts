import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { ok } from "@/lib/core/result";

/** Clears all limits, for trying things out in local development. Refuses `not_found` elsewhere (X1). */
export const clearLimits = defineFlow({
  name: "mailbox.clear_limits",
  kind: "write",
  requires: "local",
  limits: [],
  audited: {
    subject: "nobody",
    refusals: {},
  },
  input: z.strictObject({}),

  run: async function clearLimits(ctx) {
    await ctx.local?.clearLimits();
    return ctx.write(async () => ok({}));
  },
});
