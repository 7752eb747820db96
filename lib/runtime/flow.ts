import type { z } from "zod";
import type { Db } from "@/db/client";
import type { Duration } from "@/lib/core/duration";
import type { Env, SignInMethod } from "@/lib/core/env";
import type { Identifier } from "@/lib/core/identifier";
import type { WithheldReason, Letter } from "@/lib/core/letters";
import type { OAuthProvider } from "@/lib/core/oauth-providers";
import type { Limit, LimitName } from "@/lib/core/policy";
import type { RefusalCode } from "@/lib/core/errors";
import type { Result } from "@/lib/core/result";
import type { SecretGenerator } from "@/lib/core/crypto";

/** The time as shown and logged; expiry is the database's business. */
export interface Clock {
  now(): Date;
}

/** One JSON line per event. Values must be free of secrets; addresses are redacted on the way. */
export interface Log {
  info(event: string, facts?: Record<string, unknown>): void;
  warn(event: string, facts?: Record<string, unknown>): void;
  error(event: string, facts?: Record<string, unknown>): void;
}

/** `hit` names the count that was added, for giving it back. */
export type LimitResult =
  | { readonly ok: true; readonly hit: string }
  | { readonly ok: false; readonly retryAfter: Duration };

/** Counts one more, if that stays within the limit. Atomic; keys arrive hashed. */
export interface Limiter {
  consume(limit: Limit, keyHash: string): Promise<LimitResult>;
  /** Takes this hit back, when what was counted turned out to be wanted (R2); gone ones stay gone. */
  refund(rule: string, keyHash: string, hit: string): Promise<void>;
  /** Forgets every count; for the local mailbox page. */
  clear(): Promise<void>;
}

/** Where letters go instead of out, on a loopback origin without a way to send mail (X1). */
export interface LocalMailbox {
  letters(): Promise<MailboxLetter[]>;
  clearLimits(): Promise<void>;
}

/** A letter as it would have left. */
export interface MailboxLetter {
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly html: string;
  readonly text: string;
  readonly sentAt: string;
}

/** What can be done with passwords: a few at a time, and the same work for everybody (P5, P6). */
export interface Passwords {
  /** Hashes for keeping (argon2id, as a PHC string). Refuses `overloaded` when too many wait already. */
  hash(password: string): Promise<Result<string>>;
  /**
   * Compares with a kept hash; with `null`, against one that nothing matches, so that having none
   * takes as long. `outdated`: it was made with other parameters than today's. Refuses `overloaded`.
   */
  verify(
    storedHash: string | null,
    password: string,
  ): Promise<Result<{ readonly matches: boolean; readonly needsRehash: boolean }>>;
  /**
   * What speaks against choosing it: refuses `password_too_short`, `password_personal`,
   * `password_common`, and `password_breached` where looking that up is allowed. `ownWords` are
   * what others know of the person.
   */
  checkStrength(password: string, userInputs: readonly string[]): Promise<Result<unknown>>;
}

/** One trip's line to a provider. All that is asked over it shares one short time (O5). */
export interface OidcClient {
  /**
   * As `fetch`, for Auth.js: JSON of a bounded size, without redirects, within the line's time;
   * what the provider says of itself is asked once and kept. Throws where there is no such answer.
   */
  readonly fetch: typeof fetch;
  /** Why the provider's answer was none, for log and audit; null as long as it answers. */
  readonly lastError: () => string | null;
  /**
   * The claims of an ID token whose signature, issuer, audience and times hold (O1). Refuses
   * `provider_failed` and, when its keys can't be had, `provider_unavailable`.
   */
  readonly verify: (idToken: string) => Promise<Result<Readonly<Record<string, unknown>>>>;
}

/** How a part of us is; `warn` still serves. */
export type HealthStatus = "pass" | "warn" | "fail";

export type Health = Readonly<
  Record<"database" | "migrations" | "worker" | "mail" | "limiter", HealthStatus>
>;

/** The world as the house sees it: everything from outside, behind small types. */
export interface World {
  readonly env: Env;
  readonly db: Db;
  /** Whether an error means that the database is away, rather than that we are wrong. */
  readonly isDatabaseUnavailable: (error: unknown) => boolean;
  /** Ends a transaction's connection, whatever it is doing: nobody waits for it any more. */
  readonly endTransaction: (tx: Db) => void;
  readonly clock: Clock;
  readonly random: SecretGenerator;
  readonly log: Log;
  readonly limiter: Limiter;
  readonly passwords: Passwords;
  /** Only for a provider whose keys are set. */
  readonly createOidcClient: (provider: OAuthProvider) => OidcClient;
  /** Rings for the outbox worker, so that it need not wait for its next look. */
  readonly wakeCourier: () => void;
  /** Null when mail really leaves. */
  readonly mailbox: LocalMailbox | null;
  /** How each part is, asked now (X4). Never throws. */
  readonly health: () => Promise<Health>;
}

/** A signed-in browser, as read with each request. */
export interface Session {
  readonly id: string;
  readonly userId: string;
  readonly email: Identifier;
  /** Its absolute end. */
  readonly endsAt: Date;
  /** Seconds since the person last proved that it is them, by the database's clock. */
  readonly authAge: number;
  /** `last_seen_at` is older than it should be; somebody should write it after the response. */
  readonly stale: boolean;
}

