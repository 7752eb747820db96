import type { Db } from "@/db/client";
import { digest } from "@/lib/core/crypto";
import type { MethodId } from "@/lib/core/method-id";
import type { Ctx } from "@/lib/runtime/flow";
import { methodById } from "@/lib/methods";
import { insertSession, rotateSession, type Session } from "@/lib/store/sessions";

/**
 * Signs a user in: the only way to a session, for every method. The session gets a new token, which
 * goes into the cookie and is stored nowhere; this browser's previous session ends; the browser
 * becomes a known device (R6).
 */
export async function completeSignIn(
  ctx: Ctx,
  tx: Db,
  { userId, method: id, remember }: { userId: string; method: MethodId; remember: boolean },
): Promise<void> {
  const { caller, env } = ctx;
  const method = methodById(id)!.storedName;
  const token = ctx.random.token();
  const lifetime = remember ? env.lifetimes.rememberedSession : env.lifetimes.session;
  await insertSession(tx, {
    tokenDigest: digest("session", token),
    replacedDigest: caller.sessionDigest,
    userId,
    method,
    ip: caller.ip,
    browser: caller.browser,
    deviceDigest: caller.deviceDigest,
    idle: remember ? env.lifetimes.rememberedSessionIdle : env.lifetimes.sessionIdle,
    lifetime,
  });
  ctx.setCookies({ session: { token, lifetime, method }, device: true });
}

/**
 * Gives the caller's session a new token after re-authentication or a change of credentials. False
 * when the session has ended.
 */
export async function renewSession(ctx: Ctx<Session>, tx: Db): Promise<boolean> {
  const { session, sessionDigest } = ctx.caller;
  const token = ctx.random.token();
  const lifetime = await rotateSession(tx, session.id, {
    from: sessionDigest,
    to: digest("session", token),
  });
  if (lifetime) ctx.setCookies({ session: { token, lifetime } });
  return lifetime !== null;
}
