import { and, desc, eq, isNotNull, sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row } from "@/db/rows";
import { authProviders, users, verifications } from "@/db/schema";
import type { Ctx } from "@/lib/runtime/flow";
import type { Identifier } from "@/lib/core/identifier";
import { ok, refuse, type Result } from "@/lib/core/result";
import { startSession } from "@/lib/store/sessions";
import { lockAddressAndFindUser } from "@/lib/store/users";
import { type Consumed, issueVerification } from "@/lib/store/verifications";

/**
 * A sign-up before its mailbox is proven: an attempt of one browser, with the password it chose. It
 * is a row among the verifications, and no user (P1).
 */
export interface SignUpAttempt {
  readonly passwordHash: string | null;
  readonly remember: boolean;
  readonly next: string;
}

/**
 * The attempt this browser has begun for an address; null when it has none. What it was given for
 * asking again without one has no password, and is none.
 */
export async function findAttempt(
  tx: Db,
  identifier: Identifier,
  requestingBrowserDigest: string,
): Promise<SignUpAttempt | null> {
  const { passwordHash, remember, next, createdAt } = verifications;
  const [found] = await tx
    .select({ passwordHash, remember, next })
    .from(verifications)
    .where(
      and(
        eq(verifications.identifier, identifier),
        eq(verifications.requestingBrowserDigest, requestingBrowserDigest),
        eq(verifications.purpose, "sign_up"),
        isNotNull(passwordHash),
        sql`consumed_at is null and voided_at is null and expires_at > now()`,
      ),
    )
    .orderBy(desc(createdAt))
    .limit(1);
  return found ?? null;
}

/** Another password was chosen: what this browser began before with an older one is over. */
async function voidAttempts(
  tx: Db,
  identifier: Identifier,
  requestingBrowserDigest: string,
): Promise<void> {
  await row(
    tx,
    sql`update ${verifications} set voided_at = now() where id in (
      select id from ${verifications}
      where identifier = ${identifier} and requesting_browser_digest = ${requestingBrowserDigest} and purpose = 'sign_up'
        and consumed_at is null and voided_at is null
      order by id for update
    ) returning 1`,
  );
}

/**
 * Issues an attempt and mails its code. An address that has an account gets a decoy that takes tries
 * like any other, and its owner a letter with a sign-in link instead of a code (P1, P3); the same
 * statements run for both. `attempt` null: this browser has begun none, and nothing is sent (P4). With
 * `anew` what it began before is over. The link comes first: so does whoever presses one.
 */
export async function mailSignUpCode(
  ctx: Ctx,
  tx: Db,
  email: Identifier,
  attempt: SignUpAttempt | null,
  { restart = false } = {},
): Promise<Result<{ email: Identifier }>> {
  const { browser, requestingBrowserDigest } = ctx.caller;
  const user = await lockAddressAndFindUser(tx, email);
  if (user) ctx.auditSubject({ userId: user.id });
  const withheld = attempt ? null : "no_attempt";
  const sends = !ctx.suppressed && !withheld;
  const issued = {
    identifier: email,
    codeKey: ctx.env.tokenKey[0],
    requestingBrowserDigest,
    browser,
    fromKnownDevice: ctx.knownDevice,
    remember: attempt?.remember ?? false,
    next: attempt?.next ?? "",
    receipt: ctx.receipt,
  };
  const token = ctx.random.token();
  const linkIsUsable = ctx.env.methods.includes("magic_link");
  const linkId = await issueVerification(tx, {
    ...issued,
    purpose: "magic_link",
    token,
    code: null,
    linkLifetime: ctx.env.lifetimes.magicLink,
    codeLifetime: ctx.env.lifetimes.emailCode,
    isDecoy: !sends || user === null || !linkIsUsable,
  });
  if (restart) await voidAttempts(tx, email, requestingBrowserDigest);
  const code = ctx.random.code();
  const verificationId = await issueVerification(tx, {
    ...issued,
    purpose: "sign_up",
    token: ctx.random.token(),
    code,
    passwordHash: attempt?.passwordHash ?? null,
    linkLifetime: ctx.env.lifetimes.signUpAttempt,
    codeLifetime: ctx.env.lifetimes.emailCode,
    isDecoy: !sends || user !== null,
  });
  const askedAt = ctx.clock.now().toISOString();
  const asked = { to: email, browser, askedAt };
  if (user)
    ctx.post(
      {
        kind: "already_signed_up",
        verificationId: linkId,
        token: linkIsUsable ? token : null,
        ...asked,
      },
      withheld,
    );
  else ctx.post({ kind: "sign_up_code", verificationId, code, ...asked }, withheld);
  ctx.setCookies({ mailRequest: true });
  return ok({ email });
}

/**
 * What follows from a code typed by the browser that signed up: user, way in and session come into
 * being together (P2). Refuses `already_signed_up` when somebody has the address by now: the insert
 * itself tells, so a race is answered and not thrown; and `sign_up_closed` when it closed meanwhile.
 */
export async function acceptSignUp(
  ctx: Ctx,
  tx: Db,
  consumed: Consumed,
): Promise<Result<{ next: string }>> {
  ctx.refund(consumed.receipt);
  if (ctx.env.signUp === "closed") return refuse("sign_up_closed");
  const user = await row<{ id: string }>(
    tx,
    sql`with inserted as (
      insert into ${users} (email, email_verified_at, password_hash)
      values (${consumed.identifier}, now(), ${consumed.passwordHash})
      on conflict (email) do nothing returning id
    ), provider_row as (
      insert into ${authProviders} (user_id, provider) select id, 'email' from inserted
    )
    select id from inserted`,
  );
  if (!user) return refuse("already_signed_up");
  ctx.auditSubject({ userId: user.id, cause: "signed_up" });
  await startSession(ctx, tx, { userId: user.id, method: "email", remember: consumed.remember });
  return ok({ next: consumed.next });
}
