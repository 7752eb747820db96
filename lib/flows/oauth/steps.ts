import type { Db } from "@/db/client";
import { derivedToken, digest } from "@/lib/core/crypto";
import { decide, type Decision, type OAuthIdentity } from "@/lib/core/oauth-identity";
import type { MethodId } from "@/lib/core/method-id";
import { ok, refuse, type Result } from "@/lib/core/result";
import { completeSignIn } from "@/lib/flows/shared/complete-sign-in";
import type { Ctx } from "@/lib/runtime/flow";
import {
  createUserFromIdentity,
  findOwner,
  lockIdentity,
  markIdentityUsed,
} from "@/lib/store/auth-providers";
import {
  consumePendingIdentity,
  findEndedAttempt,
  findNewPendingIdentity,
  type OAuthAttempt,
  storePendingIdentity,
} from "@/lib/store/oauth-attempts";
import { deleteSession, findLiveSession } from "@/lib/store/sessions";
import { lockAddressAndFindUser } from "@/lib/store/users";

/** What happened to a user who came back from a provider. */
export interface OAuthOutcome {
  readonly provider: MethodId;
  readonly outcome: Extract<
    Decision,
    "sign_in" | "ask_to_link" | "ask_to_sign_in" | "ask_to_switch" | "already_linked"
  >;
  readonly next: string;
}

/** An attempt, with its token while its callback is being completed. */
interface ReturnedAttempt extends OAuthAttempt {
  readonly token?: string;
}

/**
 * Signs a verified identity in or up, or stores it until its user decides (O4). With `switching` the
 * user has decided to end the session that is here. Refuses `session_changed`,
 * `identity_already_in_use`, `provider_email_unverified`, `oauth_state_invalid` when the identity was
 * changed meanwhile, and after the verification `sign_up_closed` and `account_disabled` (S5).
 */
export async function completeProviderSignIn(
  ctx: Ctx,
  tx: Db,
  attempt: ReturnedAttempt,
  identity: OAuthIdentity,
  { switching = false }: { switching?: boolean } = {},
): Promise<Result<OAuthOutcome>> {
  const { provider, email, emailAssurance } = identity;
  const session = switching ? null : ctx.caller.session;
  const linking = attempt.sessionId !== null;
  // The user signed out meanwhile, or in as another: neither link nor create a second user (A3).
  if (linking && attempt.sessionId !== session?.id) return refuse("session_changed", { provider });
  await lockIdentity(tx, identity);
  const owner = await findOwner(tx, identity);
  const account = !owner && email ? await lockAddressAndFindUser(tx, email) : null;
  const relationTo = (userId: string | undefined) => {
    if (!userId) return "none";
    return userId === session?.userId ? "own" : "other";
  };
  const decision = decide({
    emailAssurance,
    account: relationTo(account?.id),
    signedIn: session !== null,
    linking,
    identity: relationTo(owner?.userId),
    needsConfirmation: owner?.needsConfirmation ?? false,
  });
  const userId = owner?.userId ?? account?.id;
  ctx.auditSubject({
    cause: provider,
    ...(userId && { userId }),
    ...(email && { identifier: email }),
  });
  const finish = (outcome: OAuthOutcome["outcome"], cause = "") => {
    ctx.auditSubject({ cause: [provider, cause].filter(Boolean).join(":") });
    return ok({ provider, outcome, next: attempt.next });
  };
  const signIn = async (id: string) => {
    await consumePendingIdentity(tx, attempt.id);
    completeSignIn(ctx, {
      userId: id,
      method: provider,
      remember: attempt.remember,
      startedBy: null,
      ...(attempt.token && { token: tokensOf(ctx, attempt.token).session }),
    });
  };

  switch (decision) {
    case "identity_already_in_use":
    case "provider_email_unverified":
      return refuse(decision, { provider, cause: emailAssurance });
    case "sign_in":
      if (owner!.disabled) return refuse("account_disabled");
      if (!(await markIdentityUsed(tx, identity)))
        return refuse("oauth_state_invalid", { provider, cause: "changed" });
      await signIn(owner!.userId);
      return finish("sign_in");
    case "sign_up": {
      if (ctx.env.signUp === "closed") return refuse("sign_up_closed");
      const user = await createUserFromIdentity(tx, identity);
      // Another request has created the address's user meanwhile.
      if (!user) return ask("ask_to_sign_in");
      ctx.auditSubject({ userId: user.id });
      await signIn(user.id);
      return finish(
        "sign_in",
        emailAssurance === "authoritative" ? "signed_up" : "signed_up_unverified",
      );
    }
    case "already_linked":
      return finish(decision, decision);
    case "ask_to_link":
    case "ask_to_sign_in":
    case "ask_to_switch":
      return ask(decision);
  }

  async function ask(outcome: OAuthOutcome["outcome"]) {
    if (switching) await endCurrentSession(ctx, tx);
    else {
      const token = attempt.token
        ? tokensOf(ctx, attempt.token).pendingIdentity
        : ctx.random.token();
      await storePendingIdentity(tx, attempt.id, token, identity);
      ctx.setCookies({ pendingIdentity: token });
    }
    return finish(outcome, outcome);
  }
}

/**
 * The tokens that an attempt leads to. They are derived, so that a repeated callback gets the same ones,
 * whichever of the two responses the browser stores.
 */
const tokensOf = ({ env }: Ctx, attemptToken: string) => ({
  session: derivedToken(env.tokenKey, "session", attemptToken),
  pendingIdentity: derivedToken(env.tokenKey, "pending_identity", attemptToken),
});

/**
 * Gives the browser of an attempt that ended just now the same session or pending identity again. Null
 * when the attempt led to neither, the session has ended, or another session was started here.
 */
export async function repeatCompletion(
  ctx: Ctx,
  tx: Db,
  provider: MethodId,
  attemptToken: string,
): Promise<Result<OAuthOutcome> | null> {
  const { session: current, sessionDigest } = ctx.caller;
  const tokens = tokensOf(ctx, attemptToken);
  const repeat = (outcome: OAuthOutcome["outcome"], next: string) => {
    ctx.auditSubject({ cause: `${provider}:repeated` });
    return ok({ provider, outcome, next });
  };
  const pending = await findNewPendingIdentity(tx, tokens.pendingIdentity);
  if (pending?.identity.provider === provider) {
    ctx.setCookies({ pendingIdentity: tokens.pendingIdentity });
    // Their pages know which of them fits.
    return repeat(current ? "ask_to_link" : "ask_to_sign_in", pending.next);
  }
  const tokenDigest = digest("session", tokens.session);
  if (current && sessionDigest !== tokenDigest) return null;
  const ended = await findEndedAttempt(tx, provider, attemptToken);
  const live = ended && (await findLiveSession(tx, tokenDigest));
  if (!live) return null;
  const { userId, ...session } = live;
  ctx.auditSubject({ userId });
  ctx.setCookies({ session: { ...session, token: tokens.session } });
  return repeat("sign_in", ended.next);
}

async function endCurrentSession(ctx: Ctx, tx: Db) {
  const { session } = ctx.caller;
  if (session) await deleteSession(tx, session.userId, session.id);
  ctx.setCookies({ session: "ended" });
}
