import { days, type Duration, hours, minutes, seconds } from "./duration";

/**
 * Every number of the product: lifetimes, timeouts, sizes and limits, each with its unit and its
 * reason. `env` at the end of a comment means that an environment variable may replace the number;
 * `lib/core/env.ts` says within which bounds.
 */

/** How long something is valid. The database's clock decides, in SQL. */
export const lifetimes = {
  /**
   * A link to sign in or set a password, from the first attempt to send it: enough for slow mail and a
   * lunch break, too short to be worth stealing old mail (L1). env
   */
  magicLink: hours(1),
  /** Six digits can be guessed, so a code gets less time than a link (L1). */
  emailCode: minutes(10),
  /** As long as the code in the same email: the user is waiting for it (A2). */
  stepUpLink: minutes(10),
  /**
   * The old address can undo a change of the address, and nobody else can have it: over a weekend without
   * reading email (decision 50).
   */
  emailUndo: hours(72),
  /**
   * A change of the address that staff have started takes effect after it, unless the old address or the
   * owner stops it: over a weekend without reading email, too (T2, decision 50).
   */
  emailChangeNotice: hours(72),
  /** A deleted account can be restored, by its owner who was away or deleted it in anger (decision 50). */
  deletion: days(14),
  /** Its link only ends and locks, so it works for as long as somebody may not read their mail (R6). */
  signInReport: days(7),
  /** After a report: enough to set a new password and to look at the account, and no more (A2). */
  methodsLock: hours(24),
  /** The user waits for it, on the phone or in a chat with support (T2). */
  accessLink: minutes(15),
  /** The session of an access link: enough to look something up, too short to live with (T2). */
  accessSession: hours(1),
  /** A session that is not used for a day ends, as on a shared computer (S1). env */
  sessionIdle: hours(24),
  /** A session in constant use ends, too, so that a stolen token does not work indefinitely (S1). env */
  session: days(30),
  /** "Keep me signed in": long enough for a site that is used every few weeks (S1). */
  rememberedSessionIdle: days(30),
  /** "Keep me signed in": the user signs in again four times a year (S1). */
  rememberedSession: days(90),
  /** Enough to find the email with the code, or to request another one (P1). */
  signUpAttempt: hours(1),
  /** Enough to sign in at a provider; then again as long for the user's decision (O4). */
  oauthAttempt: minutes(10),
  /** The last sign-in method is offered first; half a year covers users who return rarely. */
  lastMethod: days(180),
  /** The browser's time zone, in which pages show times; `public/latchkey/latchkey.js` says the same. */
  timeZone: days(180),
  /** The link that the server prints for the first admin: who starts a server opens it the same day (T1). */
  setupLink: days(1),
  /** Enough for a holiday, and not for an address that changes hands (T1). */
  invitation: days(7),
  /** A form that waits for step-up; as long as the step-up email is valid. */
  suspendedAction: minutes(10),
  /** As long as an email may take to arrive (`queuedEmail`): the browser may enter its code. */
  requestingBrowser: days(1),
  /** A device that was not used for twice the longest session is forgotten. */
  knownDevice: days(180),
  /**
   * An encrypted URL of another origin in a return path: as long as an email may take (`queuedEmail`)
   * and the longest link in it may work.
   */
  returnUrl: hours(48),
  /** The returns of one browser that are counted: a loop of redirects makes three within a second. */
  recentReturns: seconds(30),
  /** A message for the next page, which a redirect requests at once. */
  flash: seconds(60),
  /** An email that could not be sent for a day is of no use to its recipient (X3). */
  queuedEmail: hours(24),
  /** Enough to look into the question "was my email sent?" (X10). */
  finishedEmail: days(7),
  /** Long enough to look into what happened last year, and no longer than people expect (T3). env */
  auditLog: days(400),
  /** An expired or used link is stored for one more day, so that its page can explain why (X10). */
  finishedVerification: hours(24),
} as const satisfies Record<string, Duration>;

