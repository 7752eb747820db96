import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { listWithheld } from "@/lib/store/outbox";
import { ok } from "@/lib/core/result";

/** The local mailbox: what was sent, and what was withheld and why. Refuses `not_found` elsewhere (X1). */
export const readMailbox = defineFlow({
  name: "mailbox.read",
  kind: "read",
  requires: "local",
  limits: [],
  input: z.strictObject({}),

  async run(ctx) {
    const sent = (await ctx.mailbox?.letters()) ?? [];
    return ok({ sent, withheld: await listWithheld(ctx.db) });
  },
});
