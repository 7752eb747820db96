import type { z } from "zod";
import type { Db } from "@/db/client";
import type { SecretGenerator } from "@/lib/core/crypto";
import type { Duration } from "@/lib/core/duration";
import type { Env } from "@/lib/core/env";
import type { RefusalCode } from "@/lib/core/errors";
import type { Identifier } from "@/lib/core/identifier";
import type { Letter, WithheldReason } from "@/lib/core/letters";
import type { MethodId } from "@/lib/core/method-id";
import type { LimitHit, LimitName } from "@/lib/core/policy";
import type { OtherMethods, Result } from "@/lib/core/result";
import type { Session, SessionRow } from "@/lib/store/sessions";
import type { Audited } from "./audited";
import type { CallbackResult, Clock, Limiter, LocalMailbox, Passwords, World } from "./ports";
import type { Caller, CookieChanges } from "./request-context";

/**
 * Who may run a flow. `local`: any caller, while the local mailbox exists. `staff`: support, admins and the
 * command line; for others such a flow does not exist (T1).
 */
export type Requires = "anyone" | "session" | "local" | "staff" | "admin";

export const isForStaff = (requires: Requires) => requires === "staff" || requires === "admin";

/** A limit that a flow consumes before it runs. */
export interface LimitRule<In> {
  readonly limit: LimitName;
  /** **reject**: 429. **suppress**: the flow runs in full, and its emails are withheld. */
  readonly effect: "reject" | "suppress";
  readonly key: (input: In, caller: Caller) => string;
  /** The limit for a known device of this address, instead of the one above (R1, R2). */
  readonly knownDevice?: LimitName;
  /** The hit can be refunded later, by whoever has the run's `limitHits`. */
  readonly refundable?: true;
  /** A run that succeeds gives its hit back: the limit is for failed attempts (R3). */
  readonly refundedOnSuccess?: true;
  /** The error of a rejection, where `too_many_requests` is not specific enough. */
  readonly refusal?: RefusalCode;
  /** The form field that the error is about. */
  readonly field?: string;
  /** See `Refusal`. */
  readonly emailHasLink?: boolean;
  /** See `Refusal`. */
  readonly otherMethods?: OtherMethods | undefined;
}

/** What one limit counts by. */
export interface LimitKey {
  readonly limit: LimitName;
  readonly key: string;
}

/** What a flow's `run` gets. It has no limiter, no mailer and no cookies: the runner has them. */
export interface Ctx<S extends Session | null = Session | null> {
  /** For reading. Inside `write` use its transaction. */
  readonly db: Db;
  readonly clock: Clock;
  readonly random: SecretGenerator;
  readonly passwords: Passwords;
  readonly env: Env;
  readonly oauth: {
    /** Where to send the browser. Refuses `provider_unavailable`, `provider_failed`. */
    authorize(provider: MethodId): Promise<Result<{ readonly url: string }>>;
    /** The result of the callback at this URL. */
    exchange(provider: MethodId, callbackUrl: string): Promise<CallbackResult>;
  };
  readonly caller: Caller<S>;
  /** A `suppress` limit is exceeded: the flow runs in full, and posted letters are withheld. */
  readonly suppressed: boolean;
  /** This browser has signed in to the address of this flow before (R6). */
  readonly knownDevice: boolean;
  /** The refundable hits of this run. */
  readonly limitHits: readonly LimitHit[];
  /**
   * One transaction that ends with this run's session, letters and audit row; at most one per run. A
   * refusal commits, so that a used attempt stays used. A throw rolls back.
   */
  write<T>(change: (tx: Db) => Promise<Result<T>>): Promise<Result<T>>;
  /** Starts this session at the end of the transaction. Only `completeSignIn` calls it. */
  startSession(session: SessionRow): void;
  /** Queues an email in the transaction. With `withheld` it is stored as never to be sent. */
  post(letter: Letter, withheld?: WithheldReason | null): void;
  /** Sets the subject and cause of the audit row, and the reason that a staff member gives. */
  auditSubject(subject: {
    userId?: string;
    identifier?: Identifier;
    cause?: string;
    reason?: string;
    staffId?: string;
  }): void;
  setCookies(changes: CookieChanges): void;
  /** Removes hits from their limits, after the response. */
  refund(hits: readonly LimitHit[]): void;
  /** Removes the hits that this run counted for an email, as it sends none; after the response. */
  refundMailLimits(): void;
  /** Forgets all hits of these keys, after the response. */
  forgetAttempts(keys: readonly LimitKey[]): void;
  /** Only for flows that require `staff` or `admin`. */
  readonly system: Pick<World, "health" | "pendingMigrations"> | null;
  /** Only for flows that require `local`. */
  readonly local: (LocalMailbox & { readonly clearLimits: Limiter["clear"] }) | null;
}

/** The session's type in the context, by what the flow requires. For staff, null is the command line. */
type SessionOf<R extends Requires> = R extends "session" ? Session : Session | null;

export interface Flow<
  Schema extends z.ZodType = z.ZodType,
  Out = unknown,
  R extends Requires = Requires,
> {
  /** object.verb: the event in the audit log. Never changes. */
  readonly name: `${string}.${string}`;
  /** A write needs a same-origin request and writes an audit row; a read changes nothing. */
  readonly kind: "read" | "write";
  /** What it writes to the audit log. A read has it only where each run of it is an event, too. */
  readonly audited?: Audited;
  readonly requires: R;
  /**
   * Runs for a session whose account will be erased, too. All others are refused there with
   * `account_deleted`, or are no flows to staff.
   */
  readonly duringDeletion?: true;
  /** The greatest age of the session's last authentication (OIDC `max_age`); else `step_up_required`. */
  readonly maxAuthAge?: Duration;
  /**
   * Refused to a session that an access link started, as is every flow with a `maxAuthAge`: it touches how
   * the owner signs in (T2). The refusal is `access_link_session`.
   */
  readonly isOwnersOnly?: true;
  /** The sign-in method it belongs to, if any. Where that is disabled the flow refuses `not_found`. */
  readonly method?: MethodId | ((input: z.output<Schema>) => MethodId | null);
  /**
   * Only for flows that sign users in: the method that their runs are counted under; null where the input
   * does not tell it.
   */
  readonly signsInBy?: MethodId | ((input: z.output<Schema>) => MethodId | null);
  readonly limits: readonly LimitRule<z.output<Schema>>[];
  /** The email address an input is about: for known devices and the audit log. */
  readonly identifierOf?: (input: z.output<Schema>) => Identifier;
  readonly input: Schema;
  readonly run: (ctx: Ctx<SessionOf<R>>, input: z.output<Schema>) => Promise<Result<Out>>;
}

/** Declares a flow: rules as data, and `run` as the act. */
export const defineFlow = <Schema extends z.ZodType, Out, R extends Requires>(
  flow: Flow<Schema, Out, R> & ({ kind: "read" } | { kind: "write"; audited: Audited }),
): Flow<Schema, Out, R> => flow;

// Flows of every input, requirement and result in one list: parameters make them incomparable.
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyFlow = Flow<any, any, any>;
