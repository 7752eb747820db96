import type { Db } from "@/db/client";
import type { Identifier } from "@/lib/core/identifier";
import { ok, refuse, type Result } from "@/lib/core/result";
import type { RefusalCauses } from "@/lib/runtime/audited";
import type { Ctx } from "@/lib/runtime/flow";
import { attemptsAt } from "@/lib/runtime/limits";
import { selectAuthProviders } from "@/lib/store/auth-providers";
import { isInvited, voidInvitationsOf } from "@/lib/store/invitations";
import { isKnownDevice } from "@/lib/store/known-devices";
import { revokeUnverifiedCredentials } from "@/lib/store/pre-hijacking";
import { markEmailVerified } from "@/lib/store/users";
import type { Consumed, Repeated } from "@/lib/store/verifications";
import { magicLinkMethod } from "@/lib/methods/magic-link";
import { completeSignIn, repeatedCause, repeatSignIn, signedUpCause } from "./complete-sign-in";

/** The causes of a success of `completeEmailSignIn` and `repeatEmailSignIn`, and what they refuse. */
export const emailSignInCauses = [signedUpCause, repeatedCause];
export const emailSignInRefusals = {
  sign_up_closed: [],
  account_disabled: [],
} satisfies RefusalCauses;

/** A completed sign-in that verified an email address. */
export interface CompletedSignIn {
  readonly next: string;
  /** OAuth identities wait for the owner to confirm them (O3). */
  readonly needsConfirmation?: true;
}

/**
 * Completes a sign-in by an emailed link or code: marks the address as verified, refunds the email's limits
 * (R2), forgets failed attempts (R3) and signs in. Refuses `sign_up_closed` when there is no user and none
 * may be created (closed, and not invited), and `account_disabled`; both only here, after the verification,
 * so that no other caller learns of it (S5, L8). The secret stays consumed.
 */
export async function completeEmailSignIn(
  ctx: Ctx,
  tx: Db,
  consumed: Consumed,
): Promise<Result<CompletedSignIn>> {
  ctx.refund(consumed.limitHits);
  const isOpen = ctx.env.signUp === "open";
  const mayCreate = isOpen || (await isInvited(tx, consumed.identifier));
  const user = await markEmailVerified(tx, consumed.identifier, { mayCreate });
  if (!user) return refuse("sign_up_closed");
  if (user.created && !isOpen) await voidInvitationsOf(tx, consumed.identifier);
  ctx.auditSubject({ userId: user.id, ...(user.created ? { cause: signedUpCause } : {}) });
  if (user.disabled) return refuse("account_disabled");
  const needsConfirmation =
    user.firstVerification &&
    (await handleFirstVerification(ctx, tx, user.id, consumed.identifier));
  ctx.forgetAttempts(attemptsAt(consumed.identifier, "magic_link", ctx.caller));
  completeSignIn(ctx, {
    userId: user.id,
    method: magicLinkMethod.id,
    remember: consumed.remember,
    startedBy: consumed.id,
    reportTo: user.created ? null : consumed.identifier,
  });
  return ok({ next: consumed.next, ...(needsConfirmation && { needsConfirmation: true }) });
}

/**
 * Repeats a completed sign-in for the browser that consumed the link or code: its session gets a new
 * token, and nothing else happens again. Returns `ended` when the session has ended, or none was started.
 */
export async function repeatEmailSignIn(
  ctx: Ctx,
  tx: Db,
  { id, identifier, next }: Repeated,
  ended: Result<never>,
): Promise<Result<CompletedSignIn>> {
  ctx.auditSubject({ identifier });
  const repeated = await repeatSignIn(ctx, tx, id);
  if (!repeated) return ended;
  const providers = await selectAuthProviders(tx, repeated.userId);
  const needsConfirmation = providers.some((one) => one.needsConfirmation);
  return ok({ next, ...(needsConfirmation && { needsConfirmation: true }) });
}

/**
 * The first verification of an existing user's address. Revokes what others may have set up, unless
 * this browser is known to the account already (A5). Returns whether identities have to be confirmed.
 */
export async function handleFirstVerification(
  { caller }: Ctx,
  tx: Db,
  userId: string,
  identifier: Identifier,
): Promise<boolean> {
  if (await isKnownDevice(tx, caller.deviceDigest, identifier)) return false;
  return revokeUnverifiedCredentials(tx, userId);
}
