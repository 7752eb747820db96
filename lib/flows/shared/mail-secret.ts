import type { Db } from "@/db/client";
import type { Duration } from "@/lib/core/duration";
import type { Identifier } from "@/lib/core/identifier";
import type { Letter, WithheldReason } from "@/lib/core/letters";
import type { Ctx } from "@/lib/runtime/flow";
import { insertVerification, type Purpose } from "@/lib/store/verifications";

/** A secret as its letter needs it. */
interface MailedSecret {
  readonly to: Identifier;
  readonly verificationId: string;
  readonly token: string;
  /** "" for a letter without a code. */
  readonly code: string;
  readonly browser: string;
  /** When it was requested, as ISO text. */
  readonly askedAt: string;
}

interface Secret {
  readonly purpose: Purpose;
  readonly to: Identifier;
  /** False for a letter without a code: no code is right then. */
  readonly hasCode?: boolean;
  /** The lifetime of the link, or of a sign-up attempt; `magicLink` by default. */
  readonly lifetime?: Duration;
  readonly remember?: boolean;
  readonly next?: string;
  /** The password of a sign-up. */
  readonly passwordHash?: string | null;
  /** The session that a step-up or a change of the address is for. */
  readonly sessionId?: string;
  /** The account it is about, where that is not the one of `to`. */
  readonly userId?: string;
  /** Why no letter may be sent; null when one may. */
  readonly withheld: WithheldReason | null;
  /** The secret is for nobody although its letter is sent, as the letter does not contain it. */
  readonly isDecoy?: boolean;
  /** Null for a secret that has no letter of its own. */
  readonly letter: ((secret: MailedSecret) => Letter) | null;
}

/**
 * Issues a one-time secret, queues its letter, and sets the cookie that lets this browser enter the
 * code. Known and unknown addresses run the same statements (L8): where the letter may not be sent it
 * is queued as withheld, and its secret is a decoy that no token or code opens. Call it at most once
 * per purpose in a run.
 */
export async function mailSecret(ctx: Ctx, tx: Db, secret: Secret): Promise<void> {
  const { to, purpose, withheld, letter } = secret;
  const { env, caller } = ctx;
  const token = ctx.random.token();
  const code = secret.hasCode === false ? null : ctx.random.code();
  const verificationId = await insertVerification(tx, {
    purpose,
    identifier: to,
    token,
    code,
    codeKey: env.tokenKey[0],
    requestingBrowserDigest: caller.requestingBrowserDigest,
    browser: caller.browser,
    fromKnownDevice: ctx.knownDevice || secret.sessionId !== undefined,
    remember: secret.remember ?? false,
    next: secret.next ?? "",
    limitHits: ctx.limitHits,
    linkLifetime: secret.lifetime ?? env.lifetimes.magicLink,
    codeLifetime: env.lifetimes.emailCode,
    isDecoy: ctx.suppressed || withheld !== null || (secret.isDecoy ?? false),
    passwordHash: secret.passwordHash ?? null,
    sessionId: secret.sessionId ?? null,
    userId: secret.userId ?? null,
  });
  const askedAt = ctx.clock.now().toISOString();
  if (letter)
    ctx.post(
      letter({ to, verificationId, token, code: code ?? "", browser: caller.browser, askedAt }),
      withheld,
    );
  ctx.setCookies({ mailRequest: true });
}
