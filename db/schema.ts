import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  timestamp,
  unique,
  uuid,
} from "drizzle-orm/pg-core";

const at = (name: string) => timestamp(name, { withTimezone: true });
const id = () => uuid("id").primaryKey().defaultRandom();
const createdAt = () => at("created_at").notNull().defaultNow();

/** People, one row per canonical address (I1). */
export const users = pgTable("users", {
  id: id(),
  email: text("email").notNull().unique(),
  /** When the mailbox was first proven; an audit row says how (I8). */
  emailVerifiedAt: at("email_verified_at"),
  disabledAt: at("disabled_at"),
  /** argon2id, as a PHC string; null for people who come by other ways. */
  passwordHash: text("password_hash"),
  createdAt: createdAt(),
});

/** Signed-in browsers. Only the token's digest is here. */
export const sessions = pgTable(
  "sessions",
  {
    id: id(),
    tokenDigest: text("token_digest").notNull().unique(),
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    method: text("method").notNull(),
    ip: text("ip"),
    browser: text("browser").notNull(),
    /** Seconds without use after which it ends; kept per row, as "keep me signed in" chose it. */
    idleSeconds: integer("idle_seconds").notNull(),
    createdAt: createdAt(),
    authenticatedAt: at("authenticated_at").notNull().defaultNow(),
    lastSeenAt: at("last_seen_at").notNull().defaultNow(),
    endsAt: at("ends_at").notNull(),
  },
  (t) => [index().on(t.userId), index().on(t.endsAt)],
);

/** One way in on one user, and when it was last used (A1). */
export const authProviders = pgTable(
  "auth_providers",
  {
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    provider: text("provider").notNull(),
    /** Who the person is at the provider; none for ways in of our own. */
    subject: text("subject"),
    /** The address there when it was connected; for people to recognise it by, and for nothing else. */
    address: text("address"),
    /**
     * Planted, perhaps, before the owner of the mailbox proved that it is theirs: opens nothing until
     * they say that it is to stay (O3, A5).
     */
    confirmationRequiredAt: at("confirmation_required_at"),
    /** Made by a migration rather than by its first use; what that migration's way back deletes. */
    backfilled: boolean("backfilled").notNull().default(false),
    createdAt: createdAt(),
    lastUsedAt: at("last_used_at").notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.userId, t.provider] }),
    unique().on(t.provider, t.subject),
    check(
      "auth_providers_known",
      sql`${t.provider} in ('email', 'google', 'linkedin', 'magic_link')`,
    ),
  ],
);

/** One-time secrets with a purpose. Rows exist for unknown addresses too (L8). */
export const verifications = pgTable(
  "verifications",
  {
    id: id(),
    purpose: text("purpose").notNull(),
    identifier: text("identifier").notNull(),
    tokenDigest: text("token_digest").notNull().unique(),
    /** Keyed, because six digits can be guessed from a plain digest. */
    codeHash: text("code_hash").notNull(),
    /** The browser that asked; its code works there alone (L5). */
    requestingBrowserDigest: text("requesting_browser_digest").notNull(),
    browser: text("browser").notNull(),
    /** Nobody is to have its secrets: tried like the others, and never right. */
    isDecoy: boolean("is_decoy").notNull(),
    /** Asked by a browser that has signed in to this address before: never pushed out by strangers. */
    fromKnownDevice: boolean("from_known_device").notNull(),
    /** What a sign-up will have as its password, once its mailbox is proven (P1). */
    passwordHash: text("password_hash"),
    /** The session that a step-up is for; it works for no other. */
    sessionId: uuid("session_id"),
    remember: boolean("keep").notNull(),
    next: text("next").notNull(),
    /** The counts to give back when this is used (R2). */
    receipt: text("receipt").notNull(),
    tries: integer("tries").notNull().default(0),
    createdAt: createdAt(),
    expiresAt: at("expires_at").notNull(),
    codeExpiresAt: at("code_expires_at").notNull(),
    consumedAt: at("consumed_at"),
    voidedAt: at("voided_at"),
  },
  (t) => [
    index().on(t.identifier, t.purpose),
    index().on(t.requestingBrowserDigest),
    index().on(t.expiresAt),
  ],
);

