ALTER TABLE "device_marks" RENAME TO "known_devices";--> statement-breakpoint
ALTER TABLE "known_devices" RENAME CONSTRAINT "device_marks_device_digest_user_id_pk" TO "known_devices_device_digest_user_id_pk";--> statement-breakpoint
ALTER TABLE "known_devices" RENAME CONSTRAINT "device_marks_user_id_users_id_fk" TO "known_devices_user_id_users_id_fk";--> statement-breakpoint
ALTER INDEX "device_marks_user_id_index" RENAME TO "known_devices_user_id_index";--> statement-breakpoint
ALTER INDEX "device_marks_last_used_at_index" RENAME TO "known_devices_last_used_at_index";--> statement-breakpoint
ALTER TABLE "handshakes" RENAME TO "oauth_attempts";--> statement-breakpoint
ALTER TABLE "oauth_attempts" RENAME CONSTRAINT "handshakes_pkey" TO "oauth_attempts_pkey";--> statement-breakpoint
ALTER TABLE "oauth_attempts" RENAME CONSTRAINT "handshakes_token_digest_unique" TO "oauth_attempts_token_digest_unique";--> statement-breakpoint
ALTER INDEX "handshakes_expires_at_index" RENAME TO "oauth_attempts_expires_at_index";--> statement-breakpoint
ALTER TABLE "oauth_attempts" RENAME COLUMN "keep" TO "remember";--> statement-breakpoint
ALTER TABLE "oauth_attempts" RENAME COLUMN "proves_mailbox" TO "is_authoritative";--> statement-breakpoint
ALTER TABLE "audit_traces" RENAME TO "audit_event_details";--> statement-breakpoint
ALTER TABLE "audit_event_details" RENAME CONSTRAINT "audit_traces_pkey" TO "audit_event_details_pkey";--> statement-breakpoint
ALTER TABLE "audit_event_details" RENAME CONSTRAINT "audit_traces_event_id_audit_events_id_fk" TO "audit_event_details_event_id_audit_events_id_fk";--> statement-breakpoint
ALTER TABLE "auth_providers" RENAME COLUMN "questioned_at" TO "confirmation_required_at";--> statement-breakpoint
ALTER TABLE "auth_providers" DROP CONSTRAINT "auth_providers_known";--> statement-breakpoint
ALTER TABLE "auth_providers" ADD CONSTRAINT "auth_providers_provider_form" CHECK ("auth_providers"."provider" ~ '^[a-z][a-z0-9_]{0,31}$');--> statement-breakpoint
ALTER TABLE "verifications" RENAME COLUMN "browser_digest" TO "requesting_browser_digest";--> statement-breakpoint
ALTER INDEX "verifications_browser_digest_index" RENAME TO "verifications_requesting_browser_digest_index";--> statement-breakpoint
ALTER TABLE "verifications" RENAME COLUMN "stillborn" TO "is_decoy";--> statement-breakpoint
ALTER TABLE "verifications" RENAME COLUMN "from_marked_device" TO "from_known_device";--> statement-breakpoint
ALTER TABLE "verifications" RENAME COLUMN "keep" TO "remember";--> statement-breakpoint
ALTER TABLE "verifications" RENAME COLUMN "tries" TO "attempts";--> statement-breakpoint
ALTER TABLE "verifications" ADD COLUMN "limit_hits" jsonb;--> statement-breakpoint
UPDATE "verifications" SET "limit_hits" = (
  SELECT coalesce(jsonb_agg(jsonb_build_object(
    'rule', split_part(hit, ' ', 1), 'keyHash', split_part(hit, ' ', 2), 'hit', split_part(hit, ' ', 3)
  ) ORDER BY place), '[]')
  FROM unnest(string_to_array("receipt", ',')) WITH ORDINALITY AS hits (hit, place) WHERE hit <> ''
);--> statement-breakpoint
ALTER TABLE "verifications" ALTER COLUMN "limit_hits" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "verifications" DROP COLUMN "receipt";--> statement-breakpoint
-- The names of events, outcomes and causes are stored. The log stays append-only for everybody else.
CREATE TEMPORARY TABLE "renamed" ("kind" text, "old" text, "new" text) ON COMMIT DROP;--> statement-breakpoint
INSERT INTO "renamed" VALUES
  ('event', 'handshake.begin', 'oauth.start'),
  ('event', 'handshake.begin_link', 'oauth.start_linking'),
  ('event', 'handshake.complete', 'oauth.complete'),
  ('event', 'handshake.switch', 'oauth.switch_account'),
  ('event', 'auth_provider.keep', 'auth_provider.confirm'),
  ('event', 'auth_provider.connect', 'auth_provider.link'),
  ('event', 'auth_provider.disconnect', 'auth_provider.unlink'),
  ('outcome', 'credentials_wrong', 'invalid_credentials'),
  ('outcome', 'password_wrong', 'password_incorrect'),
  ('outcome', 'passwords_differ', 'passwords_do_not_match'),
  ('outcome', 'code_wrong', 'code_invalid'),
  ('outcome', 'code_tries_spent', 'too_many_attempts'),
  ('outcome', 'password_tries_spent', 'too_many_attempts'),
  ('outcome', 'step_up_tries_spent', 'too_many_attempts'),
  ('outcome', 'link_dead', 'link_invalid'),
  ('outcome', 'address_differs', 'email_mismatch'),
  ('outcome', 'last_way_in', 'last_sign_in_method'),
  ('outcome', 'handshake_lost', 'oauth_state_invalid'),
  ('outcome', 'connect_interrupted', 'session_changed'),
  ('outcome', 'identity_taken', 'identity_already_in_use'),
  ('outcome', 'provider_connected', 'provider_already_linked'),
  ('outcome', 'input_malformed', 'invalid_input'),
  ('outcome', 'busy', 'overloaded'),
  ('cause', 'spent', 'too_many'),
  ('cause', 'not_parked', 'no_pending_identity'),
  ('cause', 'signed_up_unproven', 'signed_up_unverified'),
  ('cause', 'connected_already', 'already_linked'),
  ('cause', 'ask_to_connect', 'ask_to_link'),
  ('cause', 'mailbox', 'authoritative'),
  ('browser', 'Chrome', 'chrome'),
  ('browser', 'Chromium', 'chromium'),
  ('browser', 'Edge', 'edge'),
  ('browser', 'Firefox', 'firefox'),
  ('browser', 'Opera', 'opera'),
  ('browser', 'Safari', 'safari'),
  ('browser', 'Samsung Internet', 'samsung'),
  ('browser', 'A browser', 'unknown'),
  ('system', 'Android', 'android'),
  ('system', 'ChromeOS', 'chromeos'),
  ('system', 'iPad', 'ipad'),
  ('system', 'iPhone', 'iphone'),
  ('system', 'Linux', 'linux'),
  ('system', 'Mac', 'mac'),
  ('system', 'Windows', 'windows'),
  ('system', '', 'unknown');--> statement-breakpoint
