import { type Identifier, parseIdentifier } from "./identifier";
import type { OAuthProvider } from "./oauth-providers";
import { bounds } from "./policy";

/**
 * What a provider's word for an address is worth (O2, O3). `mailbox`: it runs the mailbox, so its
 * word is the proof. `verified`: it has seen a proof once. The others are worth nothing.
 */
export type EmailAssurance = "authoritative" | "verified" | "unverified" | "missing";

/** Somebody as a provider knows them. Who they are is provider and subject, never the address (O1). */
export interface ProviderIdentity {
  readonly provider: OAuthProvider;
  readonly subject: string;
  /** Only an address that the provider vouches for. */
  readonly email: Identifier | null;
  readonly emailAssurance: EmailAssurance;
}

// OpenID Connect: ASCII, case-sensitive. Anything else names nobody we could tell apart from others.
const subjectShape = new RegExp(`^[\\x21-\\x7e]{1,${bounds.subjectLength}}$`);

/**
 * Reads the claims of a verified answer, whatever their types: only `true` is verified, and what is
 * no address is none (O2). Null where they name nobody.
 */
export function readIdentity(
  provider: OAuthProvider,
  { sub, email: claimed, email_verified: verified, hd }: Readonly<Record<string, unknown>>,
): ProviderIdentity | null {
  if (typeof sub !== "string" || !subjectShape.test(sub)) return null;
  const address = typeof claimed === "string" ? parseIdentifier(claimed) : null;
  if (!address) return { provider, subject: sub, email: null, emailAssurance: "missing" };
  if (verified !== true)
    return { provider, subject: sub, email: null, emailAssurance: "unverified" };
  const emailAssurance = isAuthoritative(provider, address, hd) ? "authoritative" : "verified";
  return { provider, subject: sub, email: address, emailAssurance };
}

/** Google runs gmail.com, and the domains of its workspaces, which it names in `hd`. */
function isAuthoritative(provider: OAuthProvider, address: Identifier, hd: unknown): boolean {
  const domain = address.slice(address.lastIndexOf("@") + 1);
  return provider === "google" && (domain === "gmail.com" || domain === hd);
}

/** All that decides what becomes of somebody who comes back from a provider. */
export interface OAuthSituation {
  readonly emailAssurance: EmailAssurance;
  /** Whose account has the address that is vouched for. Who only begun to sign up has none (P1). */
  readonly account: "none" | "own" | "other";
  readonly signedIn: boolean;
  /** They set out to connect the provider, in this very session. */
  readonly linking: boolean;
  /** Whose account the identity opens. */
  readonly identity: "none" | "own" | "other";
  /** Its owner has not said that it may, since they proved the mailbox (O3). */
  readonly needsConfirmation: boolean;
}

/**
 * - `sign_in`, `sign_up`: at once; nobody else is signed in here
 * - `ask_to_link`: to the account signed in here, once they press for it
 * - `ask_to_sign_in`: by another way first, then they are asked to connect (O4)
 * - `ask_to_switch`: somebody else is signed in here
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
 * Who comes back from a provider, and what now (O2–O4, A3, A5). Two rules hold in every cell: nothing is
 * connected here, but only ever by a press afterwards; and an address opens no account by being the
 * same.
 */
export function decide(at: OAuthSituation): Decision {
  const { emailAssurance, account, signedIn, identity, needsConfirmation } = at;
  if (at.linking) return decideForConnecting(at);
  if (identity === "own") return needsConfirmation ? "ask_to_link" : "sign_in";
  if (identity === "other" && signedIn) return "ask_to_switch";
  if (identity === "other") return needsConfirmation ? "ask_to_sign_in" : "sign_in";
  if (!hasVerifiedEmail(emailAssurance)) return "provider_email_unverified";
  if (account === "own") return "ask_to_link";
  if (signedIn) return "ask_to_switch";
  return account === "other" ? "ask_to_sign_in" : "sign_up";
}

function decideForConnecting({
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
