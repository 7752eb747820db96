import { z } from "zod";
import { intervals } from "@/lib/core/policy";
import { refuse } from "@/lib/core/result";
import { reason, rowId } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { deleteAllSessions, lockUserFor } from "@/lib/store/user-administration";
import { actRefusals, changeAccount } from "./steps";

/**
 * Signs a user out everywhere, and forgets the known devices (T1, R6). Refuses `reason_missing`,
 * `not_found`, `own_account` and `staff_account`.
 */
export const revokeUserSessions = defineFlow({
  name: "user.revoke_sessions",
  kind: "write",
  requires: "staff",
  maxAuthAge: intervals.staffWrite,
  limits: [],
  audited: {
    subject: "user",
    refusals: { ...actRefusals },
  },
  input: z.strictObject({ id: rowId, reason }),

  run: function revokeUserSessions(ctx, input) {
    return changeAccount(ctx, input, (tx, actor) => lockUserFor(tx, actor, input.id), {
      changed: async (tx, { id, email }) => {
        await deleteAllSessions(tx, id);
        return { id, email };
      },
      unchanged: () => refuse("not_found"),
    });
  },
});