ALTER TABLE "audit_events" DISABLE TRIGGER "audit_events_append_only";--> statement-breakpoint
UPDATE "audit_events" SET "event" = "new" FROM "renamed" WHERE "kind" = 'event' AND "event" = "old";--> statement-breakpoint
UPDATE "audit_events" SET "outcome" = "new" FROM "renamed" WHERE "kind" = 'outcome' AND "outcome" = "old";--> statement-breakpoint
-- A cause may follow the name of a provider: "google:ask_to_connect".
UPDATE "audit_events" SET "cause" = left("cause", length("cause") - length("old")) || "new"
FROM "renamed" WHERE "kind" = 'cause' AND ("cause" = "old" OR "cause" LIKE '%:' || replace("old", '_', '\_'));--> statement-breakpoint
ALTER TABLE "audit_events" ENABLE TRIGGER "audit_events_append_only";--> statement-breakpoint
-- Several old outcomes may become one, so their counts are added.
WITH "moved" AS (
  DELETE FROM "audit_counts" WHERE "event" IN (SELECT "old" FROM "renamed" WHERE "kind" = 'event')
    OR "outcome" IN (SELECT "old" FROM "renamed" WHERE "kind" = 'outcome')
  RETURNING *
)
INSERT INTO "audit_counts" ("event", "outcome", "key_hash", "hour", "count")
SELECT coalesce(e."new", "event"), coalesce(o."new", "outcome"), "key_hash", "hour", sum("count")
FROM "moved"
LEFT JOIN "renamed" e ON e."kind" = 'event' AND e."old" = "event"
LEFT JOIN "renamed" o ON o."kind" = 'outcome' AND o."old" = "outcome"
GROUP BY 1, 2, 3, 4
ON CONFLICT ("event", "outcome", "key_hash", "hour") DO UPDATE SET "count" = "audit_counts"."count" + excluded."count";--> statement-breakpoint
-- "Firefox on Linux" becomes "firefox/linux": a value, which the message catalogue words.
UPDATE "sessions" SET "browser" = b."new" || '/' || s."new" FROM "renamed" b, "renamed" s
WHERE b."kind" = 'browser' AND b."old" = split_part("browser", ' on ', 1)
  AND s."kind" = 'system' AND s."old" = split_part("browser", ' on ', 2);--> statement-breakpoint
UPDATE "verifications" SET "browser" = b."new" || '/' || s."new" FROM "renamed" b, "renamed" s
WHERE b."kind" = 'browser' AND b."old" = split_part("browser", ' on ', 1)
  AND s."kind" = 'system' AND s."old" = split_part("browser", ' on ', 2);--> statement-breakpoint
UPDATE "audit_event_details" SET "browser" = b."new" || '/' || s."new" FROM "renamed" b, "renamed" s
WHERE b."kind" = 'browser' AND b."old" = split_part("browser", ' on ', 1)
  AND s."kind" = 'system' AND s."old" = split_part("browser", ' on ', 2);--> statement-breakpoint
DROP TABLE "renamed";
