import { z } from "zod";
import { intervals } from "@/lib/core/policy";
import { refuse } from "@/lib/core/result";
import { reason, rowId } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { enableUser as enable } from "@/lib/store/user-administration";
import { actRefusals, changeAccount, staffNoticeTo } from "./steps";

/**
 * Enables an account that was disabled (T1). The owner is told. Refuses `reason_missing`, `not_found`,
 * `own_account`, `staff_account`, and `already_done`.
 */
export const enableUser = defineFlow({
  name: "user.enable",
  kind: "write",
  requires: "staff",
  maxAuthAge: intervals.staffWrite,
  limits: [],
  audited: {
    subject: "user",
    refusals: { ...actRefusals, already_done: [] },
  },
  input: z.strictObject({ id: rowId, reason }),

  run: function enableUser(ctx, input) {
    return changeAccount(ctx, input, (tx, actor) => enable(tx, actor, input.id), {
      changed: async (_, user) => {
        ctx.post({ kind: "account_enabled", ...staffNoticeTo(ctx, user) });
        return { id: user.id, email: user.email };
      },
      unchanged: () => refuse("already_done"),
    });
  },
});
