import { z } from "zod";
import { mailSecret } from "@/lib/flows/shared/mail-secret";
import { noticeTo } from "@/lib/flows/shared/notice";
import { optionalEmail } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { scheduleDeletion } from "@/lib/store/deletions";
import { selectReservedAddresses } from "@/lib/store/reservations";
import { intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";

/**
 * Schedules the deletion of the user's account, after step-up and with the address typed once more. All its
 * sessions end at once; its owner gets a link that takes it back. Addresses that it had before changes that
 * can still be undone are told, too. Refuses `email_incorrect`, `last_admin`.
 */
export const deleteAccount = defineFlow({
  name: "account.delete",
  kind: "write",
  requires: "session",
  maxAuthAge: intervals.stepUp,
  limits: [],
  audited: {
    subject: "caller",
    refusals: { email_incorrect: [], last_admin: [], sign_in_required: [] },
  },
  input: z.strictObject({ email: optionalEmail }),

  run: async function deleteAccount(ctx, { email }) {
    const { session } = ctx.caller;
    ctx.auditSubject({ userId: session.userId });
    if (email !== session.email) return refuse("email_incorrect", { field: "email" });
    return ctx.write(async (tx) => {
      const scheduled = await scheduleDeletion(tx, session);
      if (scheduled === "last_admin") return refuse("last_admin");
      if (scheduled === "signed_out") return refuse("sign_in_required");
      const deletesAt = scheduled.toISOString();
      await mailSecret(ctx, tx, {
        purpose: "deletion_undo",
        to: session.email,
        userId: session.userId,
        hasCode: false,
        lifetime: ctx.env.lifetimes.deletion,
        withheld: null,
        letter: ({ token, verificationId }) => ({
          kind: "deletion_scheduled",
          ...noticeTo(ctx, session.email),
          ...{ token, verificationId, deletesAt },
        }),
      });
      // Whoever changed the address may be the one who deletes the account.
      for (const former of await selectReservedAddresses(tx, session.userId))
        ctx.post({ kind: "former_account_deleted", ...noticeTo(ctx, former) });
      ctx.setCookies({ session: "ended", pendingIdentity: "ended" });
      return ok({ deletesAt: scheduled });
    });
  },
});
