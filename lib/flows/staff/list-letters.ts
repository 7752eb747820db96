import { z } from "zod";
import { bounds, intervals } from "@/lib/core/policy";
import { ok } from "@/lib/core/result";
import { defineFlow } from "@/lib/runtime/flow";
import { queuedMail, selectDeadLetters, selectQueuedLetters } from "@/lib/store/outbox";

/** The emails that wait, and those that were not sent with the reason, for staff (X3). */
export const listLetters = defineFlow({
  name: "outbox.list",
  kind: "read",
  requires: "staff",
  maxAuthAge: intervals.staffRead,
  limits: [],
  input: z.strictObject({}),

  run: async function listLetters(ctx) {
    return ok({
      ...(await queuedMail(ctx.db)),
      queued: await selectQueuedLetters(ctx.db, bounds.listedEmails),
      dead: await selectDeadLetters(ctx.db, bounds.listedEmails),
    });
  },
});
