import type { Db } from "@/db/client";
import { derivedToken, digest } from "@/lib/core/crypto";
import type { Identifier } from "@/lib/core/identifier";
import { accessLinkMethod } from "@/lib/core/access-link";
import type { MethodId } from "@/lib/core/method-id";
import type { Ctx } from "@/lib/runtime/flow";
import { methodById } from "@/lib/methods";
import {
  isSessionToken,
  replaceStartedSession,
  rotateSession,
  type Session,
} from "@/lib/store/sessions";
import { noticeTo } from "./notice";

/**
 * Signs a user in at the end of the run: the only way to a session, for every method. The session gets a new
 * token, which goes into the cookie and is stored nowhere; this browser's previous session ends; the browser
 * becomes a known device (R6). `startedBy` is the verification that was consumed, which this browser may
 * repeat by `repeatSignIn`; null for a password, which works again anyway, and for a provider, whose flow
 * passes a token that it can derive again. `reportTo` is the user's address, to which a sign-in from a new
 * device is reported; null where the run created the user, or another letter of it says as much.
 */
export function completeSignIn(
  ctx: Ctx,
  {
    userId,
    method: id,
    remember,
    startedBy,
    reportTo,
    token = ctx.random.token(),
  }: {
    userId: string;
    method: MethodId;
    remember: boolean;
    startedBy: string | null;
    reportTo: Identifier | null;
    token?: string;
  },
): void {
  const { caller, env } = ctx;
  const { ip, country } = caller;
  const method = methodById(id)!.storedName;
  const lifetime = remember ? env.lifetimes.rememberedSession : env.lifetimes.session;
  ctx.startSession({
    tokenDigest: digest("session", token),
    replacedDigest: caller.sessionDigest,
    startedBy,
    userId,
    method,
    ip,
    country,
    browser: caller.browser,
    browserDigest: caller.requestingBrowserDigest,
    deviceDigest: caller.deviceDigest,
    remember,
    idle: remember ? env.lifetimes.rememberedSessionIdle : env.lifetimes.sessionIdle,
    lifetime,
    report: reportTo && {
      kind: "new_device_sign_in",
      ...noticeTo(ctx, reportTo),
      token: ctx.random.token(),
      ip,
    },
  });
  ctx.setCookies({ session: { token, lifetime, remember, method }, device: true });
}

/**
 * Opens a user's account for an hour, by the link that a staff member has sent to the user (T2). The session
 * is marked with the staff member, is never of a user who has authenticated, and its browser does not become
 * a known device. It has not the name of a sign-in method.
 */
export function openAccess(
  ctx: Ctx,
  { userId, staffId, startedBy }: { userId: string; staffId: string; startedBy: string },
): void {
  const { caller, env } = ctx;
  const token = ctx.random.token();
  const lifetime = env.lifetimes.accessSession;
  ctx.startSession({
    tokenDigest: digest("session", token),
    replacedDigest: caller.sessionDigest,
    startedBy,
    userId,
    method: accessLinkMethod,
    ip: caller.ip,
    country: caller.country,
    browser: caller.browser,
    browserDigest: caller.requestingBrowserDigest,
    deviceDigest: caller.deviceDigest,
    staffId,
    remember: false,
    idle: lifetime,
    lifetime,
    // The email with the link says what it does.
    report: null,
  });
  ctx.setCookies({ session: { token, lifetime, remember: false } });
}

/** The cause of the audit row of a sign-in that created the user. */
export const signedUpCause = "signed_up";

/** The cause of the audit row of a repetition. */
export const repeatedCause = "repeated";

/**
 * Gives the session that a consumed secret has started a new token, because the response with the first
 * one may have been lost: there is still one session and one effect. Null when that session has ended,
 * by signing out for example, or there never was one.
 */
export async function repeatSignIn(
  ctx: Ctx,
  tx: Db,
  startedBy: string,
): Promise<{ userId: string } | null> {
  const token = ctx.random.token();
  const { sessionDigest, deviceDigest } = ctx.caller;
  ctx.auditSubject({ cause: repeatedCause });
  const change = { tokenDigest: digest("session", token), replacedDigest: sessionDigest };
  const renewed = await replaceStartedSession(tx, startedBy, change, deviceDigest);
  if (!renewed) return null;
  const { userId, ...session } = renewed;
  ctx.auditSubject({ userId });
  ctx.setCookies({ session: { token, ...session }, device: true });
  return { userId };
}

/** Whether the caller presents the session's newest token: then no response about it was lost. */
export const hasNewToken = ({ caller }: Ctx<Session>, tx: Db): Promise<boolean> =>
  isSessionToken(tx, caller.session.id, caller.sessionDigest);

/** Whether the next renewal of the session may be a repetition. */
export const mayRepeatRenewal = ({ caller: { session, sessionRenewed } }: Ctx<Session>): boolean =>
  session.byPreviousToken || (sessionRenewed && session.wasRenewedAgain);

/**
 * Gives the caller's session a new token after re-authentication or a change of credentials. `repeated`:
 * it has had one already, which did not reach the browser. Null when the session has ended. When an earlier
 * flow of the same request has done so, it only says whether that was repeated: the browser would not know
 * which of two tokens it has to present.
 */
export async function renewSession(
  ctx: Ctx<Session>,
  tx: Db,
): Promise<"renewed" | "repeated" | null> {
  const { session, sessionDigest, sessionRenewed } = ctx.caller;
  if (sessionRenewed) {
    if (!(await hasNewToken(ctx, tx))) return null;
    return session.wasRenewedAgain ? "repeated" : "renewed";
  }
  // Derived, so that parallel renewals give one token, whichever response the browser receives last.
  const token = derivedToken(ctx.env.tokenKey, "session", `renewed ${sessionDigest}`);
  const renewed = await rotateSession(tx, session.id, {
    from: sessionDigest,
    to: digest("session", token),
  });
  if (!renewed) return null;
  const { lifetime, remember, byPreviousToken } = renewed;
  ctx.setCookies({ session: { token, lifetime, remember } });
  return byPreviousToken ? "repeated" : "renewed";
}
