import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";
import type { LimitHit } from "@/lib/core/policy";
import type { Role } from "@/lib/core/role";

const at = (name: string) => timestamp(name, { withTimezone: true });
const id = () => uuid("id").primaryKey().defaultRandom();
const createdAt = () => at("created_at").notNull().defaultNow();

/** One row per canonical email address (I1). */
export const users = pgTable(
  "users",
  {
    id: id(),
    email: text("email").notNull().unique(),
    /** When the address was first verified; an audit row says how (I8). */
    emailVerifiedAt: at("email_verified_at"),
    disabledAt: at("disabled_at"),
    /** argon2id, as a PHC string; null without a password. */
    passwordHash: text("password_hash"),
    role: text("role").$type<Role>().notNull().default("member"),
    /** What the user wants to be called; null where they did not say. */
    name: text("name"),
    /** An IANA time zone; null for that of the browser. */
    timeZone: text("time_zone"),
    /** When the account will be erased; null unless its owner has asked for it. */
    deleteAt: at("delete_at"),
    /** Until then no sign-in method can be added, changed or removed: the owner reported a sign-in. */
    methodsLockedUntil: at("methods_locked_until"),
    createdAt: createdAt(),
  },
  (t) => [
    check("users_roles", sql`${t.role} in ('member', 'support', 'admin')`),
    // For lists of users, the newest first.
    index().on(t.createdAt, t.id),
    // For searches by the beginning of an address, in any locale.
    index("users_email_prefix").on(t.email.op("text_pattern_ops")),
    index("users_staff")
      .on(t.role)
      .where(sql`${t.role} <> 'member'`),
    index("users_delete_at")
      .on(t.deleteAt)
      .where(sql`${t.deleteAt} is not null`),
  ],
);

/** Signed-in browsers. Only the token's digest is stored. */
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
    /** ISO 3166-1, as the proxy says; null where it does not. */
    country: text("country"),
    browser: text("browser").notNull(),
    /** The staff member whose access link started it; null for a sign-in of the user's own (T2). */
    staffId: uuid("staff_id"),
    /** Seconds without use after which it ends: "Keep me signed in" chooses it. */
    idleSeconds: integer("idle_seconds").notNull(),
    /** "Keep me signed in": its cookie outlives the browser. */
    remember: boolean("remember").notNull().default(false),
    /** The browser that signed in: it may do so again, because the response may have been lost. */
    browserDigest: text("browser_digest"),
    /** The known device that it belongs to, so that a report of its sign-in ends later ones, too. */
    deviceDigest: text("device_digest"),
    /** The verification that started it, which its browser may repeat. */
    startedBy: uuid("started_by"),
    /** The token before the last renewal, until the new one is used. */
    previousTokenDigest: text("previous_token_digest"),
    previousAuthenticatedAt: at("previous_authenticated_at"),
    renewedAt: at("renewed_at"),
    createdAt: createdAt(),
    authenticatedAt: at("authenticated_at").notNull().defaultNow(),
    lastSeenAt: at("last_seen_at").notNull().defaultNow(),
    endsAt: at("ends_at").notNull(),
    /**
     * When a purge looks at it again: never later than its end. A use does not move it, because an update
     * of an indexed column writes to every index.
     */
    expiryCheckAt: at("expiry_check_at")
      .notNull()
      .default(sql`'epoch'`),
  },
  (t) => [
    index().on(t.userId),
    index().on(t.expiryCheckAt),
    index()
      .on(t.previousTokenDigest)
      .where(sql`${t.previousTokenDigest} is not null`),
    index()
      .on(t.startedBy)
      .where(sql`${t.startedBy} is not null`),
  ],
);