/**
 * Trips to a provider, each of one browser; and what was proven there, until it is used or its time is
 * over (O4).
 */
export const oauthAttempts = pgTable(
  "oauth_attempts",
  {
    id: id(),
    tokenDigest: text("token_digest").notNull().unique(),
    provider: text("provider").notNull(),
    /** The session that set out to connect it, and for which alone it counts; null for signing in. */
    sessionId: uuid("session_id"),
    remember: boolean("keep").notNull(),
    next: text("next").notNull(),
    createdAt: createdAt(),
    expiresAt: at("expires_at").notNull(),
    returnedAt: at("returned_at"),
    /** Who the person is at the provider, while that waits for them to go on. */
    subject: text("subject"),
    email: text("email"),
    /** The provider's word for the address is proof of the mailbox itself (O3). */
    isAuthoritative: boolean("is_authoritative"),
    consumedAt: at("consumed_at"),
  },
  (t) => [index().on(t.expiresAt)],
);

/** Letters on their way (X3). The payload is encrypted, and erased when the letter is sent or dead. */
export const outbox = pgTable(
  "outbox",
  {
    id: id(),
    kind: text("kind").notNull(),
    to: text("to_address").notNull(),
    state: text("state").notNull(),
    reason: text("reason"),
    payload: text("payload"),
    /** The bytes as first rendered, encrypted: every retry sends the same. */
    rendered: text("rendered"),
    verificationId: uuid("verification_id"),
    attempts: integer("attempts").notNull().default(0),
    createdAt: createdAt(),
    firstAttemptAt: at("first_attempt_at"),
    nextAttemptAt: at("next_attempt_at").notNull().defaultNow(),
    doneAt: at("done_at"),
  },
  (t) => [
    index("outbox_due")
      .on(t.nextAttemptAt)
      .where(sql`${t.state} = 'queued'`),
    index("outbox_done").on(t.doneAt),
    check("outbox_states", sql`${t.state} in ('queued', 'sent', 'dead')`),
  ],
);

/** What was counted against a limit: the moments of the last hits, exact in any window (R1–R3). */
export const limitHits = pgTable(
  "limits",
  {
    rule: text("rule").notNull(),
    keyHash: text("key_hash").notNull(),
    hits: timestamp("hits", { withTimezone: true }).array().notNull(),
    /** Whether the last one who asked was let through. */
    granted: boolean("granted").notNull(),
    expiresAt: at("expires_at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.rule, t.keyHash] }), index().on(t.expiresAt)],
);

/** This browser has signed in to that account before (R6). */
export const knownDevices = pgTable(
  "known_devices",
  {
    deviceDigest: text("device_digest").notNull(),
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    lastUsedAt: at("last_used_at").notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.deviceDigest, t.userId] }),
    index().on(t.userId),
    index().on(t.lastUsedAt),
  ],
);

/** What happened. Append-only by trigger; rows hold ids, never addresses. */
export const auditEvents = pgTable(
  "audit_events",
  {
    id: bigint("id", { mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
    at: at("at").notNull().defaultNow(),
    event: text("event").notNull(),
    /** "ok", or the refusal's code. */
    outcome: text("outcome").notNull(),
    cause: text("cause"),
    subjectId: uuid("subject_id"),
    callerId: uuid("caller_id"),
    sessionId: uuid("session_id"),
    requestId: text("request_id").notNull(),
  },
  (t) => [index().on(t.subjectId, t.at), index().on(t.at)],
);

/** Where an event came from and about which address; emptied when a person is erased. */
export const auditEventDetails = pgTable("audit_event_details", {
  eventId: bigint("event_id", { mode: "number" })
    .primaryKey()
    .references(() => auditEvents.id),
  ip: text("ip"),
  browser: text("browser"),
  identifier: text("identifier"),
});

/** Floods of refusals, counted per hour instead of written one by one (T3). */
export const auditCounts = pgTable(
  "audit_counts",
  {
    event: text("event").notNull(),
    outcome: text("outcome").notNull(),
    keyHash: text("key_hash").notNull(),
    hour: at("hour").notNull(),
    count: integer("count").notNull().default(1),
  },
  (t) => [primaryKey({ columns: [t.event, t.outcome, t.keyHash, t.hour] })],
);
