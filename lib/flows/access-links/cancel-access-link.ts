import { z } from "zod";
import { intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";
import { rowId } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { voidAccessLinks } from "@/lib/store/access-links";

/**
 * Voids an access link before it is used, whoever of the staff has sent it (T2). Refuses `not_found` for a
 * link that is used, void or of another user.
 */
export const cancelAccessLink = defineFlow({
  name: "access_link.cancel",
  kind: "write",
  requires: "staff",
  maxAuthAge: intervals.staffWrite,
  limits: [],
  audited: {
    subject: "user",
    refusals: { not_found: [] },
  },
  input: z.strictObject({ userId: rowId, id: rowId }),

  run: function cancelAccessLink(ctx, { userId, id }) {
    return ctx.write(async (tx) => {
      ctx.auditSubject({ userId });
      return (await voidAccessLinks(tx, userId, id)) > 0 ? ok({ id: userId }) : refuse("not_found");
    });
  },
});
