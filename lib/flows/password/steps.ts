import type { Db } from "@/db/client";
import type { Ctx } from "@/lib/runtime/flow";
import { noticeTo } from "@/lib/core/letters";
import { ok, refuse, type Result } from "@/lib/core/result";
import type { CompletedSignIn } from "@/lib/flows/shared/complete-email-sign-in";
import { setPasswordAndRevoke, lockAccount } from "@/lib/store/passwords";
import { revokeUnverifiedCredentials } from "@/lib/store/pre-hijacking";
import { startSession } from "@/lib/store/sessions";
import type { Consumed } from "@/lib/store/verifications";

/**
 * What follows from a spent reset link or code: the mailbox is proven, the password is the new one,
 * everything that the old one opened is shut, the owner is told, and this browser is signed in
 * (P7). Refuses `account_disabled`, only here, after the proof (S5); the secret stays spent.
 */
export async function completePasswordReset(
  ctx: Ctx,
  tx: Db,
  consumed: Consumed,
  hash: string,
): Promise<Result<CompletedSignIn>> {
  ctx.refund(consumed.receipt);
  const account = await lockAccount(tx, consumed.identifier);
  if (!account) return refuse("link_invalid", { cause: "no_account" });
  const { id: userId, hasPassword } = account;
  ctx.auditSubject({ userId });
  if (account.disabled) return refuse("account_disabled");
  const needsConfirmation =
    !account.verified && (await revokeUnverifiedCredentials(tx, account, ctx.caller));
  await setPasswordAndRevoke(ctx, tx, account, { hash, emailVerified: true });
  await startSession(ctx, tx, { userId, method: "email", remember: false });
  const notice = noticeTo(ctx, consumed.identifier);
  ctx.post({ kind: "password_chosen", first: !hasPassword, ...notice });
  return ok({ next: consumed.next, ...(needsConfirmation && { needsConfirmation }) });
}
