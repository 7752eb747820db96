import type { Db } from "@/db/client";
import type { Duration } from "@/lib/core/duration";
import type { Env } from "@/lib/core/env";
import type { SecretGenerator } from "@/lib/core/crypto";
import type { RefusalCode } from "@/lib/core/errors";
import type { MethodId } from "@/lib/core/method-id";
import type { Limit, LimitHit } from "@/lib/core/policy";
import type { Result } from "@/lib/core/result";

/** The time that is shown, by the database's clock, which judges expiry too. */
export interface Clock {
  now(): Date;
}

/** One JSON line per event. Values hold no secrets; email addresses are redacted by the adapter. */
export interface Log {
  info(event: string, fields?: Record<string, unknown>): void;
  warn(event: string, fields?: Record<string, unknown>): void;
  error(event: string, fields?: Record<string, unknown>): void;
}

/** `hit` names the hit that was counted, so that it can be refunded. */
export type LimitResult =
  | { readonly ok: true; readonly hit: string }
  | { readonly ok: false; readonly retryAfter: Duration };

/** A limit and the key that it counts by, which arrives hashed. */
export interface KeyedLimit {
  readonly limit: Limit;
  readonly keyHash: string;
  /** Whether a refusal ends the run. */
  readonly effect: "reject" | "suppress";
}

export interface Limiter {
  /**
   * Counts one hit for each limit in order, if that stays within the limit. Each is atomic. After the
   * refusal of a limit with the effect `reject` the rest is not counted, and has no result.
   */
  consume(limits: readonly KeyedLimit[]): Promise<readonly LimitResult[]>;
  /** Removes these hits, unless they have expired (R2), and all hits of the `forgotten` keys (R3). */
  refund(
    hits: readonly LimitHit[],
    forgotten?: readonly Pick<LimitHit, "rule" | "keyHash">[],
  ): Promise<void>;
  /** Removes all hits of all rules. For local development. */
  clear(): Promise<void>;
}

/** Shows emails instead of sending them, on a loopback origin without a mail server (X1). */
export interface LocalMailbox {
  letters(): Promise<MailboxLetter[]>;
}

/** An email as it would have been sent. */
export interface MailboxLetter {
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly html: string;
  readonly text: string;
  readonly sentAt: string;
}

/** Password hashing behind a bounded queue, with the same work for every caller (P5, P6). */
export interface Passwords {
  /** Returns an argon2id hash as a PHC string. Refuses `overloaded` when the queue is full. */
  hash(password: string): Promise<Result<string>>;
  /**
   * Compares with a stored hash. With `null` it compares with a hash that no password matches, so
   * that an account without a password takes as long. `needsRehash`: the hash was made with other
   * parameters than today's. Refuses `overloaded`.
   */
  verify(
    storedHash: string | null,
    password: string,
  ): Promise<Result<{ readonly matches: boolean; readonly needsRehash: boolean }>>;
  /**
   * Whether a new password is strong enough. Refuses `password_too_short`, `password_personal`,
   * `password_common`, and `password_breached` where the lookup is configured. `userInputs` are
   * texts an attacker knows about the user, such as the email address.
   */
  checkStrength(password: string, userInputs: readonly string[]): Promise<Result<unknown>>;
}

/** The HTTP client of one OAuth attempt. All its requests share one timeout (O5). */
export interface OidcClient {
  /**
   * A `fetch` for Auth.js: JSON of a bounded size, no redirects, within the client's timeout. The
   * provider's metadata is cached. Throws where there is no such response.
   */
  readonly fetch: typeof fetch;
  /** Why the provider did not respond, for log and audit; null while it responds. */
  readonly lastError: () => string | null;
  /**
   * The claims of an ID token whose signature, issuer, audience, times and access token are valid (O1).
   * Refuses `provider_failed`, and `provider_unavailable` when the provider's keys cannot be fetched.
   */
  readonly verify: (
    idToken: string,
    accessToken: string,
  ) => Promise<Result<Readonly<Record<string, unknown>>>>;
}

/** The result of a provider's callback: the claims of a verified response, or why there are none. */
export type CallbackResult =
  | { readonly claims: Readonly<Record<string, unknown>> }
  | {
      readonly failure: Extract<
        RefusalCode,
        "provider_cancelled" | "oauth_state_invalid" | "provider_unavailable" | "provider_failed"
      >;
      /** For the audit log. */
      readonly cause: string;
    };

/** The start of an OAuth attempt. */
export interface Authorization {
  /** Where to send the browser. */
  readonly url: string;
  /** The parameter by which the callback finds its attempt. */
  readonly state: string;
  /** What the callback is compared with, encrypted, for a cookie of this browser. */
  readonly checks: string;
}

/** The OAuth protocol with a provider. */
export interface OAuth {
  /** Refuses `provider_unavailable`, and `provider_failed` when the provider's metadata is invalid. */
  authorize(provider: MethodId): Promise<Result<Authorization>>;
  /**
   * Exchanges the code in the callback's URL and verifies the response, for a browser with this Cookie
   * header (O1).
   */
  exchange(
    provider: MethodId,
    callbackUrl: string,
    cookieHeader: string | null,
  ): Promise<CallbackResult>;
}

/** `warn` still serves requests. */
export type HealthStatus = "pass" | "warn" | "fail";

export type Health = Readonly<
  Record<"database" | "migrations" | "worker" | "mail" | "limiter" | "disk" | "clock", HealthStatus>
>;

/**
 * Counts for Prometheus (X6). Labels come from our own lists (flows, methods, error codes), never from a
 * request: values would be secrets or addresses, and without a bound.
 */
export interface Metrics {
  /** `outcome` is "ok", the code of a refusal, or "failed" for a bug. */
  flowEnded(flow: string, outcome: string, seconds: number): void;
  /** `method` is null where only the flow's end knows it. "unfinished": the user has to do more first. */
  signInEnded(method: MethodId | null, outcome: string): void;
  /** A limit was counted in Postgres because Redis failed. */
  limiterFellBack(): void;
  /** The length of the queue of password hashes. */
  hashesQueued(count: number): void;
  /** How long a hash waited for its turn, in seconds. */
  hashWaited(seconds: number): void;
  letterEnded(outcome: "sent" | "delayed" | "refused"): void;
}

/** The metrics as Prometheus reads them, with the gauges measured now. */
export interface MetricsPage {
  readonly contentType: string;
  text(): Promise<string>;
}

/** Everything outside the process, behind small interfaces. */
export interface World {
  readonly env: Env;
  readonly db: Db;
  /** Whether an error means that the database is unavailable, rather than a bug. */
  readonly isDatabaseUnavailable: (error: unknown) => boolean;
  /** Closes a transaction's connection, whatever it is doing. */
  readonly endTransaction: (tx: Db) => void;
  readonly clock: Clock;
  readonly random: SecretGenerator;
  readonly log: Log;
  readonly limiter: Limiter;
  readonly passwords: Passwords;
  readonly oauth: OAuth;
  /** Wakes the outbox worker before its next poll. */
  readonly wakeCourier: () => void;
  /** Null when emails are really sent. */
  readonly mailbox: LocalMailbox | null;
  /** The health of each part, measured now (X4). Never throws. */
  readonly health: () => Promise<Health>;
  /** The names of the migrations that this release has and the database lacks. */
  readonly pendingMigrations: () => Promise<readonly string[]>;
  readonly metrics: Metrics;
  /** Null without `METRICS_TOKEN`. */
  readonly metricsPage: MetricsPage | null;
}