/** A sign-in method of a user, and when it was last used (A1). */
export const authProviders = pgTable(
  "auth_providers",
  {
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    provider: text("provider").notNull(),
    /** The user's id at an OAuth provider; null for our own methods. */
    subject: text("subject"),
    /** The address at the provider when it was linked. Shown only, never compared. */
    address: text("address"),
    /**
     * Linked before the email address was verified, so an attacker may have linked it: opens nothing
     * until the owner confirms it (O3, A5).
     */
    confirmationRequiredAt: at("confirmation_required_at"),
    /** Inserted by a migration, not by a sign-in; that migration's down file deletes it. */
    backfilled: boolean("backfilled").notNull().default(false),
    createdAt: createdAt(),
    lastUsedAt: at("last_used_at").notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.userId, t.provider] }),
    unique().on(t.provider, t.subject),
    // The form of a name only: which methods exist is data of the application.
    check("auth_providers_provider_form", sql`${t.provider} ~ '^[a-z][a-z0-9_]{0,31}$'`),
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
    /** The browser that requested it; its code works there alone (L5). */
    requestingBrowserDigest: text("requesting_browser_digest").notNull(),
    browser: text("browser").notNull(),
    /** No token or code of it is right; its attempts are counted like any other (L8). */
    isDecoy: boolean("is_decoy").notNull(),
    /** Requested by a known device of the address, so that a stranger's requests do not void it. */
    fromKnownDevice: boolean("from_known_device").notNull(),
    /** The password of a sign-up, until its address is verified (P1). */
    passwordHash: text("password_hash"),
    /** The only session that a step-up works for; of a report, the session that it ends. */
    sessionId: uuid("session_id"),
    /** Of a report: the device and the IP of the sign-in that it is about. */
    deviceDigest: text("device_digest"),
    ip: text("ip"),
    /** The account it is about, where that is not the one of `identifier`. */
    userId: uuid("user_id"),
    /** The staff member who issued it; null for one that its recipient requested. */
    staffId: uuid("staff_id"),
    remember: boolean("remember").notNull(),
    next: text("next").notNull(),
    /** The hits to refund when this is used (R2). */
    limitHits: jsonb("limit_hits").$type<readonly LimitHit[]>().notNull(),
    attempts: integer("attempts").notNull().default(0),
    createdAt: createdAt(),
    expiresAt: at("expires_at").notNull(),
    codeExpiresAt: at("code_expires_at").notNull(),
    consumedAt: at("consumed_at"),
    /**
     * The browser that consumed it, and with what ("link" or "code"): it may repeat that, as the response
     * may be lost. Or "cancelled", without a browser: its owner voided it.
     */
    consumedByDigest: text("consumed_by_digest"),
    consumedWith: text("consumed_with"),
    repeats: integer("repeats").notNull().default(0),
    voidedAt: at("voided_at"),
  },
  (t) => [
    index().on(t.identifier, t.purpose),
    index().on(t.requestingBrowserDigest),
    index().on(t.expiresAt),
    index()
      .on(t.userId)
      .where(sql`${t.userId} is not null`),
    index()
      .on(t.staffId)
      .where(sql`${t.staffId} is not null`),
  ],
);

/** Changes of an address, from the proof of the new one until they can no longer be undone. */
export const emailChanges = pgTable(
  "email_changes",
  {
    id: id(),
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    oldEmail: text("old_email").notNull(),
    newEmail: text("new_email").notNull(),
    /** The staff member who started it; null for the owner (T2). */
    staffId: uuid("staff_id"),
    createdAt: createdAt(),
    /** When the new address takes effect: at once for the owner, later for staff. */
    effectiveAt: at("effective_at").notNull(),
    appliedAt: at("applied_at"),
    /** Until then the old address can undo it, and nobody else can sign up with it. */
    reservedUntil: at("reserved_until").notNull(),
    /** When it was undone, or stopped before it took effect. */
    undoneAt: at("undone_at"),
  },
  (t) => [
    index().on(t.userId),
    index().on(t.oldEmail),
    index().on(t.newEmail),
    index().on(t.reservedUntil),
    // One pending change per account; the worker finds those that are due.
    uniqueIndex("email_changes_pending")
      .on(t.userId)
      .where(sql`${t.appliedAt} is null and ${t.undoneAt} is null`),
  ],
);

/** OAuth attempts, each of one browser, and the identity they returned until its user decides (O4). */
export const oauthAttempts = pgTable(
  "oauth_attempts",
  {
    id: id(),
    tokenDigest: text("token_digest").notNull().unique(),
    provider: text("provider").notNull(),
    /** The only session that may link it; null for signing in. */
    sessionId: uuid("session_id"),
    remember: boolean("remember").notNull(),
    next: text("next").notNull(),
    createdAt: createdAt(),
    expiresAt: at("expires_at").notNull(),
    returnedAt: at("returned_at"),
    /** The user's id at the provider, while the identity is pending. */
    subject: text("subject"),
    email: text("email"),
    /** The provider is authoritative for the address (O3). */
    isAuthoritative: boolean("is_authoritative"),
    consumedAt: at("consumed_at"),
  },
  (t) => [index().on(t.expiresAt)],
);

