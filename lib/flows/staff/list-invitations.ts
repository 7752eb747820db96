import { z } from "zod";
import { bounds, intervals, lifetimes } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";
import { pageOf, rowsForPage } from "@/lib/flows/shared/page";
import { magicLinkMethod } from "@/lib/methods/magic-link";
import { rowId } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { selectInvitations } from "@/lib/store/invitations";
import { hasPurpose } from "@/lib/store/verifications";

/**
 * The open invitations, the newest first, in pages of `bounds.listedInvitations`, for staff (T1). `after` is
 * the `next` of the page before. Refuses `invalid_input` for an `after` of no invitation.
 */
export const listInvitations = defineFlow({
  name: "invitation.list",
  kind: "read",
  requires: "staff",
  maxAuthAge: intervals.staffRead,
  method: magicLinkMethod.id,
  limits: [],
  input: z.strictObject({ after: rowId.optional() }),

  run: async function listInvitations(ctx, { after }) {
    if (after && !(await hasPurpose(ctx.db, after, "invitation"))) return refuse("invalid_input");
    const most = rowsForPage(bounds.listedInvitations);
    const { invitation: lifetime } = lifetimes;
    const found = await selectInvitations(ctx.db, { lifetime, after: after ?? null, most });
    const { page: invitations, next } = pageOf(found, bounds.listedInvitations);
    return ok({ invitations, next });
  },
});
