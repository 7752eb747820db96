import type { Ctx } from "@/lib/runtime/flow";
import type { Identifier } from "./identifier";
import type { OAuthProvider } from "./oauth-providers";

/** What a sign-in mail needs to be written. */
interface SignInLetter {
  readonly to: Identifier;
  /** The verification whose lifetime starts with the first attempt to send this. */
  readonly verificationId: string;
  readonly token: string;
  readonly code: string;
  /** The browser that asked, as a stored device ("firefox/linux"). */
  readonly browser: string;
  /** When it asked, as ISO text; shown, never judged. */
  readonly askedAt: string;
}

/** Which browser asked, and when; shown, never judged. */
interface RequestInfo {
  readonly to: Identifier;
  readonly verificationId: string;
  readonly browser: string;
  readonly askedAt: string;
}

/** Something happened to the account that its owner should know. */
interface Notice {
  readonly to: Identifier;
  /** The browser that did it, as a stored device. */
  readonly browser: string;
  readonly at: string;
}

/** What every notice says: to whom, which browser did it, and when. */
export const noticeTo = ({ caller, clock }: Ctx, to: Identifier): Notice => ({
  to,
  browser: caller.browser,
  at: clock.now().toISOString(),
});

/**
 * Every e-mail we can send, as data. `magic_link` goes to people with an account;
 * `sign_up_link` welcomes an address that has none, where sign-up is open (L8). A sign-up with a
 * password gets a code and no link, so that nobody activates a stranger's password by a click
 * (P1); the owner of an account gets a sign-in link instead, without a code, as it would work in
 * the stranger's browser (P3).
 */
export type Letter =
  | ({ readonly kind: "magic_link" } & SignInLetter)
  | ({ readonly kind: "sign_up_link" } & SignInLetter)
  | ({ readonly kind: "sign_up_code"; readonly code: string } & RequestInfo)
  | ({ readonly kind: "already_signed_up"; readonly token: string | null } & RequestInfo)
  | ({ readonly kind: "password_reset" } & SignInLetter)
  | ({ readonly kind: "step_up" } & SignInLetter)
  | ({ readonly kind: "password_chosen"; readonly first: boolean } & Notice)
  | ({ readonly kind: "password_removed" } & Notice)
  | ({
      readonly kind: "provider_connected";
      readonly provider: OAuthProvider;
      /** The address at the provider; null when it vouches for none. */
      readonly address: Identifier | null;
    } & Notice)
  | ({ readonly kind: "provider_disconnected"; readonly provider: OAuthProvider } & Notice);

/** Why a letter was never sent. The first three are decided before it is queued. */
export type WithheldReason = "over_limit" | "no_account" | "no_attempt" | "too_late" | "refused";
