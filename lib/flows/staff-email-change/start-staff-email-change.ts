import { z } from "zod";
import { intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";
import {
  findUserToHelp,
  helpRefusals,
  issuerId,
  limitPerIssuer,
} from "@/lib/flows/shared/help-user";
import { email, reason, rowId } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { endPendingEmailChanges, lockPendingEmailChanges } from "@/lib/store/staff-email-changes";
import { lockAddress } from "@/lib/store/users";
import { insertUnrequestedVerification } from "@/lib/store/verifications";

/**
 * Starts a change of the address of a user who has lost the mailbox (T2): the new address gets a link and a
 * code, which its reader enters on the link's page. A pending change of the account is void. Staff see
 * neither, so they cannot complete it alone. Refuses `reason_missing`, `not_found`, `own_account`,
 * `staff_account`, `account_disabled`, `deletion_scheduled`, `email_unverified`, `email_unchanged`,
 * `email_reserved` and, like an invitation, `has_account`.
 */
export const startStaffEmailChange = defineFlow({
  name: "staff_email_change.start",
  kind: "write",
  requires: "staff",
  maxAuthAge: intervals.stepUp,
  limits: [limitPerIssuer("emailChangesPerStaff")],
  audited: {
    subject: "user",
    refusals: {
      ...helpRefusals,
      email_unverified: [],
      email_unchanged: [],
      email_reserved: [],
      has_account: [],
    },
  },
  input: z.strictObject({ id: rowId, email, reason }),

  run: function startStaffEmailChange(ctx, { id, email, reason }) {
    const { caller, env, random } = ctx;
    return ctx.write(async (tx) => {
      ctx.auditSubject({ reason, identifier: email });
      const { userId: owner, reservedBy } = await lockAddress(tx, email);
      await lockPendingEmailChanges(tx, id);
      const found = await findUserToHelp(ctx, tx, id);
      if (!found.ok) return found;
      const user = found.value;
      // It may belong to somebody else, whose account this would open to the person who asks.
      if (!user.emailVerifiedAt) return refuse("email_unverified");
      if (owner === user.id) return refuse("email_unchanged", { field: "email" });
      if (reservedBy === user.id) return refuse("email_reserved", { field: "email" });
      if (owner || reservedBy) return refuse("has_account", { field: "email" });
      await endPendingEmailChanges(tx, user.id);
      const token = random.token();
      const code = random.code();
      const verificationId = await insertUnrequestedVerification(tx, {
        purpose: "staff_email_change",
        identifier: email,
        token,
        code,
        codeKey: env.tokenKey[0],
        // Only who has the link may try the code.
        cookie: token,
        browser: caller.browser,
        lifetime: env.lifetimes.emailCode,
        userId: user.id,
        staffId: issuerId(caller),
      });
      ctx.post({ kind: "staff_email_code", to: email, verificationId, token, code });
      return ok({ id: user.id, email: user.email });
    });
  },
});
