import type { Db } from "@/db/client";
import type { Ctx } from "@/lib/runtime/flow";
import { ok, refuse, type Result } from "@/lib/core/result";
import { revokeUnverifiedCredentials } from "@/lib/store/pre-hijacking";
import { startSession } from "@/lib/store/sessions";
import { markEmailVerified } from "@/lib/store/users";
import type { Consumed } from "@/lib/store/verifications";

/** What a proof of the mailbox leads to. */
export interface CompletedSignIn {
  readonly next: string;
  /** Providers wait for the owner to say whether they are to stay (O3). */
  readonly needsConfirmation?: true;
}

/**
 * What follows from a spent sign-in link or code: the mailbox is proven, the count of its request is
 * given back (R2), and the session starts. Refuses `sign_up_closed` when there is no account and
 * none may be made, and `account_disabled`; both only here, after the proof, so that nobody else
 * learns of it (S5, L8). The secret stays spent.
 */
export async function completeEmailSignIn(
  ctx: Ctx,
  tx: Db,
  consumed: Consumed,
): Promise<Result<CompletedSignIn>> {
  ctx.refund(consumed.receipt);
  const user = await markEmailVerified(tx, consumed.identifier, {
    mayCreate: ctx.env.signUp === "open",
  });
  if (!user) return refuse("sign_up_closed");
  ctx.auditSubject({ userId: user.id, ...(user.created ? { cause: "signed_up" } : {}) });
  if (user.disabled) return refuse("account_disabled");
  const account = { id: user.id, identifier: consumed.identifier };
  const needsConfirmation =
    user.firstVerification && (await revokeUnverifiedCredentials(tx, account, ctx.caller));
  await startSession(ctx, tx, {
    userId: user.id,
    method: "magic_link",
    remember: consumed.remember,
  });
  return ok({ next: consumed.next, ...(needsConfirmation && { needsConfirmation }) });
}
