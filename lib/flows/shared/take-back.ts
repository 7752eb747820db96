import type { Db } from "@/db/client";
import type { Identifier } from "@/lib/core/identifier";
import { ok, refuse, type Result } from "@/lib/core/result";
import { repeatedCause } from "@/lib/flows/shared/complete-sign-in";
import { linkAccess, linkRefusals, refuseLink } from "@/lib/flows/shared/link";
import type { Audited } from "@/lib/runtime/audited";
import type { Ctx } from "@/lib/runtime/flow";
import { consumeLink, previewLink, type Purpose } from "@/lib/store/verifications";

/** What a flow that uses `takeBackByLink` leaves in the audit log. */
export const takeBackAudited = {
  subject: "owner",
  ok: [repeatedCause],
  refusals: { ...linkRefusals, undo_too_late: [] },
} satisfies Audited;

/**
 * Takes something back by its emailed link, which signs nobody in. `takeBack` returns false where that is not
 * possible any more. The browser may repeat it for a minute. Returns the address of the link. Refuses
 * `link_invalid`, `email_mismatch`, and after the verification `undo_too_late`.
 */
export async function takeBackByLink(
  ctx: Ctx,
  tx: Db,
  purpose: Purpose,
  { token, email }: { readonly token: string; readonly email: Identifier | null },
  takeBack: (userId: string, identifier: Identifier) => Promise<boolean>,
): Promise<Result<{ email: Identifier }>> {
  const access = linkAccess(ctx, email);
  const consumed = await consumeLink(tx, purpose, token, access);
  if (!consumed) {
    const link = await previewLink(tx, purpose, token, access);
    if (link) ctx.auditSubject({ identifier: link.identifier });
    return refuseLink(link);
  }
  const { identifier } = consumed;
  ctx.auditSubject({ identifier });
  if (consumed.repeated) {
    ctx.auditSubject({ cause: repeatedCause });
    return ok({ email: identifier });
  }
  const userId = consumed.userId!;
  ctx.auditSubject({ userId });
  return (await takeBack(userId, identifier)) ? ok({ email: identifier }) : refuse("undo_too_late");
}