/** Timeouts and pauses. */
export const intervals = {
  /** `last_seen_at` is written at most this often, so that most reads write nothing (S1). */
  lastSeen: minutes(5),
  /** Changing a credential needs an authentication no older than this (A2). */
  stepUp: minutes(10),
  /** A file with everything about an account needs an authentication no older than this. */
  exportAuth: minutes(30),
  /** Choosing a password must not wait longer for the lookup; without a response it is skipped (P6). */
  breachLookup: seconds(1),
  /** Staff who read about other people have authenticated within a working day (T1). */
  staffRead: hours(12),
  /** Without a user or a time, a search in the audit log goes back this far: a filter reads all of it. */
  auditSearch: days(30),
  /** Staff who change other people's accounts authenticated this recently: enough for several of them. */
  staffWrite: minutes(30),
  /**
   * All requests of one OAuth attempt together; less than `run`, so that the user gets an explanation (O5).
   */
  providerTimeout: seconds(5),
  /** Short enough that a provider's new keys arrive soon, long enough to save most requests. */
  discoveryCache: minutes(10),
  /** The tolerated difference between a provider's clock and ours; oauth4webapi allows the same. */
  providerClock: seconds(30),
  /** How long a callback waits for another instance that completes the same one; less than `run`. */
  callbackWait: seconds(1),
  /** In milliseconds: how often it looks. */
  callbackPollMs: 100,
  /** The `Retry-After` when a provider does not respond: outages last minutes, not seconds. */
  providerRetryAfter: minutes(1),
  /** The timeout of a flow; browsers and proxies give up later, so the user gets an explanation (S4). */
  run: seconds(8),
  /** How long requests may take to end when the server stops: longer than `run`. */
  drain: seconds(10),
  /** In milliseconds: how often a stopping server closes idle connections; a small part of `drain`. */
  idleConnectionPollMs: 100,
  /** In milliseconds: in a turn of the event loop that takes less, hardly anybody has connected. */
  quietTurnMs: 1,
  /** How long a stopping server waits for such a turn: a busy one has them several times a second. */
  acceptLast: seconds(1),
  /** How long a password waits to be hashed; less than `run`, so that the reason is `overloaded`. */
  hashWait: seconds(5),
  /**
   * A hashing process without a result for this long is replaced: longer than one takes that gets a small
   * part of a busy core.
   */
  hashStall: seconds(10),
  /** The `Retry-After` when the queue of hashes is full: it empties within about a second. */
  overloaded: seconds(2),
  /** The pause before the same browser may request the same email again: mail often takes that long. */
  resend: seconds(60),
  /**
   * How long a browser may repeat what it did when the response was lost, such as a provider's callback,
   * and the previous token of a renewed session works: enough to read "Back in a moment" and to press the
   * button again.
   */
  repeat: seconds(60),
  /** The pause between two polls of the outbox; a poll finds what another instance has queued. */
  outboxPoll: seconds(5),
  /** The timeout for sending one email; far below `emailLease`. */
  mailTimeout: seconds(15),
  /** An email that waits this long after its first attempt is delayed, and the waiting page says so. */
  mailDelayed: seconds(30),
  /** A worker's job without progress for this long is stuck: longer than an email or a batch can take. */
  jobStall: seconds(60),
  /** An email leased to a worker that crashed is free again after this; longer than any send can take. */
  emailLease: seconds(60),
  /**
   * A first attempt this far in the future is from before the clock was set back. Less may be of another
   * worker, whose statement began later than one that still runs: it is longer than any statement.
   */
  emailClockStep: seconds(30),
  /** The pauses before the second, third, … attempt to send an email. The last one repeats. */
  emailRetries: [seconds(10), seconds(30), minutes(2), minutes(10), minutes(30)],
  /**
   * The longest such pause, also when a provider asks for more: a later time is from before the clock was
   * set back.
   */
  emailRetryMax: hours(1),
  /** The window of the budget of emails (R5): mail providers count by the hour. */
  mailBudget: hours(1),
  /** In milliseconds. Redis responds within a few; after this the limit is counted in Postgres (R4). */
  redisTimeoutMs: 150,
  /** The timeout for connecting to Redis: enough for TCP and TLS, short next to `run`. */
  redisConnect: seconds(2),
  /** A connection to Redis is dead without data for this long; less than `redisCooldown`. */
  redisSilence: seconds(1),
  /** The delay of the first TCP keep-alive probe to Redis; firewalls drop connections idle for longer. */
  redisKeepAlive: seconds(5),
  /** After a failure Redis is not used for this long, so that requests do not wait for its timeout (R4). */
  redisCooldown: seconds(5),
  /** In milliseconds, doubled from `base` to `max`: reconnects soon, without flooding a starting Redis. */
  redisReconnectMs: { base: 100, max: 2_000 },
  /** The timeout of a health check; orchestrators commonly give up after a few seconds (X4). */
  health: seconds(2),
  /** The time for one check of `npm run doctor`: longer than `mailTimeout`, so that its reason is told. */
  doctorCheck: seconds(20),
  /** Its requests to the server itself, which responds at once or not at all. */
  doctorRequest: seconds(5),
  /** The pause between two runs of the sealer of audit events: an event is sealed after about two (T3). */
  auditSeal: seconds(5),
  /** The pause between two purges: frequent enough that each of them is small (X10). */
  purge: minutes(10),
  /** How long a purge waits when the clock may be wrong: enough to correct it. */
  purgeHold: hours(6),
  /**
   * A first purge waits when no session was used for longer: the server was stopped, or the clock is ahead.
   */
  purgeQuiet: days(7),
  /**
   * A purge waits when the clock moved ahead by more than this since the last one: longer than a night's
   * sleep.
   */
  purgeJump: days(1),
  /** The pause between two looks at the WAL of the embedded database: cheap, and soon enough at any rate. */
  embeddedMaintenance: seconds(30),
  /** The pause between two vacuums of the embedded database, which has no autovacuum. */
  embeddedVacuum: hours(1),
  /** The pause between two tries to get the lock of migrations; another instance may take minutes. */
  migrationPoll: seconds(0.5),
  /**
   * How long it counts that the disk of Postgres had space for new pages; finding out writes to its catalog.
   */
  diskProbe: seconds(10),
  /** The pause between two readings of the database's clock. */
  clockReading: minutes(1),
  /** A difference between the clocks of database and app that is reported; providers tolerate as much. */
  clockDifference: seconds(30),
  /** How often an instance that waits for that lock says so. */
  migrationNotice: minutes(1),
  /**
   * An idle connection stays open for this long: longer than the proxies in front keep theirs (60 to 75
   * seconds), so that none of them reuses a connection at the moment we close it. env
   */
  keepAlive: seconds(90),
  /** How much longer than `keepAlive` a request's headers may take: Node closes by the shorter of the two. */
  headersAfterKeepAlive: seconds(10),
  /** The rest of a refused request's body is read for at most this long, so that its sender reads why. */
  discardedBody: seconds(30),
  /** A connection that was told to close is closed by us when the other side has not done so by then. */
  lastBytes: seconds(1),
  /** A client that is redirected to the same address many times within this did not get there. */
  redirectLoop: seconds(2),
  /** The `Retry-After` when the database is unavailable: a restart of Postgres takes a few seconds. */
  unavailable: seconds(5),
  /** The embedded database's takeover lock is stale after this; a takeover takes milliseconds. */
  lockTakeover: seconds(5),
  /** In milliseconds, doubled from `base` to `max`: connected again within 5 s of Postgres's return (S4). */
  databaseReconnectMs: { base: 100, max: 1_000 },
  /**
   * How long a starting server waits for a Postgres that does not respond: longer than a container with a
   * new database takes, and short enough that who started it is still watching.
   */
  databaseStart: minutes(1),
  /** In milliseconds. Postgres sends its error this long, at most, before it closes the connection. */
  databaseCloseNoticeMs: 100,
} as const;

