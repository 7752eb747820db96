import { z } from "zod";
import { ok } from "@/lib/core/result";
import { defineFlow } from "@/lib/runtime/flow";
import { cancelDeletion } from "@/lib/store/deletions";

/** Takes back the deletion of the account that a user has signed in to, if it is to be deleted. */
export const restoreAccount = defineFlow({
  name: "account.restore",
  kind: "write",
  requires: "session",
  isOwnersOnly: true,
  duringDeletion: true,
  limits: [],
  audited: {
    subject: "caller",
    refusals: {},
  },
  input: z.strictObject({}),

  run: function restoreAccount(ctx) {
    return ctx.write(async (tx) => {
      const { userId } = ctx.caller.session;
      ctx.auditSubject({ userId });
      await cancelDeletion(tx, userId);
      return ok({});
    });
  },
});
