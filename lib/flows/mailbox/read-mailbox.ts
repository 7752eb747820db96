import { z } from "zod";
import { defineFlow } from "@/lib/flow";
import { listWithheld } from "@/lib/identity/outbox";
import { ok } from "@/lib/result";

/** The local mailbox: what was sent, and what was withheld and why. Refuses `not_found` elsewhere (X1). */
export const readMailbox = defineFlow({
  name: "mailbox.read",
  kind: "read",
  requires: "mailbox",
  limits: [],
  input: z.strictObject({}),

  async run(ctx) {
    const sent = (await ctx.mailbox?.letters()) ?? [];
    return ok({ sent, withheld: await listWithheld(ctx.db) });
  },
});
