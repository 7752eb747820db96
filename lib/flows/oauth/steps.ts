import type { Db } from "@/db/client";
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
  type OAuthAttempt,
  storePendingIdentity,
} from "@/lib/store/oauth-attempts";
import { deleteSession } from "@/lib/store/sessions";
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

/**
 * Signs a verified identity in or up, or stores it until its user decides (O4). With `switching` the
 * user has decided to end the session that is here. Refuses `session_changed`,
 * `identity_already_in_use`, `provider_email_unverified`, `oauth_state_invalid` when the identity was
 * changed meanwhile, and after the verification `sign_up_closed` and `account_disabled` (S5).
 */
export async function completeProviderSignIn(
  ctx: Ctx,
  tx: Db,
  attempt: OAuthAttempt,
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
    await completeSignIn(ctx, tx, {
      userId: id,
      method: provider,
      remember: attempt.remember,
      startedBy: null,
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
      const token = ctx.random.token();
      await storePendingIdentity(tx, attempt.id, token, identity);
      ctx.setCookies({ pendingIdentity: token });
    }
    return finish(outcome, outcome);
  }
}

async function endCurrentSession(ctx: Ctx, tx: Db) {
  const { session } = ctx.caller;
  if (session) await deleteSession(tx, session.userId, session.id);
  ctx.setCookies({ session: "ended" });
}
