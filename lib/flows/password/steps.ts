import type { Db } from "@/db/client";
import type { Ctx } from "@/lib/runtime/flow";
import { noticeTo } from "@/lib/core/letters";
import { ok, refuse, type Result } from "@/lib/core/result";
import type { Proven } from "@/lib/flows/shared/complete-email-sign-in";
import { choosePassword, takeAccount } from "@/lib/store/passwords";
import { dropPlanted } from "@/lib/store/pre-hijacking";
import { startSession } from "@/lib/store/sessions";
import type { Consumed } from "@/lib/store/verifications";

/**
 * What follows from a spent reset link or code: the mailbox is proven, the password is the new one,
 * everything that the old one opened is shut, the owner is told, and this browser is signed in
 * (P7). Refuses `account_disabled`, only here, after the proof (S5); the secret stays spent.
 */
export async function acceptNewPassword(
  ctx: Ctx,
  tx: Db,
  spent: Consumed,
  hash: string,
): Promise<Result<Proven>> {
  ctx.giveBack(spent.receipt);
  const account = await takeAccount(tx, spent.identifier);
  if (!account) return refuse("link_dead", { cause: "no_account" });
  const { id: userId, hasPassword } = account;
  ctx.about({ userId });
  if (account.disabled) return refuse("account_disabled");
  const questioned = !account.verified && (await dropPlanted(tx, account, ctx.caller));
  await choosePassword(ctx, tx, account, { hash, mailboxProven: true });
  await startSession(ctx, tx, { userId, method: "email", keep: false });
  const notice = noticeTo(ctx, spent.identifier);
  ctx.post({ kind: "password_chosen", first: !hasPassword, ...notice });
  return ok({ next: spent.next, ...(questioned && { questioned }) });
}
