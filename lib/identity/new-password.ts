import type { Db } from "@/db/client";
import type { Ctx } from "@/lib/flow";
import { ok, refuse, type Result } from "@/lib/result";
import { choosePassword } from "./passwords";
import { startSession } from "./sessions";
import type { Consumed } from "./verifications";

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
): Promise<Result<{ next: string }>> {
  ctx.giveBack(spent.receipt);
  const { identifier } = spent;
  const user = await choosePassword(ctx, tx, identifier, { hash, mailboxProven: true });
  if (!user) return refuse("link_dead", { cause: "no_account" });
  ctx.about({ userId: user.id });
  if (user.disabled) return refuse("account_disabled");
  await startSession(ctx, tx, { userId: user.id, method: "email", keep: false });
  const at = ctx.clock.now().toISOString();
  const { browser } = ctx.caller;
  ctx.post({ kind: "password_chosen", first: user.first, to: identifier, browser, at });
  return ok({ next: spent.next });
}
