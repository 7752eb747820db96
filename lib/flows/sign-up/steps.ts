import type { Db } from "@/db/client";
import type { Identifier } from "@/lib/core/identifier";
import { ok, refuse, type Result } from "@/lib/core/result";
import { completeSignIn, signedUpCause } from "@/lib/flows/shared/complete-sign-in";
import { mailSecret } from "@/lib/flows/shared/mail-secret";
import type { Ctx } from "@/lib/runtime/flow";
import { attemptsAt } from "@/lib/runtime/limits";
import { type SignUpAttempt, voidAttempts } from "@/lib/store/sign-ups";
import { createUserWithPassword, lockAddress } from "@/lib/store/users";
import type { Consumed } from "@/lib/store/verifications";
import { magicLinkMethod } from "@/lib/methods/magic-link";
import { passwordMethod } from "@/lib/methods/password";

/**
 * Issues a sign-up attempt and sends its code. For an address that has a user the attempt is a decoy,
 * and the owner gets a sign-in link instead of a code (P1, P3); the same statements run for both.
 * With `attempt` null this browser has not started a sign-up, and nothing is sent (P4). `restart`
 * voids the browser's earlier attempts. The link is issued first: the same lock order as link
 * redemption.
 */
export async function mailSignUpCode(
  ctx: Ctx,
  tx: Db,
  email: Identifier,
  attempt: SignUpAttempt | null,
  { restart = false } = {},
): Promise<Result<{ email: Identifier }>> {
  const { userId, reservedBy } = await lockAddress(tx, email);
  if (userId) ctx.auditSubject({ userId });
  const isReserved = !userId && reservedBy;
  const shared = {
    to: email,
    withheld: !attempt ? ("no_attempt" as const) : isReserved ? ("reserved" as const) : null,
    remember: attempt?.remember ?? false,
    next: attempt?.next ?? "",
  };
  const canUseLink = ctx.env.methods.includes(magicLinkMethod.id);
  await mailSecret(ctx, tx, {
    ...shared,
    purpose: "magic_link",
    hasCode: false,
    isDecoy: !userId || !canUseLink,
    letter: userId
      ? ({ token, code: _, ...secret }) => ({
          kind: "already_signed_up",
          token: canUseLink ? token : null,
          ...secret,
        })
      : null,
  });
  if (restart) await voidAttempts(tx, email, ctx.caller.requestingBrowserDigest);
  await mailSecret(ctx, tx, {
    ...shared,
    purpose: "sign_up",
    lifetime: ctx.env.lifetimes.signUpAttempt,
    passwordHash: attempt?.passwordHash ?? null,
    isDecoy: userId !== null,
    letter: userId ? null : ({ token: _, ...secret }) => ({ kind: "sign_up_code", ...secret }),
  });
  return ok({ email });
}

/**
 * Completes a sign-up after its code: creates the user with its password, and signs in (P2). Refuses
 * `already_signed_up` when the address has a user by now, and `sign_up_closed` when sign-up was
 * closed meanwhile.
 */
export async function completeSignUp(
  ctx: Ctx,
  tx: Db,
  consumed: Consumed,
): Promise<Result<{ next: string }>> {
  ctx.refund(consumed.limitHits);
  if (ctx.env.signUp === "closed") return refuse("sign_up_closed");
  const user = await createUserWithPassword(tx, consumed.identifier, consumed.passwordHash);
  if (!user) return refuse("already_signed_up");
  ctx.auditSubject({ userId: user.id, cause: signedUpCause });
  ctx.forgetAttempts(attemptsAt(consumed.identifier, "sign_up", ctx.caller));
  completeSignIn(ctx, {
    userId: user.id,
    method: passwordMethod.id,
    remember: consumed.remember,
    startedBy: consumed.id,
    reportTo: null,
  });
  return ok({ next: consumed.next });
}
