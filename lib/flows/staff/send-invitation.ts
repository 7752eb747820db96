import { z } from "zod";
import { intervals, lifetimes } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";
import { magicLinkMethod } from "@/lib/methods/magic-link";
import { email } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { insertInvitation } from "@/lib/store/invitations";
import { lockAddressAndFindUser } from "@/lib/store/users";

/**
 * Invites an address to sign in by email, which creates the account also where sign-up is closed (T1).
 * Refuses `email_missing`, `email_invalid`, `has_account`, and `too_many_requests`.
 */
export const sendInvitation = defineFlow({
  name: "invitation.send",
  kind: "write",
  requires: "staff",
  maxAuthAge: intervals.staffWrite,
  method: magicLinkMethod.id,
  limits: [
    {
      limit: "invitationsPerStaff",
      effect: "reject",
      key: (_, { session }) => session?.userId ?? "command line",
    },
  ],
  audited: {
    subject: "nobody",
    refusals: { has_account: [] },
  },
  input: z.strictObject({ email }),

  run: function sendInvitation(ctx, { email }) {
    return ctx.write(async (tx) => {
      ctx.auditSubject({ identifier: email });
      if (await lockAddressAndFindUser(tx, email)) return refuse("has_account", { field: "email" });
      const staffId = ctx.caller.session?.userId ?? null;
      const lifetime = lifetimes.invitation;
      const verificationId = await insertInvitation(tx, { email, staffId, lifetime });
      ctx.post({ kind: "invitation", to: email, verificationId });
      return ok({ email });
    });
  },
});
