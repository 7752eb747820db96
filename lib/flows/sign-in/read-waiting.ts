import { z } from "zod";
import { defineFlow } from "@/lib/flow";
import { isMailSlow } from "@/lib/identity/outbox";
import { findWaiting } from "@/lib/identity/verifications";
import { ok, refuse } from "@/lib/result";

/**
 * What "Check your email" shows: the address this browser asked for, and whether it is done
 * waiting because the link was used here. Refuses `not_found` when it waits for nothing.
 */
export const readWaiting = defineFlow({
  name: "magic_link.wait",
  kind: "read",
  requires: "anyone",
  limits: [],
  input: z.strictObject({}),

  async run(ctx) {
    const waiting = await findWaiting(ctx.db, "magic_link", ctx.caller.askingDigest);
    if (!waiting) return refuse("not_found");
    const { identifier: email, used, ...rest } = waiting;
    const mailIsSlow = await isMailSlow(ctx.db);
    const done = used && ctx.caller.session?.email === email;
    return ok({ ...rest, email, done, mailIsSlow });
  },
});
