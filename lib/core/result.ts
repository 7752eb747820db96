import type { Duration } from "./duration";
import type { MethodId } from "./method-id";
import { type RefusalCode, refusals } from "./errors";
import type { LimitName } from "./policy";
import type { AddressProblem } from "./identifier";

/** An expected error as a value: returned, recorded and shown (decision 3). */
export interface Refusal {
  readonly code: RefusalCode;
  /** The form field that it is about. */
  readonly field?: string | undefined;
  /** The time after which another request can succeed. */
  readonly retryAfter?: Duration | undefined;
  /** The limit that was exceeded. Its message says whose requests it counts. */
  readonly limit?: LimitName | undefined;
  /** The minimum length of a password that is too short. */
  readonly minLength?: number | undefined;
  readonly provider?: MethodId | undefined;
  /** What is wrong with an address that is not valid. */
  readonly problem?: AddressProblem | undefined;
  /** Whether the email with the code has a link, too, which still works after too many wrong codes. */
  readonly emailHasLink?: boolean | undefined;
  /** Which sign-in methods without email do the same as the email that is not sent. */
  readonly otherMethods?: OtherMethods | undefined;
  /** The sign-in method that is disabled, which is why there is nothing. */
  readonly method?: MethodId | undefined;
  /** The signed-in user's address; shown only to that user. */
  readonly address?: string | undefined;
  /** The configured origin, when the request was for another one. */
  readonly origin?: string | undefined;
  /** The return path of the sign-in that failed, for another attempt. */
  readonly next?: string | undefined;
  /** Whether “Keep me signed in” was ticked for it. */
  readonly remember?: boolean | undefined;
  /** The request id, set by the runner. Users quote it to support, and the log has it. */
  readonly reference?: string | undefined;
  /** Why, for the audit log alone; people see the code's message. */
  readonly cause?: string | undefined;
}

/** **all**: a password and the providers. */
export const otherMethodKinds = ["all", "providers"] as const;
export type OtherMethods = (typeof otherMethodKinds)[number];

export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: Refusal };

export const ok = <T>(value: T): Result<T> => ({ ok: true, value });

export const refuse = (code: RefusalCode, more: Omit<Refusal, "code"> = {}): Result<never> => ({
  ok: false,
  refusal: { code, ...more },
});

/** Every code there is, for whoever describes our answers. */
export const refusalCodes = Object.keys(refusals);
