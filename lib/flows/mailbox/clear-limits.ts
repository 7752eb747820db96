import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { ok } from "@/lib/core/result";

/** Forgets every count, for whoever tries Latchkey on their own machine. Refuses `not_found` elsewhere (X1). */
export const clearLimits = defineFlow({
  name: "mailbox.clear_limits",
  kind: "write",
  requires: "local",
  limits: [],
  input: z.strictObject({}),

  async run(ctx) {
    await ctx.mailbox?.clearLimits();
    return ctx.write(async () => ok({}));
  },
});