/**
 * The timeouts of connections to Postgres (S4, decision 16). Postgres itself enforces `statement`,
 * `migration` and `idleInTransaction` while the connection works. The others are enforced by this
 * process, for connections that deliver nothing any more.
 */
export const databaseLimits = {
  /** DNS, TCP, TLS and authentication; short, as connecting to a silent host delays the next attempt. */
  connect: seconds(3),
  /** A statement that runs or waits for a lock for longer is cancelled; less than `intervals.run`. */
  statement: seconds(5),
  /** The same for a statement of a migration, which may rewrite a large table. */
  migration: minutes(10),
  /** A transaction without a statement for this long is ended; it would block others by its locks. */
  idleInTransaction: seconds(10),
  /** A connection without data for this long after `statement` is dead: Postgres would have said so. */
  grace: seconds(1),
  /** A connection idle for this long is probed before its next use would have to wait. */
  idleBeforeProbe: seconds(1),
  /** The timeout of a probe; with `idleBeforeProbe` less than the 5 seconds of S4. */
  probeReply: seconds(2),
  /** How long a query waits for a free connection: no longer than a run may take. */
  poolWait: seconds(8),
  /** The delay of the first TCP keep-alive probe; firewalls drop connections idle for longer. */
  keepAlive: seconds(5),
  /** How long closing the pool waits for running queries: as long as a statement may take. */
  close: seconds(5),
} as const satisfies Record<string, Duration>;

