import type { Db } from "@/db/client";
import type { Ctx } from "@/lib/runtime/flow";
import type { OAuthProvider } from "@/lib/core/oauth-providers";
import { ok, refuse, type Result } from "@/lib/core/result";
import {
  findOwner,
  createUserFromIdentity,
  lockIdentity,
  markIdentityUsed,
} from "@/lib/store/auth-providers";
import {
  consumePendingIdentity,
  type OAuthAttempt,
  storePendingIdentity,
} from "@/lib/store/oauth-attempts";
import { decide, type Decision, type ProviderIdentity } from "@/lib/core/oauth-identity";
import { endSession, startSession } from "@/lib/store/sessions";
import { lockAddressAndFindUser } from "@/lib/store/users";

/** What becomes of somebody who came back from a provider. */
export interface OAuthOutcome {
  readonly provider: OAuthProvider;
  readonly outcome: Extract<
    Decision,
    "sign_in" | "ask_to_link" | "ask_to_sign_in" | "ask_to_switch" | "already_linked"
  >;
  readonly next: string;
}

/**
 * Whoever came back with a proven identity is signed in, signed up, or asked; what waits for an
 * answer stays parked (O4). With `switching` they were asked, and leave the session that is here.
 * Refuses `session_changed`, `identity_already_in_use`, `provider_email_unverified`, `oauth_state_invalid`
 * when the way in was changed meanwhile, and after the proof `sign_up_closed` and
 * `account_disabled` (S5).
 */
export async function completeProviderSignIn(
  ctx: Ctx,
  tx: Db,
  oauthAttempt: OAuthAttempt,
  identity: ProviderIdentity,
  { switching = false }: { switching?: boolean } = {},
): Promise<Result<OAuthOutcome>> {
  const { provider, email, emailAssurance } = identity;
  const session = switching ? null : ctx.caller.session;
  const linking = oauthAttempt.sessionId !== null;
  // Signed out on the way, or in as somebody else: neither connects, nor makes a second user (A3).
  if (linking && oauthAttempt.sessionId !== session?.id)
    return refuse("session_changed", { provider });
  await lockIdentity(tx, identity);
  const owner = await findOwner(tx, identity);
  const account = !owner && email ? await lockAddressAndFindUser(tx, email) : null;
  const ownership = (userId: string | undefined) =>
    !userId ? null : userId === session?.userId ? "own" : "other";
  const decision = decide({
    emailAssurance,
    account: ownership(account?.id) ?? "none",
    signedIn: session !== null,
    linking,
    identity: ownership(owner?.userId) ?? "none",
    needsConfirmation: owner?.needsConfirmation ?? false,
  });
  const auditSubject = owner?.userId ?? account?.id;
  ctx.auditSubject({
    cause: provider,
    ...(auditSubject && { userId: auditSubject }),
    ...(email && { identifier: email }),
  });
  const finished = (outcome: OAuthOutcome["outcome"], cause = "") => {
    ctx.auditSubject({ cause: [provider, cause].filter(Boolean).join(":") });
    return ok({ provider, outcome, next: oauthAttempt.next });
  };

  switch (decision) {
    case "identity_already_in_use":
    case "provider_email_unverified":
      return refuse(decision, { provider, cause: emailAssurance });
    case "sign_in":
      if (owner!.disabled) return refuse("account_disabled");
      if (!(await markIdentityUsed(tx, identity)))
        return refuse("oauth_state_invalid", { provider, cause: "changed" });
      await signIn(ctx, tx, owner!.userId, oauthAttempt, provider);
      return finished("sign_in");
    case "sign_up": {
      if (ctx.env.signUp === "closed") return refuse("sign_up_closed");
      const user = await createUserFromIdentity(tx, identity);
      // Somebody proved the mailbox at this very moment: they have the account.
      if (!user) return ask("ask_to_sign_in");
      ctx.auditSubject({ userId: user.id });
      await signIn(ctx, tx, user.id, oauthAttempt, provider);
      return finished(
        "sign_in",
        emailAssurance === "authoritative" ? "signed_up" : "signed_up_unverified",
      );
    }
    case "already_linked":
      return finished(decision, decision);
    case "ask_to_link":
    case "ask_to_sign_in":
    case "ask_to_switch":
      return ask(decision);
  }

  async function ask(outcome: OAuthOutcome["outcome"]) {
    if (switching) await endCurrentSession(ctx, tx);
    else {
      const token = ctx.random.token();
      await storePendingIdentity(tx, oauthAttempt.id, token, identity);
      ctx.setCookies({ pendingIdentity: token });
    }
    return finished(outcome, outcome);
  }
}

async function signIn(
  ctx: Ctx,
  tx: Db,
  userId: string,
  { id, remember }: OAuthAttempt,
  method: OAuthProvider,
) {
  await consumePendingIdentity(tx, id);
  await startSession(ctx, tx, { userId, method, remember });
}

/** Ends the session that is here, so that somebody else can sign in. */
async function endCurrentSession(ctx: Ctx, tx: Db) {
  const { session } = ctx.caller;
  if (session) await endSession(tx, session.userId, session.id);
  ctx.setCookies({ session: "ended" });
}
