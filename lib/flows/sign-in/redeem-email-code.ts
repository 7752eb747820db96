import { z } from "zod";
import { defineFlow } from "@/lib/flow";
import { code, email } from "@/lib/flows/fields";
import { acceptMailboxProof } from "@/lib/identity/mailbox-proof";
import { consumeCode } from "@/lib/identity/verifications";
import { refuse } from "@/lib/result";

/**
 * Signs in by the code from the mail, in the browser that asked for it. The budgets are those of
 * the address, whether it has an account or not (R3); naming another address gains nothing, as the
 * code is looked for under the named one. Refuses `code_wrong` (also for expired and unknown),
 * `code_tries_spent`, and after the proof `sign_up_closed` or `account_disabled`.
 */
export const redeemEmailCode = defineFlow({
  name: "email_code.redeem",
  kind: "write",
  requires: "anyone",
  concerns: ({ email }) => email,
  limits: [
    { limit: "pressesPerIp", effect: "loud", key: (_, { network }) => network },
    {
      limit: "codesPerHour",
      effect: "loud",
      refusal: "code_tries_spent",
      key: ({ email }) => `magic_link ${email}`,
    },
    {
      limit: "codesPerDay",
      effect: "loud",
      refusal: "code_tries_spent",
      key: ({ email }) => `magic_link ${email}`,
    },
  ],
  input: z.strictObject({ email, code }),

  run: (ctx, { email, code }) =>
    ctx.write(async (tx) => {
      const outcome = await consumeCode(tx, {
        purpose: "magic_link",
        browserDigest: ctx.caller.askingDigest,
        identifier: email,
        code,
        keys: ctx.env.tokenKey,
      });
      if (outcome.consumed) return acceptMailboxProof(ctx, tx, outcome.consumed);
      return refuse(outcome.cause === "spent" ? "code_tries_spent" : "code_wrong", {
        field: "code",
        cause: outcome.cause,
      });
    }),
});