/** Sizes and counts. */
export const bounds = {
  /** Random bytes in a token: 256 bits cannot be guessed. */
  tokenBytes: 32,
  /** Digits in an emailed code: one guess in a million is right, and `codeAttempts` allows few. */
  codeDigits: 6,
  /** Attempts at one code: a guesser's chance is 5 in a million per email (L5). */
  codeAttempts: 5,
  /** How often a used link or code may be repeated: a response is hardly lost three times. */
  repeats: 3,
  /** Valid links per address and purpose: a user who clicks an older email still succeeds (L4). */
  liveLinks: 3,
  /** NIST SP 800-63B-4 asks for 15 where a password is the only factor; see decision 6. env */
  passwordMinLength: 12,
  /** A longer password is called strong: more than NIST's 15, and more than people type by habit. */
  passwordStrongLength: 16,
  /** Longer passwords are no safer, and hashing them takes time (P6). */
  passwordMaxLength: 1_024,
  /**
   * The guesses that a new password must withstand, as zxcvbn estimates them. Three easy parts in a
   * row withstand 1e8, three random words 1e11, 12 random letters 1e12. With stolen hashes, 1e9
   * guesses take about a hundred days on one core; the limits allow 10 online in a quarter of an hour.
   */
  guesses: 1e9,
  /** Characters of a password that zxcvbn reads: its time grows faster than the length. */
  strengthLength: 32,
  /** Readings of "P4$$w0rd" as letters that zxcvbn tries: each costs as much as reading it once. */
  strengthSubstitutions: 2,
  /** argon2id with the parameters of OWASP's cheat sheet: 19 MiB (in KiB), two passes, one lane. */
  argon2: { memoryCost: 19_456, timeCost: 2, parallelism: 1 },
  /**
   * How much nicer than the server its hashing process is: all of an idle core, and a quarter of one that
   * others keep busy, so that sign-ins go on beside them.
   */
  hashingNice: 5,
  /** Passwords that may wait to be hashed: about half a second of work on one core. */
  hashQueue: 64,
  /** Bytes in a provider's response: the largest real ones, key sets, have a few thousand. */
  providerResponseBytes: 256 * 1024,
  /** Characters in a subject at a provider: the maximum of OpenID Connect Core 2. */
  subjectLength: 255,
  /** Characters of the hash in the name of an OAuth attempt's cookie: 96 bits, so no two are equal. */
  attemptName: 16,
  /** OAuth attempts of one browser at once, in its tabs: each needs about 1,500 bytes of cookie. */
  attemptsPerBrowser: 3,
  /** Users to whom one device stays known: a family that shares a computer (R6). */
  usersPerDevice: 5,
  /** Characters in a user's name: longer than real ones, and a line on most pages. */
  nameLength: 100,
  /** Octets in an email address, and in its part before the @: the maxima of RFC 5321. */
  emailLength: 254,
  localPartLength: 64,
  /** Bytes in a request's body: forms and JSON requests have a few hundred. */
  bodyBytes: 64 * 1024,
  /** Bytes of a refused body that are read and discarded: more than people upload by mistake. */
  discardedBodyBytes: 64 * 1024 * 1024,
  /**
   * Redirects of one IP to one address within `redirectLoop`. Browsers give up after twenty; fewer could
   * be several people behind one IP who open the same http link.
   */
  repeatedRedirects: 10,
  /** Redirects that are remembered to recognise a loop. */
  rememberedRedirects: 1_000,
  /** Characters of what another package prints: a message and its stack. */
  printedLength: 4_000,
  /** Bytes in a sealed cookie value: browsers store 4,096 with the name and the attributes. */
  cookieBytes: 3_800,
  /** Characters in a text field that is parsed: no valid one is longer. */
  fieldLength: 1_000,
  /** Characters in an entered code: six digits, with spaces and invisible characters from pasting. */
  codeInputLength: 64,
  /** Returns to one URL within `recentReturns` after which another would hardly end differently. */
  refusedReturns: 3,
  /** Returns that are remembered: of several tabs that a browser restores at once. */
  rememberedReturns: 20,
  /** Characters of the hash of a remembered return: enough to tell one browser's apart. */
  returnHash: 8,
  /** Characters in a return path: browsers and proxies handle URLs of this length everywhere. */
  nextLength: 2048,
  /** Rows per statement of a purge: a batch is short, so no lock is held long (X10). */
  purgeBatch: 500,
  /** Audit events that are sealed, verified or deleted at once: about half a megabyte. */
  auditBatch: 1_000,
  /**
   * Pages of the table of sessions, about 25 sessions each, that show a purge whether most have expired:
   * the error of the share is a few percent, in a table of any size.
   */
  purgeSample: 250,
  /** Expired sessions at which a purge waits, if they are most of all: a few expire together by chance. */
  purgeSuspicious: 10,
  /** Rows that `db:copy` holds in memory at once: with a rendered email in each, a few megabytes. */
  copyBatch: 200,
  /** Events of the audit log per statement that looks through all of them: a few milliseconds each. */
  auditSearch: 10_000,
  /** Different bytes that a random key of 32 has at least; almost all have 27 or more. */
  keyBytes: 16,
  /** Emails that a worker sends at once: mail servers limit parallel connections. */
  outboxBatch: 10,
  /** Events on a page of the account's activity: a few screens of a phone. */
  activityPage: 50,
  /** Events in the file of the account's activity: years of use, in a few megabytes. */
  activityExport: 10_000,
  /** Events on a page of the audit log: a few screens. */
  auditPage: 50,
  /** Events in a file of the audit log: a few megabytes. */
  auditExport: 10_000,
  /** Users on a page of the list for staff: a few screens of a phone. */
  usersPage: 50,
  /** Characters of the reason that staff give: a few sentences, and with the form less than a cookie. */
  reasonLength: 500,
  /** Events on a page of a user for staff: two screens. */
  userEvents: 25,
  /** Sign-ups on a page of the pending ones: a few screens. */
  pendingSignUps: 50,
  /** Open invitations on a page. */
  listedInvitations: 50,
  /** Emails on a page of each list for staff: of one user, more than `lifetimes.finishedEmail` has. */
  listedEmails: 50,
  /**
   * Emails of all servers within `intervals.mailBudget`, beyond which those that strangers can cause wait:
   * enough for a thousand sign-ins, and less than mail providers refuse from a sender (R5). env
   */
  emailsPerHour: 1_000,
  /** The part of that budget at which the log warns: early enough to raise it before emails wait. */
  mailBudgetWarning: 0.8,
  /** Emails that the local mailbox shows: more than a developer looks through. */
  mailboxEmails: 100,
  /** Bytes of WAL after which the embedded database makes a checkpoint: two of its segments. */
  embeddedWalBytes: 32 * 1024 * 1024,
  /** Free bytes on the disk of the embedded database below which readiness warns: enough for days of use. */
  freeDiskBytes: 256 * 1024 * 1024,
  /** Free inodes of that disk below which readiness warns: the database creates files rarely, and few. */
  freeInodes: 100,
  /** Characters of a mail server's reply in the log: two lines of SMTP. */
  quotedReply: 200,
  /** Bytes of log lines that wait while they cannot be written: a few thousand lines. */
  logBufferBytes: 1024 * 1024,
  /** Free bytes on that disk below which nothing can be written. */
  fullDiskBytes: 1024 * 1024,
  /** Rows of a table that is created to find out whether the disk of Postgres has space: several pages. */
  diskProbeRows: 2_000,
  /** The oldest major version of Postgres whose SQL the migrations and queries use (X7). */
  oldestPostgres: 15,
  /** Connections to Postgres: several instances fit into its default of 100. */
  databaseConnections: 10,
  /** The seconds by which metrics count flows: reads take milliseconds, and `intervals.run` ends a run. */
  flowDurationBuckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 8],
  /** The seconds by which metrics count waits for a hash, up to about `intervals.hashWait`. */
  hashWaitBuckets: [0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5],
} as const;

