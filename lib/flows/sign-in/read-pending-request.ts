import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { isMailDelayed } from "@/lib/store/outbox";
import { findPendingRequest } from "@/lib/store/verifications";
import { ok, refuse } from "@/lib/core/result";

/**
 * What "Check your email" shows: the address of this browser's last request, and whether the wait is over,
 * because the link was used in this browser or, for a sign-up, because the user signed in to that address
 * meanwhile. A request that was used elsewhere, or cancelled, says so. Refuses `not_found` without one.
 */
export const readPendingRequest = defineFlow({
  name: "verification.pending",
  kind: "read",
  requires: "anyone",
  limits: [],
  input: z.strictObject({
    purpose: z.enum(["magic_link", "sign_up", "password_reset", "step_up"]).default("magic_link"),
  }),

  run: async function readPendingRequest(ctx, { purpose }) {
    const pending = await findPendingRequest(ctx.db, purpose, ctx.caller.requestingBrowserDigest);
    if (!pending) return refuse("not_found");
    const { identifier: email, ...rest } = pending;
    const mailIsDelayed = await isMailDelayed(ctx.db);
    const done =
      ctx.caller.session?.email === email && (rest.state === "used" || purpose === "sign_up");
    return ok({ ...rest, email, done, mailIsDelayed });
  },
});
