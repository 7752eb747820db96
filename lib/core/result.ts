import type { Duration } from "./duration";
import type { MethodId } from "./method-id";
import { type RefusalCode, refusals } from "./errors";

/** An expected "no". It is an answer, not an error: it is returned, recorded and shown. */
export interface Refusal {
  readonly code: RefusalCode;
  /** The form field it is about. */
  readonly field?: string | undefined;
  /** When asking again makes sense. */
  readonly retryAfter?: Duration | undefined;
  /** How long it has to be, where it was too short. */
  readonly minLength?: number | undefined;
  /** The provider it is about. */
  readonly provider?: MethodId | undefined;
  /** Of whoever is signed in, told to nobody but them. */
  readonly address?: string | undefined;
  /** Ours, where the request went to another. */
  readonly origin?: string | undefined;
  /** Where the person was going, so that they begin again on their way there. */
  readonly next?: string | undefined;
  /** The request's id, put on by the runner: what people quote to support, and logs can be searched for. */
  readonly reference?: string | undefined;
  /** Why, for the audit log alone; people see the code's message. */
  readonly cause?: string | undefined;
}

export type Result<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal };

export const ok = <T>(value: T): Result<T> => ({ ok: true, value });

export const refuse = (code: RefusalCode, more: Omit<Refusal, "code"> = {}): Result<never> => ({
  ok: false,
  refusal: { code, ...more },
});

/** Every code there is, for whoever describes our answers. */
export const refusalCodes = Object.keys(refusals);
