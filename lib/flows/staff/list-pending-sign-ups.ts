import { z } from "zod";
import { bounds, intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";
import { pageOf, rowsForPage } from "@/lib/flows/shared/page";
import { rowId } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { selectPendingSignUps } from "@/lib/store/sign-ups";
import { hasPurpose } from "@/lib/store/verifications";

/**
 * The sign-ups whose address is not verified yet, the newest first, in pages of `bounds.pendingSignUps`, for
 * staff (T1). `after` is the `next` of the page before. Refuses `invalid_input` for an `after` of no sign-up.
 */
export const listPendingSignUps = defineFlow({
  name: "pending_sign_up.list",
  kind: "read",
  requires: "staff",
  maxAuthAge: intervals.staffRead,
  limits: [],
  input: z.strictObject({ after: rowId.optional() }),

  run: async function listPendingSignUps(ctx, { after }) {
    if (after && !(await hasPurpose(ctx.db, after, "sign_up"))) return refuse("invalid_input");
    const most = rowsForPage(bounds.pendingSignUps);
    const { signUpAttempt: lifetime } = ctx.env.lifetimes;
    const found = await selectPendingSignUps(ctx.db, { lifetime, after: after ?? null, most });
    const { page: signUps, next } = pageOf(found, bounds.pendingSignUps);
    return ok({ signUps, next });
  },
});
