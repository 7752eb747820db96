import type { Identifier } from "./identifier";

/** What a sign-in mail needs to be written. */
interface SignInLetter {
  readonly to: Identifier;
  /** The verification whose lifetime starts with the first attempt to send this. */
  readonly verificationId: string;
  readonly token: string;
  readonly code: string;
  /** The browser that asked, in words ("Firefox on Linux"). */
  readonly browser: string;
  /** When it asked, as ISO text; shown, never judged. */
  readonly askedAt: string;
}

/**
 * Every e-mail we can send, as data. `magic_link` goes to people with an account;
 * `sign_up_link` welcomes an address that has none, where sign-up is open (L8).
 */
export type Letter =
  | ({ readonly kind: "magic_link" } & SignInLetter)
  | ({ readonly kind: "sign_up_link" } & SignInLetter);

/** Why a letter was never sent. The first two are decided before it is queued. */
export type DeathReason = "over_limit" | "no_account" | "too_late" | "refused";