/** Who asks, as far as the request can show. All secrets are digests by now. */
export interface RequestContext {
  readonly requestId: string;
  /** The same-origin proof of `web/origin`; writes are refused without it. */
  readonly sameOrigin: boolean;
  /**
   * Whom the page of a posted form showed as signed in: a user's id, "" for nobody. Null where no
   * page was shown, as to a program.
   */
  readonly shownTo: string | null;
  readonly ip: string | null;
  /** The IP as limits count it: IPv6 by /64, spellings folded (R2). */
  readonly network: string;
  /** A stored device ("firefox/linux"). */
  readonly browser: string;
  readonly sessionDigest: string | null;
  /** This browser as the asker of mail; made anew when it had none. */
  readonly requestingBrowserDigest: string;
  /** This browser as a known device; made anew when it had none (R6). */
  readonly deviceDigest: string;
  /** It brought that device cookie along, so a mark is possible. */
  readonly hasDeviceCookie: boolean;
  /** The session of `sessionDigest`, read once per request. */
  readonly readSession: () => Promise<Session | null>;
}

export interface Caller<S extends Session | null = Session | null> extends RequestContext {
  readonly session: S;
}

/** A session's token, seen once, on its way into a cookie. */
export interface NewSession {
  readonly token: string;
  readonly lifetime: Duration;
  /** The way in it began by; none where it only goes on under another token. */
  readonly method?: string;
}

/** What the browser is to be given along with the answer. Only `web/perform` looks at it. */
export interface CookieChanges {
  session?: NewSession | "ended";
  /** Keep this browser's asking cookie, so that its code works here. */
  mailRequest?: true;
  /** Keep this browser's device cookie. */
  device?: true;
  /** The token of a trip to a provider, which this browser alone may end. */
  oauthAttempt?: string | "ended";
  /** The token of whom a trip brought back, while that waits for an answer. */
  pendingIdentity?: string | "ended";
}

/** Who may run a flow. `mailbox`: whoever sits at the machine, while the local mailbox exists. */
export type Requires = "anyone" | "session" | "local";

/** How a flow takes a limit. */
export interface LimitRule<In> {
  readonly limit: LimitName;
  /** **reject** answers 429; **suppress** lets the flow run in full with letters born dead. */
  readonly effect: "reject" | "suppress";
  readonly key: (input: In, caller: Caller) => string;
  /** The budget of a browser with a device mark for this address, instead of the above (R1, R2). */
  readonly knownDevice?: LimitName;
  /** Counts for the flow's receipt, so that it can be given back. */
  readonly refundable?: true;
  /** The loud answer, where "too many requests" would not tell enough. */
  readonly refusal?: RefusalCode;
}

export interface Ctx<S extends Session | null = Session | null> {
  /** For reading. Inside `write` use its transaction. */
  readonly db: Db;
  readonly clock: Clock;
  readonly random: SecretGenerator;
  readonly passwords: Passwords;
  readonly env: Env;
  readonly caller: Caller<S>;
  /** A quiet limit is exceeded: run in full all the same. Letters posted now are born dead. */
  readonly suppressed: boolean;
  /** This browser has signed in to the address this is about before (R6). */
  readonly knownDevice: boolean;
  /** For the returnable limits that were taken; to be kept until it is known whether they are given back. */
  readonly receipt: string;
  /**
   * One transaction that ends with this run's letters and audit row; at most one per run. A refusal
   * commits (a spent try stays spent), a throw rolls back.
   */
  write<T>(change: (tx: Db) => Promise<Result<T>>): Promise<Result<T>>;
  /** Queues a letter in the transaction; with `withheld`, born dead for that reason. */
  post(letter: Letter, withheld?: WithheldReason | null): void;
  /** Whom the audit row is about. */
  auditSubject(subject: { userId?: string; identifier?: Identifier; cause?: string }): void;
  setCookies(cookieChanges: CookieChanges): void;
  /** Gives the counts of a receipt back, after the response. */
  refund(receipt: string): void;
  /** Nothing will be mailed: what this run counted as mail is given back, after the response. */
  refundMailLimits(): void;
  /** Only flows that require it see one. */
  readonly mailbox: LocalMailbox | null;
}

/** The session's type in the context, by what the flow requires. */
type SessionOf<R extends Requires> = R extends "session" ? Session : Session | null;

export interface Flow<
  Schema extends z.ZodType = z.ZodType,
  Out = unknown,
  R extends Requires = Requires,
> {
  /** noun.verb, in past records for ever: the audit log's event. */
  readonly name: `${string}.${string}`;
  /** A write has a same-origin proof and an audit row; a read changes nothing. */
  readonly kind: "read" | "write";
  readonly requires: R;
  /** The session's last proof may be no older: else `step_up_required`. */
  readonly maxAuthAge?: Duration;
  /** The way of signing in it belongs to: where that is switched off, there is `not_found`. */
  readonly method?: SignInMethod | ((input: z.output<Schema>) => SignInMethod);
  readonly limits: readonly LimitRule<z.output<Schema>>[];
  /** The address it is about; device marks are looked up by it, and the audit trace names it. */
  readonly identifierOf?: (input: z.output<Schema>) => Identifier;
  readonly input: Schema;
  readonly run: (ctx: Ctx<SessionOf<R>>, input: z.output<Schema>) => Promise<Result<Out>>;
}

/** Declares a flow. Everything that must not be forgotten is in the declaration; `run` is the act. */
export const defineFlow = <Schema extends z.ZodType, Out, R extends Requires>(
  flow: Flow<Schema, Out, R>,
) => flow;

// Flows of every input, requirement and outcome in one list: parameters make them incomparable.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyFlow = Flow<any, any, any>;
