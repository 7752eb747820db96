import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { isMailDelayed } from "@/lib/store/outbox";
import { findPendingRequest } from "@/lib/store/verifications";
import { ok, refuse } from "@/lib/core/result";

/**
 * What "Check your email" shows: the address this browser asked for, and whether it is done
 * waiting because the link was used here, or, where a sign-up was begun, because somebody signed
 * in to that address here meanwhile. Refuses `not_found` when it waits for nothing.
 */
export const readPendingRequest = defineFlow({
  name: "verification.pending",
  kind: "read",
  requires: "anyone",
  limits: [],
  input: z.strictObject({
    purpose: z.enum(["magic_link", "sign_up", "password_reset", "step_up"]).default("magic_link"),
  }),

  async run(ctx, { purpose }) {
    const pending = await findPendingRequest(ctx.db, purpose, ctx.caller.requestingBrowserDigest);
    if (!pending) return refuse("not_found");
    const { identifier: email, used, ...rest } = pending;
    const mailIsDelayed = await isMailDelayed(ctx.db);
    const done = ctx.caller.session?.email === email && (used || purpose === "sign_up");
    return ok({ ...rest, email, done, mailIsDelayed });
  },
});
