import { z } from "zod";
import { intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";
import { rowId } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { voidInvitation } from "@/lib/store/invitations";

/** Cancels an open invitation (T1). Refuses `not_found` when there is none. */
export const cancelInvitation = defineFlow({
  name: "invitation.cancel",
  kind: "write",
  requires: "staff",
  maxAuthAge: intervals.staffWrite,
  limits: [],
  audited: {
    subject: "nobody",
    refusals: { not_found: [] },
  },
  input: z.strictObject({ id: rowId }),

  run: function cancelInvitation(ctx, { id }) {
    return ctx.write(async (tx) => {
      const email = await voidInvitation(tx, id);
      if (!email) return refuse("not_found");
      ctx.auditSubject({ identifier: email });
      return ok({ email });
    });
  },
});
