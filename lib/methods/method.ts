import type { MethodId } from "@/lib/core/method-id";

/** A sign-in method as data. What pages show of it is in `app/_methods`. */
export interface Method {
  readonly id: MethodId;
  /** Its name in `auth_providers.provider`, in `sessions.method` and in the cookie of the last method. */
  readonly storedName: string;
  /** Its place on pages, lowest first. */
  readonly rank: number;
  /** Whether it signs in only users who have a row for it. */
  readonly needsRow: boolean;
  /** Whether it can verify an email address; one enabled method must (O3, A5). */
  readonly verifiesEmail: boolean;
  /** What the first verification of the email address does to it (O3, A5). */
  readonly atFirstVerification: "stays" | "revoked" | "needs_confirmation";
  /** The step-up it offers to a user who has it, beside the one by email, which every user has. */
  readonly stepUp: "password" | null;
  readonly oauth: OAuthFacts | null;
}

export interface OAuthFacts {
  /** The provider's own name, which is the same in every language. */
  readonly name: string;
  readonly issuer: string;
  /** Whether it runs the mailboxes of a domain, by the claims of its verified response (O3). */
  readonly isAuthoritativeFor: (
    domain: string,
    claims: Readonly<Record<string, unknown>>,
  ) => boolean;
  /** Whether it refuses browsers inside other apps (O7). */
  readonly refusesInAppBrowsers: boolean;
}

export interface OAuthMethod extends Method {
  readonly oauth: OAuthFacts;
}

type Own = Omit<Method, "id" | "oauth"> & { readonly id: string };

/** A method of our own. */
export const defineMethod = ({ id, ...facts }: Own): Method => ({
  ...facts,
  id: id as MethodId,
  oauth: null,
});

/**
 * An OAuth provider. Its identities are stored under its id. The provider may not have verified the
 * email address, so they need confirmation when the owner of the address verifies it (O3, A5).
 */
export const defineOAuthMethod = ({
  id,
  rank,
  ...oauth
}: OAuthFacts & { readonly id: string; readonly rank: number }): OAuthMethod => ({
  id: id as MethodId,
  storedName: id,
  rank,
  needsRow: true,
  verifiesEmail: false,
  atFirstVerification: "needs_confirmation",
  stepUp: null,
  oauth,
});
