import type { Db } from "@/db/client";
import { derivedToken, digest, type Key } from "@/lib/core/crypto";
import type { Identifier } from "@/lib/core/identifier";
import {
  decide,
  type Decision,
  type EmailAssurance,
  type OAuthIdentity,
} from "@/lib/core/oauth-identity";
import type { MethodId } from "@/lib/core/method-id";
import { ok, refuse, type Result } from "@/lib/core/result";
import { completeSignIn, repeatedCause, signedUpCause } from "@/lib/flows/shared/complete-sign-in";
import type { RefusalCauses } from "@/lib/runtime/audited";
import type { Ctx } from "@/lib/runtime/flow";
import {
  createUserFromIdentity,
  findOwner,
  lockIdentity,
  markIdentityUsed,
} from "@/lib/store/auth-providers";
import {
  consumePendingIdentity,
  findDecidedIdentity,
  findEndedAttempt,
  findNewPendingIdentity,
  type OAuthAttempt,
  type PendingIdentity,
  storePendingIdentity,
} from "@/lib/store/oauth-attempts";
import { deleteSession, findLiveSession, lockSessionUser } from "@/lib/store/sessions";
import { lockAddress } from "@/lib/store/users";

/** What happened to a user who came back from a provider. */
export interface OAuthOutcome {
  readonly provider: MethodId;
  readonly outcome: Extract<
    Decision,
    "sign_in" | "ask_to_link" | "ask_to_sign_in" | "ask_to_switch" | "already_linked"
  >;
  readonly next: string;
}

const assurances: readonly EmailAssurance[] = [
  "authoritative",
  "verified",
  "unverified",
  "missing",
];

const signedUpUnverifiedCause = "signed_up_unverified";

/** The causes of a success of `completeProviderSignIn` and of its repetitions, without a session. */
export const switchCauses: readonly string[] = [
  signedUpCause,
  signedUpUnverifiedCause,
  "ask_to_sign_in",
  repeatedCause,
];

/** The same, with or without a session. */
export const completionCauses: readonly string[] = [
  ...switchCauses,
  "already_linked",
  "ask_to_link",
  "ask_to_switch",
];

/** What `completeProviderSignIn` refuses without a session. */
export const switchRefusals = {
  provider_email_unverified: ["unverified", "missing"],
  oauth_state_invalid: ["changed"],
  account_disabled: [],
  sign_up_closed: [],
} satisfies RefusalCauses;

/** The same, with or without a session. */
export const completionRefusals = {
  ...switchRefusals,
  session_changed: [],
  identity_already_in_use: assurances,
} satisfies RefusalCauses;

