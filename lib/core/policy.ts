import { days, type Duration, hours, minutes, seconds } from "./duration";

/** How long things live. Written and judged in SQL by the database's clock. */
export const lifetimes = {
  /** Long enough for slow mail and a lunch break, short enough for a stolen mailbox dump (L1). env */
  magicLink: hours(1),
  /** Six digits can be guessed, so they get less time than a link (L1). */
  emailCode: minutes(10),
  /** As long as the code beside it: a step-up is asked for at the moment it is needed (A2). */
  stepUpLink: minutes(10),
  /** An unused session ends after a day away (S1). env */
  sessionIdle: hours(24),
  /** Nobody stays signed in for ever, however busy (S1). env */
  session: days(30),
  /** The same two when the person asked to be kept signed in (S1). */
  rememberedSessionIdle: days(30),
  rememberedSession: days(90),
  /** Whoever signs up has this long to find the code's mail, or to ask for another (P1). */
  signUpAttempt: hours(1),
  /** To a provider and back, and after that for what was proven there to be used (O4). */
  oauthAttempt: minutes(10),
  /** Which way in a browser used last, so that the sign-in page can offer it first. */
  lastMethod: days(180),
  /** The browser's time zone, in which pages show times; `public/latchkey.js` says the same. */
  timeZone: days(180),
  /** A form that was interrupted by step-up is completed within this, or filled in again. */
  suspendedAction: minutes(10),
  /** A browser that asked may type the code, and press without the address, while the mail can arrive. */
  requestingBrowser: days(1),
  /** A device mark not used for this long is forgotten; twice the longest session. */
  knownDevice: days(180),
  /** A message carried over one redirect (house: faces). */
  flash: seconds(60),
  /** A mail that could not leave by now is of no use to anybody (X3). */
  letter: hours(24),
  /** Finished letters stay visible to whoever asks "did it leave?" (X10). */
  finishedLetter: days(7),
  /** Used and dead links stay past their end, so that their page can say what happened (X10). */
  finishedVerification: hours(24),
} as const satisfies Record<string, Duration>;

/** How often things may be done at most, and how soon again. */
export const intervals = {
  /** `last_seen_at` is written at most this often, so that reading stays reading (S1). */
  lastSeen: minutes(5),
  /** What touches credentials asks for a proof no older than this (A2). */
  stepUp: minutes(10),
  /** The look-up of stolen passwords answers within this, or is done without (P6). */
  breachLookup: seconds(1),
  /** A provider has answered all that a trip asks of it within this, or people are told (O5). */
  providerAnswer: seconds(5),
  /** What a provider says of itself, its keys included, is asked again after this. */
  discoveryCache: minutes(10),
  /** A provider's clock and ours may be this far apart; oauth4webapi allows the same. */
  providerClock: seconds(30),
  /** What people are told to wait when a provider does not answer. */
  providerAway: minutes(1),
  /** A run is over within this, or the caller is told that the database is away (S4). */
  run: seconds(8),
  /** A password waits for its turn to be hashed no longer; less than `run`. */
  hashWait: seconds(5),
  /** When more passwords wait to be hashed than may. */
  overloaded: seconds(2),
  /** Asking for the same mail again from the same browser. */
  resend: seconds(60),
  /** Between two looks at the outbox when nobody rings. */
  outboxPoll: seconds(5),
  /** A mail server or provider answers within this; see the lease below. */
  mailTimeout: seconds(15),
  /** Mail that has not left this long after its first attempt is slow, and waiting pages say so. */
  mailDelayed: seconds(30),
  /**
   * A job of the worker that made no progress for this long is given up: longer than one letter or
   * one batch of a purge can take with every limit below it used up.
   */
  jobStall: seconds(60),
  /** A worker that took a letter and died leaves it to the others after this; longer than any send may take. */
  letterLease: seconds(60),
  /** Before the second, third, … attempt of a letter; the last one repeats until the letter's lifetime ends. */
  letterRetries: [seconds(10), seconds(30), minutes(2), minutes(10), minutes(30)],
  /** Redis answers a limit within this many milliseconds, or Postgres does (R4). */
  redisTimeoutMs: 150,
  /** A connection to Redis is made within this. */
  redisConnect: seconds(2),
  /** A connection to Redis over which nothing came back for this long is given up; less than `redisRest`. */
  redisSilence: seconds(1),
  /** Before the first probe of TCP's keep-alive on a connection to Redis. */
  redisKeepAlive: seconds(5),
  /** A look at our own health takes no longer than this (X4). */
  health: seconds(2),
  /** Redis is left alone this long after a failure (R4). */
  redisCooldown: seconds(5),
  /** Between two purges (X10). */
  purge: minutes(10),
  /** What the browser is told to wait when a part of us is away. */
  unavailable: seconds(5),
} as const;

/**
 * How long the database may take before we go on without it (S4, decision 16). Postgres keeps the
 * limit of a statement itself as long as it is heard; the others are ours, for a connection that
 * nothing comes over any more.
 */
export const databaseLimits = {
  /** Name look-up, TCP, TLS and authentication; short, because a dial into silence delays the next one. */
  connect: seconds(3),
  /** Postgres ends a statement that runs or waits for a lock for longer; less than a run may take. */
  statement: seconds(5),
  /** The same for a statement of a migration, which may rewrite a table. */
  migration: minutes(10),
  /** Postgres ends a transaction in which nothing was asked for this long. */
  idleInTransaction: seconds(10),
  /** Nothing came back for so much longer than a statement may take: the connection is dead. */
  grace: seconds(1),
  /** A resting connection that was not heard for this long is asked whether it is still there. */
  idleBeforeProbe: seconds(1),
  /** It answers within this or is given up; with `idleBeforeProbe` less than the 5 seconds of S4. */
  probeReply: seconds(2),
  /** Whoever waits for one of the pool's connections waits no longer than a run may take. */
  poolWait: seconds(8),
  /** Before the first probe of TCP's keep-alive, for the network devices on the way. */
  keepAlive: seconds(5),
} as const satisfies Record<string, Duration>;

