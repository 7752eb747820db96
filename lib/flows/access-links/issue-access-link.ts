import { z } from "zod";
import { intervals } from "@/lib/core/policy";
import { ok } from "@/lib/core/result";
import {
  findUserToHelp,
  helpRefusals,
  issuerId,
  limitPerIssuer,
} from "@/lib/flows/shared/help-user";
import { reason, rowId } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { voidAccessLinks } from "@/lib/store/access-links";
import { insertUnrequestedVerification } from "@/lib/store/verifications";

/**
 * Emails a user who is locked out a link that opens the account for an hour (T2). The link before it is void.
 * Whoever sends it never sees it. Refuses `reason_missing`, `not_found`, `own_account`, `staff_account`,
 * `account_disabled` and `deletion_scheduled`.
 */
export const issueAccessLink = defineFlow({
  name: "access_link.issue",
  kind: "write",
  requires: "staff",
  maxAuthAge: intervals.stepUp,
  limits: [limitPerIssuer("accessLinksPerStaff")],
  audited: {
    subject: "user",
    refusals: helpRefusals,
  },
  input: z.strictObject({ id: rowId, reason }),

  run: function issueAccessLink(ctx, { id, reason }) {
    const { caller, env, random } = ctx;
    return ctx.write(async (tx) => {
      ctx.auditSubject({ reason });
      const found = await findUserToHelp(ctx, tx, id);
      if (!found.ok) return found;
      const user = found.value;
      await voidAccessLinks(tx, user.id);
      const token = random.token();
      const verificationId = await insertUnrequestedVerification(tx, {
        purpose: "access_link",
        identifier: user.email,
        token,
        codeKey: env.tokenKey[0],
        cookie: random.token(),
        browser: caller.browser,
        lifetime: env.lifetimes.accessLink,
        userId: user.id,
        staffId: issuerId(caller),
      });
      ctx.post({ kind: "access_link", to: user.email, verificationId, token });
      return ok({ id: user.id, email: user.email });
    });
  },
});
