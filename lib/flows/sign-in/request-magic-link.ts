import { z } from "zod";
import { mailSecret } from "@/lib/flows/shared/mail-secret";
import { defineFlow } from "@/lib/runtime/flow";
import { checkbox, email, next } from "@/lib/runtime/fields";
import { mailLimits } from "@/lib/runtime/limits";
import { isInvited } from "@/lib/store/invitations";
import { lockAddress } from "@/lib/store/users";
import { ok } from "@/lib/core/result";
import { magicLinkMethod } from "@/lib/methods/magic-link";

/**
 * Sends a sign-in email. The response does not tell whether the address has a user: the same statements
 * run, and only the email differs (L8). Where none may be sent it is queued as withheld.
 */
export const requestMagicLink = defineFlow({
  name: "magic_link.request",
  kind: "write",
  requires: "anyone",
  method: magicLinkMethod.id,
  identifierOf: ({ email }) => email,
  limits: mailLimits("magic_link"),
  audited: {
    subject: "owner",
    refusals: {},
  },
  input: z.strictObject({ email, remember: checkbox, next }),

  run: function requestMagicLink(ctx, { email, remember, next }) {
    return ctx.write(async (tx) => {
      const { userId, reservedBy } = await lockAddress(tx, email);
      if (userId) ctx.auditSubject({ userId });
      // For all addresses, so that the same statements run.
      const mayCreate = ctx.env.signUp === "open" || (await isInvited(tx, email));
      const signsUp = !reservedBy && mayCreate;
      await mailSecret(ctx, tx, {
        purpose: "magic_link",
        to: email,
        remember,
        next,
        withheld: userId || signsUp ? null : reservedBy ? "reserved" : "no_account",
        letter: (secret) => ({ kind: userId ? "magic_link" : "sign_up_link", ...secret }),
      });
      return ok({ email });
    });
  },
});
