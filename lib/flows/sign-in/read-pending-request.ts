import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { isMailDelayed } from "@/lib/store/outbox";
import { findPendingRequest, type Purpose } from "@/lib/store/verifications";
import type { MethodId } from "@/lib/core/method-id";
import { magicLinkMethod } from "@/lib/methods/magic-link";
import { passwordMethod } from "@/lib/methods/password";
import { ok, refuse } from "@/lib/core/result";

/** The method that the email of a purpose is for. Every user can confirm their identity by email. */
const methodOf = {
  magic_link: magicLinkMethod.id,
  sign_up: passwordMethod.id,
  password_reset: passwordMethod.id,
  step_up: null,
} as const satisfies Partial<Record<Purpose, MethodId | null>>;

/**
 * What "Check your email" shows: the address of this browser's last request, and whether the wait is over,
 * because the link was used in this browser or, for a sign-up, because the user signed in to that address
 * meanwhile. A request that was used elsewhere, or cancelled, says so, unless that would tell a stranger
 * that the address has an account. With `isRepeatable` this browser may enter its used code again, because
 * the response may have been lost. Refuses `not_found` without one, and where the method is disabled.
 */
export const readPendingRequest = defineFlow({
  name: "verification.pending",
  kind: "read",
  requires: "anyone",
  method: ({ purpose }) => methodOf[purpose],
  limits: [],
  input: z.strictObject({
    purpose: z.enum(["magic_link", "sign_up", "password_reset", "step_up"]).default("magic_link"),
  }),

  run: async function readPendingRequest(ctx, { purpose }) {
    const pending = await findPendingRequest(ctx.db, purpose, ctx.caller);
    if (!pending) return refuse("not_found");
    const { identifier: email, state: ended, usedHere, fromKnownDevice, ...rest } = pending;
    const mailIsDelayed = await isMailDelayed(ctx.db);
    const isOwn = ctx.caller.session?.email === email;
    // Of an address without an account nothing can be used or cancelled, except where it signs up (L8).
    const signsUp = purpose === "magic_link" && ctx.env.signUp === "open";
    const state = isOwn || fromKnownDevice || usedHere || signsUp ? ended : "waiting";
    const done = isOwn && (state === "used" || purpose === "sign_up");
    return ok({ ...rest, email, state, done, mailIsDelayed });
  },
});
