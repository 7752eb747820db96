import type { Db } from "@/db/client";
import type { Identifier } from "@/lib/core/identifier";
import { ok, refuse, type Result } from "@/lib/core/result";
import {
  type CompletedSignIn,
  handleFirstVerification,
  repeatEmailSignIn,
} from "@/lib/flows/shared/complete-email-sign-in";
import { completeSignIn } from "@/lib/flows/shared/complete-sign-in";
import { noticeTo } from "@/lib/flows/shared/notice";
import type { Ctx } from "@/lib/runtime/flow";
import { attemptsAt } from "@/lib/runtime/limits";
import {
  findCredentials,
  type LockedAccount,
  lockAccount,
  setPasswordAndRevoke,
} from "@/lib/store/passwords";
import type { Consumed, Repeated } from "@/lib/store/verifications";
import { passwordMethod } from "@/lib/methods/password";

/**
 * Completes a password reset after its link or code: the email address is verified, the new password
 * is set, everything the old one opened is revoked, the owner is told, and this browser is signed in
 * (P7). Refuses `account_disabled`, only here, after the verification (S5). The secret stays consumed.
 */
export async function completePasswordReset(
  ctx: Ctx,
  tx: Db,
  consumed: Consumed,
  hash: string,
): Promise<Result<CompletedSignIn>> {
  ctx.refund(consumed.limitHits);
  const account = await lockAccount(tx, consumed.identifier);
  if (!account) return refuse("link_invalid", { cause: "no_account" });
  const { id: userId, hasPassword } = account;
  ctx.auditSubject({ userId });
  if (account.disabled) return refuse("account_disabled");
  const needsConfirmation =
    !account.verified && (await handleFirstVerification(ctx, tx, userId, consumed.identifier));
  await changePassword(ctx, tx, account, { hash, emailVerified: true, signsIn: true });
  ctx.forgetAttempts(attemptsAt(consumed.identifier, "password_reset", ctx.caller));
  completeSignIn(ctx, {
    userId,
    method: passwordMethod.id,
    remember: false,
    startedBy: consumed.id,
    // The notice below says from which device, and what to do.
    reportTo: null,
  });
  const notice = noticeTo(ctx, consumed.identifier);
  ctx.post({ kind: "password_chosen", first: !hasPassword, ...notice });
  return ok({ next: consumed.next, ...(needsConfirmation && { needsConfirmation: true }) });
}

/** The hash of an address's password, and whether a typed password matches it. */
interface Comparison {
  readonly hash: string | null;
  readonly matches: boolean;
}

/** Compares a typed password with that of an address. Refuses `overloaded`. */
export async function comparePassword(
  { passwords }: Ctx,
  db: Db,
  identifier: Identifier,
  password: string,
): Promise<Result<Comparison>> {
  const { passwordHash: hash } = await findCredentials(db, identifier, "");
  const compared = await passwords.verify(hash, password);
  return compared.ok ? ok({ hash, matches: compared.value.matches }) : compared;
}

/**
 * Repeats a completed password reset for its browser: nothing is changed again, as long as the password is
 * the one that was set. It was compared before the transaction, which would hold its connection and locks
 * while it waits for its turn; only after a reset at the same time it is compared here. Returns `ended` for
 * another password, and when the session has ended or none was started. Refuses `overloaded`.
 */
export async function repeatPasswordReset(
  ctx: Ctx,
  tx: Db,
  repeated: Repeated,
  { password, comparison }: { password: string; comparison: Comparison | null },
  ended: Result<never>,
): Promise<Result<CompletedSignIn>> {
  const { identifier } = repeated;
  const { passwordHash } = await findCredentials(tx, identifier, "");
  const compared =
    comparison?.hash === passwordHash
      ? ok(comparison)
      : await comparePassword(ctx, tx, identifier, password);
  if (!compared.ok) return compared;
  return compared.value.matches ? repeatEmailSignIn(ctx, tx, repeated, ended) : ended;
}

/** Sets the password of a locked account. Of its sessions only the caller's own stays. */
export async function changePassword(
  { caller }: Ctx,
  tx: Db,
  account: LockedAccount,
  change: {
    readonly hash: string;
    readonly emailVerified: boolean;
    readonly signsIn: boolean;
  },
): Promise<void> {
  await setPasswordAndRevoke(tx, account, {
    ...change,
    exceptSession: caller.session?.userId === account.id ? caller.session.id : null,
    deviceDigest: caller.deviceDigest,
  });
}
