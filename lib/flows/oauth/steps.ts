import type { Db } from "@/db/client";
import type { Ctx } from "@/lib/runtime/flow";
import type { OAuthProvider } from "@/lib/core/oauth-providers";
import { ok, refuse, type Result } from "@/lib/core/result";
import { findOwner, signUpByIdentity, takeIdentity, touchIdentity } from "@/lib/store/auth-providers";
import { consumeParked, type Handshake, parkIdentity } from "@/lib/store/oauth-attempts";
import { decide, type Decision, type ProviderIdentity } from "@/lib/core/oauth-identity";
import { endSession, startSession } from "@/lib/store/sessions";
import { findUserAlone } from "@/lib/store/users";

/** What becomes of somebody who came back from a provider. */
export interface Arrival {
  readonly provider: OAuthProvider;
  readonly outcome: Extract<
    Decision,
    "sign_in" | "ask_to_connect" | "ask_to_sign_in" | "ask_to_switch" | "connected_already"
  >;
  readonly next: string;
}

/**
 * Whoever came back with a proven identity is signed in, signed up, or asked; what waits for an
 * answer stays parked (O4). With `switching` they were asked, and leave the session that is here.
 * Refuses `connect_interrupted`, `identity_taken`, `provider_email_unverified`, `handshake_lost`
 * when the way in was changed meanwhile, and after the proof `sign_up_closed` and
 * `account_disabled` (S5).
 */
export async function receive(
  ctx: Ctx,
  tx: Db,
  handshake: Handshake,
  identity: ProviderIdentity,
  { switching = false }: { switching?: boolean } = {},
): Promise<Result<Arrival>> {
  const { provider, email, vouching } = identity;
  const session = switching ? null : ctx.caller.session;
  const intent = handshake.sessionId !== null;
  // Signed out on the way, or in as somebody else: neither connects, nor makes a second user (A3).
  if (intent && handshake.sessionId !== session?.id)
    return refuse("connect_interrupted", { provider });
  await takeIdentity(tx, identity);
  const owner = await findOwner(tx, identity);
  const account = !owner && email ? await findUserAlone(tx, email) : null;
  const whose = (userId: string | undefined) =>
    !userId ? null : userId === session?.userId ? "mine" : "anothers";
  const decision = decide({
    vouching,
    account: whose(account?.id) ?? "none",
    signedIn: session !== null,
    intent,
    identity: whose(owner?.userId) ?? "free",
    questioned: owner?.questioned ?? false,
  });
  const about = owner?.userId ?? account?.id;
  ctx.about({
    cause: provider,
    ...(about && { userId: about }),
    ...(email && { identifier: email }),
  });
  const arrived = (outcome: Arrival["outcome"], cause = "") => {
    ctx.about({ cause: [provider, cause].filter(Boolean).join(":") });
    return ok({ provider, outcome, next: handshake.next });
  };

  switch (decision) {
    case "identity_taken":
    case "provider_email_unverified":
      return refuse(decision, { provider, cause: vouching });
    case "sign_in":
      if (owner!.disabled) return refuse("account_disabled");
      if (!(await touchIdentity(tx, identity)))
        return refuse("handshake_lost", { provider, cause: "changed" });
      await letIn(ctx, tx, owner!.userId, handshake, provider);
      return arrived("sign_in");
    case "sign_up": {
      if (ctx.env.signUp === "closed") return refuse("sign_up_closed");
      const user = await signUpByIdentity(tx, identity);
      // Somebody proved the mailbox at this very moment: they have the account.
      if (!user) return ask("ask_to_sign_in");
      ctx.about({ userId: user.id });
      await letIn(ctx, tx, user.id, handshake, provider);
      return arrived("sign_in", vouching === "mailbox" ? "signed_up" : "signed_up_unproven");
    }
    case "connected_already":
      return arrived(decision, decision);
    case "ask_to_connect":
    case "ask_to_sign_in":
    case "ask_to_switch":
      return ask(decision);
  }

  async function ask(outcome: Arrival["outcome"]) {
    if (switching) await leave(ctx, tx);
    else {
      const token = ctx.chance.token();
      await parkIdentity(tx, handshake.id, token, identity);
      ctx.handOver({ parked: token });
    }
    return arrived(outcome, outcome);
  }
}

async function letIn(
  ctx: Ctx,
  tx: Db,
  userId: string,
  { id, keep }: Handshake,
  method: OAuthProvider,
) {
  await consumeParked(tx, id);
  await startSession(ctx, tx, { userId, method, keep });
}

/** Ends the session that is here, so that somebody else can sign in. */
async function leave(ctx: Ctx, tx: Db) {
  const { session } = ctx.caller;
  if (session) await endSession(tx, session.userId, session.id);
  ctx.handOver({ session: "ended" });
}
