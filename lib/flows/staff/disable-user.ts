import { z } from "zod";
import { intervals } from "@/lib/core/policy";
import { refuse } from "@/lib/core/result";
import { reason, rowId } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { deleteAllSessions, disableUser as disable } from "@/lib/store/user-administration";
import { actRefusals, changeAccount, staffNoticeTo } from "./steps";

/**
 * Disables an account and ends its sessions at once (T1, S5). The owner is told. Refuses `reason_missing`,
 * `not_found`, `own_account`, `staff_account`, `last_admin`, and `already_done`.
 */
export const disableUser = defineFlow({
  name: "user.disable",
  kind: "write",
  requires: "staff",
  maxAuthAge: intervals.staffWrite,
  limits: [],
  audited: {
    subject: "user",
    refusals: { ...actRefusals, last_admin: [], already_done: [] },
  },
  input: z.strictObject({ id: rowId, reason }),

  run: function disableUser(ctx, input) {
    return changeAccount(ctx, input, (tx, actor) => disable(tx, actor, input.id), {
      changed: async (tx, user) => {
        await deleteAllSessions(tx, user.id);
        ctx.post({ kind: "account_disabled", ...staffNoticeTo(ctx, user) });
        return { id: user.id, email: user.email };
      },
      unchanged: ({ role, disabledAt }) =>
        refuse(role === "admin" && !disabledAt ? "last_admin" : "already_done"),
    });
  },
});
