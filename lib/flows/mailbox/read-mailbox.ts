import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { listWithheld } from "@/lib/store/outbox";
import { ok } from "@/lib/core/result";

/**
 * The local mailbox: the emails that were sent, and those that were withheld with the reason. Refuses
 * `not_found` elsewhere (X1).
 */
export const readMailbox = defineFlow({
  name: "mailbox.read",
  kind: "read",
  requires: "local",
  limits: [],
  input: z.strictObject({}),

  run: async function readMailbox(ctx) {
    const sent = (await ctx.local?.letters()) ?? [];
    return ok({ sent, withheld: await listWithheld(ctx.db) });
  },
});