/** An attempt, with the token of the browser that completes it or switches to its account. */
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
  const use = !owner && email ? await lockAddress(tx, email) : null;
  // A reserved address is that of the account which had it.
  const accountId = use?.userId ?? use?.reservedBy;
  const relationTo = (userId: string | null | undefined) => {
    if (!userId) return "none";
    return userId === session?.userId ? "own" : "other";
  };
  const decision = decide({
    emailAssurance,
    account: relationTo(accountId),
    signedIn: session !== null,
    linking,
    identity: relationTo(owner?.userId),
    needsConfirmation: owner?.needsConfirmation ?? false,
  });
  const userId = owner?.userId ?? accountId;
  ctx.auditSubject({
    cause: provider,
    ...(userId && { userId }),
    ...(email && { identifier: email }),
  });
  const finish = (outcome: OAuthOutcome["outcome"], cause = "") => {
    ctx.auditSubject({ cause: [provider, cause].filter(Boolean).join(":") });
    return ok({ provider, outcome, next: attempt.next });
  };
  const signIn = async (id: string, reportTo: Identifier | null) => {
    await consumePendingIdentity(tx, attempt.id);
    completeSignIn(ctx, {
      userId: id,
      reportTo,
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
      await signIn(owner!.userId, owner!.email);
      return finish("sign_in");
    case "sign_up": {
      if (ctx.env.signUp === "closed") return refuse("sign_up_closed");
      const user = await createUserFromIdentity(tx, identity);
      // Another request has created the address's user meanwhile.
      if (!user) return ask("ask_to_sign_in");
      ctx.auditSubject({ userId: user.id });
      await signIn(user.id, null);
      return finish(
        "sign_in",
        emailAssurance === "authoritative" ? signedUpCause : signedUpUnverifiedCause,
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
 * The tokens that an attempt, or the decision about a pending identity, leads to. They are derived, so that
 * a repetition gets the same ones, whichever of the two responses the browser stores.
 */
const tokensBy = (key: Key, attemptToken: string) => ({
  session: derivedToken(key, "session", attemptToken),
  pendingIdentity: derivedToken(key, "pending_identity", attemptToken),
});

type Tokens = ReturnType<typeof tokensBy>;

const tokensOf = ({ env }: Ctx, attemptToken: string) => tokensBy(env.tokenKey, attemptToken);

/** By each accepted key: during a rotation another server has another current one (X8). */
const repeatableTokens = ({ env }: Ctx, attemptToken: string) =>
  env.tokenKey.map((key) => tokensBy([key], attemptToken));

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
  for (const tokens of repeatableTokens(ctx, attemptToken)) {
    const repeated = await repeatCompletionWith(ctx, tx, provider, attemptToken, tokens);
    if (repeated) return repeated;
  }
  return null;
}

async function repeatCompletionWith(
  ctx: Ctx,
  tx: Db,
  provider: MethodId,
  attemptToken: string,
  tokens: Tokens,
): Promise<Result<OAuthOutcome> | null> {
  const { session: current, sessionDigest } = ctx.caller;
  const pending = await findNewPendingIdentity(tx, tokens.pendingIdentity);
  if (pending?.identity.provider === provider) {
    ctx.setCookies({ pendingIdentity: tokens.pendingIdentity });
    ctx.auditSubject({ cause: repetitionBy(provider) });
    // Their pages know which of them fits.
    const outcome = current ? "ask_to_link" : "ask_to_sign_in";
    return ok({ provider, outcome, next: pending.next });
  }
  if (current && sessionDigest !== digest("session", tokens.session)) return null;
  const ended = await findEndedAttempt(tx, provider, attemptToken);
  return ended && repeatStart(ctx, tx, tokens.session, { provider, next: ended.next });
}

/**
 * The identity to whose account a browser may switch again; null when the session has ended, or never was.
 */
export async function findRepeatableSwitch(
  ctx: Ctx,
  db: Db,
  token: string,
): Promise<PendingIdentity | null> {
  const decided = await findDecidedIdentity(db, token);
  return decided && (await findSwitchedSession(ctx, db, token)) ? decided : null;
}

/** The token of the session that the switch of a pending identity started; null when it has ended. */
async function findSwitchedSession(ctx: Ctx, db: Db, token: string): Promise<string | null> {
  for (const { session } of repeatableTokens(ctx, token))
    if (await findLiveSession(db, digest("session", session))) return session;
  return null;
}

/**
 * Gives the browser that switched to the account of a pending identity just now the same session again. Null
 * when it did not, the session has ended, or another session was started here.
 */
export async function repeatSwitch(
  ctx: Ctx,
  tx: Db,
  token: string,
): Promise<Result<OAuthOutcome> | null> {
  const decided = await findDecidedIdentity(tx, token);
  const started = decided && (await findSwitchedSession(ctx, tx, token));
  if (!started) return null;
  const { session: current, sessionDigest } = ctx.caller;
  // The session that the switch has ended may have been read before.
  const isOther = current && sessionDigest !== digest("session", started);
  if (isOther && (await lockSessionUser(tx, current))) return null;
  const { identity, next } = decided;
  return repeatStart(ctx, tx, started, { provider: identity.provider, next });
}

/** Gives the browser a session that was started under this token. Null when there is none any more. */
async function repeatStart(
  ctx: Ctx,
  tx: Db,
  token: string,
  { provider, next }: Pick<OAuthOutcome, "provider" | "next">,
): Promise<Result<OAuthOutcome> | null> {
  const live = await findLiveSession(tx, digest("session", token));
  if (!live) return null;
  const { userId, ...session } = live;
  ctx.auditSubject({ userId, cause: repetitionBy(provider) });
  ctx.setCookies({ session: { ...session, token } });
  return ok({ provider, outcome: "sign_in", next });
}

const repetitionBy = (provider: MethodId) => `${provider}:${repeatedCause}`;

async function endCurrentSession(ctx: Ctx, tx: Db) {
  const { session } = ctx.caller;
  if (session) await deleteSession(tx, session.userId, session.id);
  ctx.setCookies({ session: "ended" });
}
