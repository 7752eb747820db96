import { z } from "zod";
import { bounds, intervals } from "@/lib/core/policy";
import { ok } from "@/lib/core/result";
import { magicLinkMethod } from "@/lib/methods/magic-link";
import { defineFlow } from "@/lib/runtime/flow";
import { selectInvitations } from "@/lib/store/invitations";

/** The open invitations, for staff (T1). */
export const listInvitations = defineFlow({
  name: "invitation.list",
  kind: "read",
  requires: "staff",
  maxAuthAge: intervals.staffRead,
  method: magicLinkMethod.id,
  limits: [],
  input: z.strictObject({}),

  run: async function listInvitations(ctx) {
    return ok(await selectInvitations(ctx.db, bounds.listedInvitations));
  },
});
