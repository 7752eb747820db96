import { z } from "zod";
import { bounds, intervals } from "@/lib/core/policy";
import { ok } from "@/lib/core/result";
import { defineFlow } from "@/lib/runtime/flow";
import { selectPendingSignUps } from "@/lib/store/sign-ups";

/** The newest sign-ups whose address is not verified yet, for staff (T1). */
export const listPendingSignUps = defineFlow({
  name: "pending_sign_up.list",
  kind: "read",
  requires: "staff",
  maxAuthAge: intervals.staffRead,
  limits: [],
  input: z.strictObject({}),

  run: async function listPendingSignUps(ctx) {
    return ok(await selectPendingSignUps(ctx.db, bounds.pendingSignUps));
  },
});
