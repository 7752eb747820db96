import { z } from "zod";
import { intervals } from "@/lib/core/policy";
import { roles } from "@/lib/core/role";
import { refuse } from "@/lib/core/result";
import { reason, rowId } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { changeRole as change, deleteAllSessions } from "@/lib/store/user-administration";
import { changeAccount, staffNoticeTo } from "./steps";

/** The causes of its events: from which role to which. */
const roleChanges = roles.flatMap((from) => roles.map((to) => `${from}:${to}`));

/**
 * Changes what a user may do (T1). Ends the user's sessions, so that no older one has the new role. The owner
 * is told. Refuses `reason_missing`, `not_found`, `own_account`, `last_admin`, `email_unverified`,
 * `deletion_scheduled`, and `already_done`.
 */
export const changeRole = defineFlow({
  name: "user.change_role",
  kind: "write",
  requires: "admin",
  maxAuthAge: intervals.staffWrite,
  limits: [],
  audited: {
    subject: "user",
    ok: roleChanges,
    refusals: {
      not_found: [],
      own_account: [],
      already_done: roleChanges,
      email_unverified: roleChanges,
      deletion_scheduled: roleChanges,
      last_admin: roleChanges,
    },
  },
  input: z.strictObject({ id: rowId, role: z.enum(roles), reason }),

  run: function changeRole(ctx, { role, ...input }) {
    return changeAccount(
      ctx,
      input,
      (tx, actor, user) => {
        ctx.auditSubject({ cause: `${user.role}:${role}` });
        return change(tx, actor, user.id, role);
      },
      {
        changed: async (tx, user) => {
          await deleteAllSessions(tx, user.id);
          ctx.post({ kind: "role_changed", role, ...staffNoticeTo(ctx, user) });
          return { id: user.id, email: user.email };
        },
        unchanged: (user) => {
          if (user.role === role) return refuse("already_done");
          if (user.deletesAt && role !== "member") return refuse("deletion_scheduled");
          if (!user.emailVerifiedAt && role !== "member") return refuse("email_unverified");
          return refuse("last_admin");
        },
      },
    );
  },
});
