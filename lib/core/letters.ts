import type { Identifier } from "./identifier";
import type { MethodId } from "./method-id";
import type { Role } from "./role";

/** An email with a link and a code. */
interface SignInLetter {
  readonly to: Identifier;
  /** The verification whose lifetime starts again with the first attempt to send this (L1). */
  readonly verificationId: string;
  readonly token: string;
  readonly code: string;
  /** The device of the browser that requested it ("firefox/linux"). */
  readonly browser: string;
  /** When it was requested, as ISO text. Shown only: expiry is judged by the database. */
  readonly askedAt: string;
}

/** Which browser requested the email, and when. */
interface RequestInfo {
  readonly to: Identifier;
  readonly verificationId: string;
  readonly browser: string;
  readonly askedAt: string;
}

/** An email about a change to the account. */
export interface Notice {
  readonly to: Identifier;
  /** The device of the browser that made the change. */
  readonly browser: string;
  readonly at: string;
}

/** An email about what staff did. It does not name them, their browser or their reason. */
interface StaffNotice {
  readonly to: Identifier;
  readonly at: string;
}

/**
 * Every email we can send, as data. `magic_link` goes to addresses with an account, `sign_up_link` to
 * addresses without one, where sign-up is open (L8). A sign-up with a password gets a code and no
 * link, so that a click cannot activate a stranger's password (P1). The owner of an existing account
 * gets a sign-in link without a code, because the code would work in the stranger's browser (P3).
 */
export type Letter =
  | ({ readonly kind: "magic_link" } & SignInLetter)
  | ({ readonly kind: "sign_up_link" } & SignInLetter)
  | ({ readonly kind: "sign_up_code"; readonly code: string } & RequestInfo)
  | ({ readonly kind: "already_signed_up"; readonly token: string | null } & RequestInfo)
  | ({ readonly kind: "password_reset" } & SignInLetter)
  | ({ readonly kind: "step_up" } & SignInLetter)
  | ({ readonly kind: "email_change_code"; readonly code: string } & RequestInfo)
  | ({ readonly kind: "email_taken" } & RequestInfo)
  | ({
      readonly kind: "email_changed";
      /** Masked: the old mailbox may have become another person's. */
      readonly newAddress: string;
      /** Undoes the change; null where the old address was never verified (decision 50). */
      readonly token: string | null;
      readonly verificationId: string | null;
    } & Notice)
  | ({
      readonly kind: "deletion_scheduled";
      /** When the account will be erased, as ISO text. */
      readonly deletesAt: string;
      /** Takes the deletion back. */
      readonly token: string;
      readonly verificationId: string;
    } & Notice)
  /** To an address that the account had, and whose link that undoes the change takes this back, too. */
  | ({ readonly kind: "former_account_deleted" } & Notice)
  | ({
      readonly kind: "new_device_sign_in";
      /** Of the link that reports the sign-in. */
      readonly token: string;
      /** Null where it is not known. */
      readonly ip: string | null;
    } & Notice)
  | ({ readonly kind: "password_chosen"; readonly first: boolean } & Notice)
  | ({ readonly kind: "password_removed" } & Notice)
  | ({ readonly kind: "methods_locked" } & Notice)
  | ({ readonly kind: "methods_unlocked" } & Notice)
  | ({
      readonly kind: "provider_connected";
      readonly provider: MethodId;
      /** The verified address at the provider, if it has one. */
      readonly address: Identifier | null;
    } & Notice)
  | ({ readonly kind: "provider_disconnected"; readonly provider: MethodId } & Notice)
  | {
      readonly kind: "access_link";
      readonly to: Identifier;
      /** The verification whose lifetime starts again with the first attempt to send this. */
      readonly verificationId: string;
      readonly token: string;
    }
  | {
      readonly kind: "staff_email_code";
      /** The new address. The letter does not say which account it is for (decision 50). */
      readonly to: Identifier;
      readonly verificationId: string;
      /** Of the page where the code is entered. */
      readonly token: string;
      readonly code: string;
    }
  | ({
      readonly kind: "staff_email_scheduled";
      /** Masked: the old mailbox may have become another person's. */
      readonly newAddress: string;
      /** Stops the change. */
      readonly token: string;
      readonly verificationId: string;
    } & StaffNotice)
  | ({
      readonly kind: "staff_email_changed";
      /** Masked, as above. */
      readonly newAddress: string;
      /** Undoes the change. */
      readonly token: string;
      readonly verificationId: string;
    } & StaffNotice)
  | ({ readonly kind: "staff_email_ready" } & StaffNotice)
  | ({ readonly kind: "staff_email_stopped" } & StaffNotice)
  | ({ readonly kind: "account_disabled" } & StaffNotice)
  | ({ readonly kind: "account_enabled" } & StaffNotice)
  | ({ readonly kind: "role_changed"; readonly role: Role } & StaffNotice)
  | ({ readonly kind: "test_email" } & StaffNotice)
  | {
      readonly kind: "invitation";
      readonly to: Identifier;
      /** The invitation, whose end also ends the attempts to send this. */
      readonly verificationId: string;
    };

export type NewDeviceLetter = Extract<Letter, { kind: "new_device_sign_in" }>;

/**
 * Whether somebody who is not signed in can cause a letter of this kind. Beyond the hourly budget these
 * wait, and all others are sent (R5).
 */
const isCausedByStrangers: Readonly<Record<Letter["kind"], boolean>> = {
  magic_link: true,
  sign_up_link: true,
  sign_up_code: true,
  already_signed_up: true,
  password_reset: true,
  step_up: false,
  // Whoever signs up can cause them.
  email_change_code: true,
  email_taken: true,
  email_changed: false,
  deletion_scheduled: false,
  former_account_deleted: false,
  new_device_sign_in: false,
  password_chosen: false,
  password_removed: false,
  methods_locked: false,
  methods_unlocked: false,
  provider_connected: false,
  provider_disconnected: false,
  access_link: false,
  staff_email_code: false,
  staff_email_scheduled: false,
  staff_email_changed: false,
  staff_email_ready: false,
  staff_email_stopped: false,
  account_disabled: false,
  account_enabled: false,
  role_changed: false,
  test_email: false,
  invitation: false,
};

/** The kinds of letters that strangers can cause. */
export const kindsOfStrangers: readonly string[] = Object.entries(isCausedByStrangers)
  .filter(([, isTheirs]) => isTheirs)
  .map(([kind]) => kind);

/** Why a letter was never sent. The first four are known before it is queued. */
export type WithheldReason =
  | "over_limit"
  | "no_account"
  | "no_attempt"
  | "reserved"
  | "too_late"
  | "refused"
  | "restored";
