import { z } from "zod";
import { digest } from "@/lib/core/crypto";
import { intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";
import { reason, rowId } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { voidAccessLinks } from "@/lib/store/access-links";
import { commandLineId } from "@/lib/store/staff-help";
import { findUser } from "@/lib/store/user-administration";
import { insertVerification } from "@/lib/store/verifications";

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
  limits: [
    {
      limit: "accessLinksPerStaff",
      effect: "reject",
      key: (_, { session }) => session?.userId ?? commandLineId,
    },
  ],
  audited: {
    subject: "user",
    refusals: {
      not_found: [],
      own_account: [],
      staff_account: [],
      account_disabled: [],
      deletion_scheduled: [],
    },
  },
  input: z.strictObject({ id: rowId, reason }),

  run: function issueAccessLink(ctx, { id, reason }) {
    const { caller, env, random } = ctx;
    return ctx.write(async (tx) => {
      ctx.auditSubject({ reason });
      const user = await findUser(tx, id);
      if (!user) return refuse("not_found");
      ctx.auditSubject({ userId: user.id });
      if (user.id === caller.session?.userId) return refuse("own_account");
      if (user.role !== "member") return refuse("staff_account");
      if (user.disabledAt) return refuse("account_disabled");
      if (user.deletesAt) return refuse("deletion_scheduled");
      await voidAccessLinks(tx, user.id);
      const token = random.token();
      const verificationId = await insertVerification(tx, {
        purpose: "access_link",
        identifier: user.email,
        token,
        code: null,
        codeKey: env.tokenKey[0],
        // Of no browser, so that the whole address has to be typed wherever the link is opened (L5).
        requestingBrowserDigest: digest("requesting_browser", random.token()),
        browser: caller.browser,
        fromKnownDevice: false,
        remember: false,
        next: "",
        limitHits: [],
        linkLifetime: env.lifetimes.accessLink,
        codeLifetime: env.lifetimes.accessLink,
        isDecoy: false,
        passwordHash: null,
        sessionId: null,
        userId: user.id,
        staffId: caller.session?.userId ?? commandLineId,
      });
      ctx.post({ kind: "access_link", to: user.email, verificationId, token });
      return ok({ id: user.id, email: user.email });
    });
  },
});