/** Queued emails (X3). The payload is encrypted, and erased when the email is sent or dead. */
export const outbox = pgTable(
  "outbox",
  {
    id: id(),
    kind: text("kind").notNull(),
    to: text("to_address").notNull(),
    state: text("state").notNull(),
    reason: text("reason"),
    payload: text("payload"),
    /** The email as first rendered, encrypted: every retry sends the same bytes. */
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
    index("outbox_started").on(t.firstAttemptAt),
    // For staff who look for a user's emails.
    index("outbox_to").on(t.to, t.createdAt),
    // For staff who look for emails that were not sent: few, among all that were.
    index("outbox_dead")
      .on(t.doneAt, t.id)
      .where(sql`${t.state} = 'dead'`),
    check("outbox_states", sql`${t.state} in ('queued', 'sent', 'dead')`),
  ],
);

/** The times of the last hits of each limit and key: exact in any window (R1–R3). */
export const limitHits = pgTable(
  "limits",
  {
    rule: text("rule").notNull(),
    keyHash: text("key_hash").notNull(),
    hits: timestamp("hits", { withTimezone: true }).array().notNull(),
    /** Whether the last hit was counted. */
    granted: boolean("granted").notNull(),
    expiresAt: at("expires_at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.rule, t.keyHash] }), index().on(t.expiresAt)],
);

/** Browsers that have signed in to a user before (R6). */
export const knownDevices = pgTable(
  "known_devices",
  {
    deviceDigest: text("device_digest").notNull(),
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    createdAt: createdAt(),
    lastUsedAt: at("last_used_at").notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.deviceDigest, t.userId] }),
    index().on(t.userId),
    index().on(t.lastUsedAt),
  ],
);

/** The audit log. Append-only by trigger. Rows hold ids, never addresses. */
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
    /** The staff member whose access link started the session (T2). */
    staffId: uuid("staff_id"),
    requestId: text("request_id").notNull(),
  },
  (t) => [
    index().on(t.subjectId, t.at),
    index()
      .on(t.callerId, t.at)
      .where(sql`${t.callerId} <> ${t.subjectId}`),
    // Rows are appended in the order of time, so a range of pages has a range of times.
    index("audit_events_at_brin")
      .using("brin", t.at)
      .with({ pages_per_range: 32, autosummarize: true }),
  ],
);

/** IP, browser and address of an event; emptied when a user is erased. */
export const auditEventDetails = pgTable("audit_event_details", {
  eventId: bigint("event_id", { mode: "number" })
    .primaryKey()
    .references(() => auditEvents.id),
  ip: text("ip"),
  browser: text("browser"),
  identifier: text("identifier"),
  /** What a staff member wrote about it. */
  reason: text("reason"),
});

/**
 * The seal of each event: a keyed hash of the event and of the seal before it. In the order in which
 * events became visible, which is not that of their ids (T3).
 */
export const auditSeals = pgTable("audit_seals", {
  place: bigint("place", { mode: "number" }).primaryKey(),
  eventId: bigint("event_id", { mode: "number" }).notNull().unique(),
  seal: text("seal").notNull(),
});

/** Where the chain of seals begins after older events were deleted (T3). */
export const auditCheckpoints = pgTable("audit_checkpoints", {
  /** The place of the last deleted event. */
  place: bigint("place", { mode: "number" }).primaryKey(),
  seal: text("seal").notNull(),
  /** A keyed hash of place, seal and time. */
  signature: text("signature").notNull(),
  createdAt: createdAt(),
});

/** Rejections that come in floods, counted per hour (T3). */
export const auditCounts = pgTable(
  "audit_counts",
  {
    event: text("event").notNull(),
    outcome: text("outcome").notNull(),
    keyHash: text("key_hash").notNull(),
    hour: at("hour").notNull(),
    count: integer("count").notNull().default(1),
  },
  (t) => [primaryKey({ columns: [t.event, t.outcome, t.keyHash, t.hour] }), index().on(t.hour)],
);