/** At most `max` hits per key in any window of `per` seconds. */
export interface Limit {
  /** Its name in the table of hits, in Redis keys and in the log. */
  readonly rule: string;
  readonly max: number;
  readonly per: Duration;
  /**
   * Set where the count protects a secret or an account, not only our mail. Redis may lose its data,
   * and with it the count, so these are always counted in Postgres (R3).
   */
  readonly countedInPostgres?: true;
}

/** One counted hit, as it is stored to be refunded (R2). */
export interface LimitHit {
  readonly rule: string;
  readonly keyHash: string;
  /** The limiter's name for it. */
  readonly hit: string;
}

/**
 * Every limit (R1–R3). A flow declares which limits it consumes, by which key, and whether an
 * exceeded limit rejects the request or suppresses its email. A run consumes its limits in this order,
 * because Postgres locks their rows: in different orders two runs could wait for each other.
 */
export const limits = {
  /** Confirmed links, entered codes, sign-ups and “Switch account” from one IP: a shared office (R3). */
  confirmationsPerIp: {
    rule: "confirmations_per_ip",
    max: 60,
    per: hours(1),
    countedInPostgres: true,
  },
  /** The same email from the same browser. */
  resends: { rule: "resends", max: 1, per: intervals.resend },
  /** Requests for email from one IP (R2). env */
  emailRequestsPerIp: { rule: "email_requests_per_ip", max: 5, per: hours(1) },
  /** The same from a known device, so that users behind one IP do not block each other (R2). */
  emailRequestsPerDevice: { rule: "email_requests_per_device", max: 5, per: hours(1) },
  /** Emails that strangers can cause at one address: enough for a user whose mail is slow (R1). env */
  emailsPerAddress: { rule: "emails_per_address", max: 3, per: hours(1) },
  /** The same from a known device of the address, so that strangers cannot block its user (R1). */
  emailsPerDevice: { rule: "emails_per_device", max: 3, per: hours(1) },
  /** Step-ups by password or code in one session (R3). */
  stepUpsPerSession: {
    rule: "step_ups_per_session",
    max: 5,
    per: minutes(15),
    countedInPostgres: true,
  },
  /** Codes entered for one address and purpose: three emails' worth, less the last attempts (R3). */
  codesPerHour: { rule: "codes_per_hour", max: 10, per: hours(1), countedInPostgres: true },
  /** The same per day: in a year a guesser succeeds with a chance below one percent (R3). */
  codesPerDay: { rule: "codes_per_day", max: 20, per: days(1), countedInPostgres: true },
  /** Passwords from one IP for any account: several users may share it (R3). */
  passwordsPerIp: { rule: "passwords_per_ip", max: 30, per: minutes(15), countedInPostgres: true },
  /** Passwords for one address from unknown devices: a user's typing errors, no dictionary (R3). */
  passwordsPerAccount: {
    rule: "passwords_per_account",
    max: 10,
    per: minutes(15),
    countedInPostgres: true,
  },
  /** The same from a known device, so that an attacker cannot use up the owner's attempts (R3). */
  passwordsPerDevice: {
    rule: "passwords_per_device",
    max: 10,
    per: minutes(15),
    countedInPostgres: true,
  },
  /** OAuth attempts started from one IP, and as many completed (R3). */
  oauthAttemptsPerIp: {
    rule: "oauth_attempts_per_ip",
    max: 30,
    per: minutes(10),
    countedInPostgres: true,
  },
  /** Access links that one staff member sends: more than people call within an hour (T2). */
  accessLinksPerStaff: {
    rule: "access_links_per_staff",
    max: 10,
    per: hours(1),
    countedInPostgres: true,
  },
  /** Changes of an address that one staff member starts: as many as access links (T2). */
  emailChangesPerStaff: {
    rule: "email_changes_per_staff",
    max: 10,
    per: hours(1),
    countedInPostgres: true,
  },
  /**
   * Pages of the list of users, by one staff member: more than people read, and too few to copy the addresses
   * of everybody with a stolen session (T1).
   */
  userListsPerStaff: {
    rule: "user_lists_per_staff",
    max: 120,
    per: hours(1),
    countedInPostgres: true,
  },
  /** Invitations by one member of staff: a team in an afternoon, and no list of strangers (T1). */
  invitationsPerStaff: { rule: "invitations_per_staff", max: 30, per: hours(1) },
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof limits;