/** Counts and lengths. */
export const bounds = {
  /** Random bytes in a token: 256 bits, out of reach of guessing. */
  tokenBytes: 32,
  /** Digits of an e-mail code; one in a million, times the tries below. */
  codeDigits: 6,
  /** Tries at one code (L5). */
  codeAttempts: 5,
  /** Live links of one address and purpose (L4). */
  liveLinks: 3,
  /** NIST SP 800-63B-4 asks for 15 where a password is the only factor; see decision 6. env */
  passwordMinLength: 12,
  /** From here on a new password is called strong by its length: past NIST's 15, and past what people type from habit. */
  passwordStrongLength: 16,
  /** Longer ones are no safer, and somebody has to hash them (P6). */
  passwordMaxLength: 1_024,
  /**
   * Guesses that a password must stand, as zxcvbn counts them. Three easy parts in a row stand 1e8,
   * three random words 1e11, 12 random letters 1e12. A thief of the hashes needs about a hundred
   * days of one core for 1e9; online, 10 in a quarter of an hour are far from it.
   */
  guesses: 1e9,
  /** Characters of a password that are weighed: what is easy for so long is easy, and time is bounded. */
  strengthLength: 32,
  /** Ways to read "P4$$w0rd" as letters that are tried; each costs as much as reading it once. */
  strengthSubstitutions: 2,
  /** argon2id as OWASP's cheat sheet has it: 19 MiB, two passes, one lane. */
  argon2: { memoryCost: 19_456, timeCost: 2, parallelism: 1 },
  /** Passwords that may wait to be hashed: about half a second's work on one core. */
  hashQueue: 64,
  /** Bytes of a provider's answer; the largest real ones, sets of keys, have a few thousand. */
  providerAnswerBytes: 256 * 1024,
  /** Characters of a person's id at a provider; OpenID Connect allows 255. */
  subjectLength: 255,
  /** People who share a browser and are still known to it (R6). */
  usersPerDevice: 5,
  /** RFC 5321: 254 octets of address, 64 of them before the @. */
  emailLength: 254,
  localPartLength: 64,
  /** A request's body in bytes; forms are far below it. */
  bodyBytes: 64 * 1024,
  /** A return path; longer ones are not ours. */
  nextLength: 2048,
  /** A cookie's value and a browser's name as we keep it. */
  agentLength: 80,
  /** Rows per statement of a purge, so that no lock is held long (X10). */
  purgeBatch: 500,
  /** Letters a worker takes at once. */
  outboxBatch: 10,
  /** Letters the local mailbox shows. */
  mailboxLetters: 100,
} as const;

/** How much of something, per what, in any window of that length. */
export interface Limit {
  /** Its name in the table of counts, in Redis keys and in the log. */
  readonly rule: string;
  readonly max: number;
  readonly per: Duration;
  /** A budget of tries at a secret: always counted in Postgres, so that a lost Redis refills none (R3). */
  readonly tries?: true;
}

/** One counted hit, as it is stored to be refunded (R2). */
export interface LimitHit {
  readonly rule: string;
  readonly keyHash: string;
  /** The limiter's name for it. */
  readonly hit: string;
}

/**
 * Every limit (R1–R3). Flows declare which of them they take, by what key, and whether going over
 * is said aloud; `env.ts` may replace the numbers marked env.
 */
export const limits = {
  /** Letters that strangers can cause to one address (R1). env */
  emailsPerAddress: { rule: "emails_per_address", max: 3, per: hours(1) },
  /** The same from a browser that has signed in to that address before (R1). */
  emailsPerDevice: { rule: "emails_per_device", max: 3, per: hours(1) },
  /** Requests for mail from one IP (R2). env */
  emailRequestsPerIp: { rule: "email_requests_per_ip", max: 5, per: hours(1) },
  /** The same from a marked browser, whatever its IP (R2). */
  emailRequestsPerDevice: { rule: "email_requests_per_device", max: 5, per: hours(1) },
  /** The same mail again from the same browser. */
  resends: { rule: "resends", max: 1, per: intervals.resend },
  /** Codes typed for one address and purpose (R3). */
  codesPerHour: { rule: "codes_per_hour", max: 10, per: hours(1), tries: true },
  codesPerDay: { rule: "codes_per_day", max: 20, per: days(1), tries: true },
  /** Passwords tried for one account from browsers that never signed in to it (R3). */
  passwordsPerAccount: { rule: "passwords_per_account", max: 10, per: minutes(15), tries: true },
  /** The same from one that has, so that nobody else can use up the owner's tries (R3). */
  passwordsPerDevice: { rule: "passwords_per_device", max: 10, per: minutes(15), tries: true },
  passwordsPerIp: { rule: "passwords_per_ip", max: 30, per: minutes(15), tries: true },
  /** Proofs of a signed-in person, by password or code (R3). */
  stepUpsPerSession: { rule: "step_ups_per_session", max: 5, per: minutes(15), tries: true },
  /** Trips to a provider begun from one IP, and as many ended (R3). */
  oauthAttemptsPerIp: { rule: "oauth_attempts_per_ip", max: 30, per: minutes(10), tries: true },
  /** Links pressed, codes typed, sign-ups sent and “Switch account”, from one IP (R3). */
  confirmationsPerIp: { rule: "confirmations_per_ip", max: 60, per: hours(1), tries: true },
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof limits;
