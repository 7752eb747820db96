import { type Identifier, parseIdentifier } from "./identifier";
import type { MethodId } from "./method-id";
import { bounds } from "./policy";

/**
 * How far a provider's email claim can be trusted (O2, O3). `authoritative`: the provider runs the
 * mailbox. `verified`: it has verified the address once. The others mean no usable address.
 */
export type EmailAssurance = "authoritative" | "verified" | "unverified" | "missing";

/** A user at a provider. The identity is provider and subject, never the email address (O1). */
export interface OAuthIdentity {
  readonly provider: MethodId;
  readonly subject: string;
  /** Null unless the provider has verified it. */
  readonly email: Identifier | null;
  readonly emailAssurance: EmailAssurance;
}

// OpenID Connect Core 2: at most 255 ASCII characters, case-sensitive.
const subjectShape = new RegExp(`^[\\x21-\\x7e]{1,${bounds.subjectLength}}$`);

/** Reasons for the log, by the claim of an ID token that is invalid. */
const claimFailures = {
  iss: "issuer",
  aud: "audience",
  azp: "audience",
  exp: "expiry",
  nbf: "not_before",
  iat: "issued_at",
  sub: "subject",
  nonce: "nonce",
  at_hash: "access_token_hash",
} as const;

export type ClaimFailure = (typeof claimFailures)[keyof typeof claimFailures];

/** The reason for the log when this claim of an ID token is invalid; undefined for another claim. */
export const claimFailure = (name: string | undefined): ClaimFailure | undefined =>
  name !== undefined && Object.hasOwn(claimFailures, name)
    ? claimFailures[name as keyof typeof claimFailures]
    : undefined;

interface IdentityProvider {
  readonly id: MethodId;
  /** Whether it runs the mailboxes of a domain, by the claims of its response (O3). */
  readonly isAuthoritativeFor: (
    domain: string,
    claims: Readonly<Record<string, unknown>>,
  ) => boolean;
}

/**
 * Reads the claims of a verified response, whatever their types: only `true` counts as verified (O2).
 * Null without a valid subject.
 */
export function readIdentity(
  { id: provider, isAuthoritativeFor }: IdentityProvider,
  claims: Readonly<Record<string, unknown>>,
): OAuthIdentity | null {
  const { sub, email: claimed, email_verified: verified } = claims;
  if (typeof sub !== "string" || !subjectShape.test(sub)) return null;
  const address = typeof claimed === "string" ? parseIdentifier(claimed) : null;
  if (!address) return { provider, subject: sub, email: null, emailAssurance: "missing" };
  if (verified !== true)
    return { provider, subject: sub, email: null, emailAssurance: "unverified" };
  const emailAssurance = isAuthoritativeFor(domainOf(address), claims)
    ? "authoritative"
    : "verified";
  return { provider, subject: sub, email: address, emailAssurance };
}

const domainOf = (address: Identifier) => address.slice(address.lastIndexOf("@") + 1);

/** The facts that decide what happens when a user comes back from a provider. */
export interface OAuthSituation {
  readonly emailAssurance: EmailAssurance;
  /** The user of the verified address. A pending sign-up is none (P1). */
  readonly account: "none" | "own" | "other";
  readonly signedIn: boolean;
  /** The attempt was started in this session to link the provider. */
  readonly linking: boolean;
  /** The user that the identity is linked to. */
  readonly identity: "none" | "own" | "other";
  /** The identity waits for its owner to confirm it (O3). */
  readonly needsConfirmation: boolean;
}

/**
 * - `sign_in`, `sign_up`: at once; no other user is signed in here
 * - `ask_to_link`: to the signed-in account, after the user confirms
 * - `ask_to_sign_in`: with another method first, then `ask_to_link` (O4)
 * - `ask_to_switch`: another user is signed in here
 * - `already_linked`, and what is refused
 */
export type Decision =
  | "sign_in"
  | "sign_up"
  | "ask_to_link"
  | "ask_to_sign_in"
  | "ask_to_switch"
  | "already_linked"
  | "identity_already_in_use"
  | "provider_email_unverified";

/**
 * Decides what happens when a user comes back from a provider (O2–O4, A3, A5). Two rules hold in every
 * case: nothing is linked here, only later after the user confirms; and an equal email address opens
 * no account.
 */
export function decide(situation: OAuthSituation): Decision {
  const { emailAssurance, account, signedIn, identity, needsConfirmation } = situation;
  if (situation.linking) return decideForLinking(situation);
  if (identity === "own") return needsConfirmation ? "ask_to_link" : "sign_in";
  if (identity === "other" && signedIn) return "ask_to_switch";
  if (identity === "other") return needsConfirmation ? "ask_to_sign_in" : "sign_in";
  if (!hasVerifiedEmail(emailAssurance)) return "provider_email_unverified";
  if (account === "own") return "ask_to_link";
  if (signedIn) return "ask_to_switch";
  return account === "other" ? "ask_to_sign_in" : "sign_up";
}

function decideForLinking({
  emailAssurance,
  identity,
  needsConfirmation,
}: OAuthSituation): Decision {
  if (identity === "own") return needsConfirmation ? "ask_to_link" : "already_linked";
  if (identity === "other") return "identity_already_in_use";
  return hasVerifiedEmail(emailAssurance) ? "ask_to_link" : "provider_email_unverified";
}

const hasVerifiedEmail = (emailAssurance: EmailAssurance) =>
  emailAssurance === "authoritative" || emailAssurance === "verified";
