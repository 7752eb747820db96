CREATE TEMPORARY TABLE "renamed" ("kind" text, "old" text, "new" text) ON COMMIT DROP;
--> statement-breakpoint
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
  ('system', '', 'unknown');
--> statement-breakpoint
ALTER TABLE "audit_events" DISABLE TRIGGER "audit_events_append_only";
--> statement-breakpoint
-- One name stands for three: which of them it was follows from the event.
UPDATE "audit_events" SET "outcome" = CASE "event"
  WHEN 'password.sign_in' THEN 'password_tries_spent' WHEN 'step_up.password' THEN 'step_up_tries_spent'
  ELSE 'code_tries_spent' END
WHERE "outcome" = 'too_many_attempts';
--> statement-breakpoint
UPDATE "audit_counts" SET "outcome" = CASE "event"
  WHEN 'password.sign_in' THEN 'password_tries_spent' WHEN 'step_up.password' THEN 'step_up_tries_spent'
  ELSE 'code_tries_spent' END
WHERE "outcome" = 'too_many_attempts';
--> statement-breakpoint
UPDATE "audit_events" SET "outcome" = "old" FROM "renamed" WHERE "kind" = 'outcome' AND "outcome" = "new";
--> statement-breakpoint
UPDATE "audit_events" SET "event" = "old" FROM "renamed" WHERE "kind" = 'event' AND "event" = "new";
--> statement-breakpoint
UPDATE "audit_events" SET "cause" = left("cause", length("cause") - length("new")) || "old"
FROM "renamed" WHERE "kind" = 'cause' AND ("cause" = "new" OR "cause" LIKE '%:' || replace("new", '_', '\_'));
--> statement-breakpoint
ALTER TABLE "audit_events" ENABLE TRIGGER "audit_events_append_only";
--> statement-breakpoint
UPDATE "audit_counts" SET "outcome" = "old" FROM "renamed" WHERE "kind" = 'outcome' AND "outcome" = "new";
--> statement-breakpoint
UPDATE "audit_counts" SET "event" = "old" FROM "renamed" WHERE "kind" = 'event' AND "event" = "new";
--> statement-breakpoint
UPDATE "sessions" SET "browser" = concat_ws(' on ', b."old", nullif(s."old", '')) FROM "renamed" b, "renamed" s
WHERE b."kind" = 'browser' AND b."new" = split_part("browser", '/', 1)
  AND s."kind" = 'system' AND s."new" = split_part("browser", '/', 2);
--> statement-breakpoint
UPDATE "verifications" SET "browser" = concat_ws(' on ', b."old", nullif(s."old", '')) FROM "renamed" b, "renamed" s
WHERE b."kind" = 'browser' AND b."new" = split_part("browser", '/', 1)
  AND s."kind" = 'system' AND s."new" = split_part("browser", '/', 2);
--> statement-breakpoint
UPDATE "audit_event_details" SET "browser" = concat_ws(' on ', b."old", nullif(s."old", '')) FROM "renamed" b, "renamed" s
WHERE b."kind" = 'browser' AND b."new" = split_part("browser", '/', 1)
  AND s."kind" = 'system' AND s."new" = split_part("browser", '/', 2);
--> statement-breakpoint
DROP TABLE "renamed";
--> statement-breakpoint
ALTER TABLE "verifications" ADD COLUMN "receipt" text;
--> statement-breakpoint
UPDATE "verifications" SET "receipt" = (
  SELECT coalesce(string_agg(concat_ws(' ', hit->>'rule', hit->>'keyHash', hit->>'hit'), ',' ORDER BY place), '')
  FROM jsonb_array_elements("limit_hits") WITH ORDINALITY AS hits (hit, place)
);
--> statement-breakpoint
ALTER TABLE "verifications" ALTER COLUMN "receipt" SET NOT NULL;
--> statement-breakpoint
ALTER TABLE "verifications" DROP COLUMN "limit_hits";
--> statement-breakpoint
ALTER TABLE "verifications" RENAME COLUMN "attempts" TO "tries";
--> statement-breakpoint
ALTER TABLE "verifications" RENAME COLUMN "remember" TO "keep";
--> statement-breakpoint
ALTER TABLE "verifications" RENAME COLUMN "from_known_device" TO "from_marked_device";
--> statement-breakpoint
ALTER TABLE "verifications" RENAME COLUMN "is_decoy" TO "stillborn";
--> statement-breakpoint
ALTER INDEX "verifications_requesting_browser_digest_index" RENAME TO "verifications_browser_digest_index";
--> statement-breakpoint
ALTER TABLE "verifications" RENAME COLUMN "requesting_browser_digest" TO "browser_digest";
--> statement-breakpoint
-- The release before knows these four methods only.
DELETE FROM "auth_providers" WHERE "provider" NOT IN ('email', 'google', 'linkedin', 'magic_link');
--> statement-breakpoint
ALTER TABLE "auth_providers" DROP CONSTRAINT "auth_providers_provider_form";
--> statement-breakpoint
ALTER TABLE "auth_providers" ADD CONSTRAINT "auth_providers_known" CHECK ("auth_providers"."provider" in ('email', 'google', 'linkedin', 'magic_link'));
--> statement-breakpoint
ALTER TABLE "auth_providers" RENAME COLUMN "confirmation_required_at" TO "questioned_at";
--> statement-breakpoint
ALTER TABLE "audit_event_details" RENAME CONSTRAINT "audit_event_details_event_id_audit_events_id_fk" TO "audit_traces_event_id_audit_events_id_fk";
--> statement-breakpoint
ALTER TABLE "audit_event_details" RENAME CONSTRAINT "audit_event_details_pkey" TO "audit_traces_pkey";
--> statement-breakpoint
ALTER TABLE "audit_event_details" RENAME TO "audit_traces";
--> statement-breakpoint
ALTER TABLE "oauth_attempts" RENAME COLUMN "is_authoritative" TO "proves_mailbox";
--> statement-breakpoint
ALTER TABLE "oauth_attempts" RENAME COLUMN "remember" TO "keep";
--> statement-breakpoint
ALTER INDEX "oauth_attempts_expires_at_index" RENAME TO "handshakes_expires_at_index";
--> statement-breakpoint
ALTER TABLE "oauth_attempts" RENAME CONSTRAINT "oauth_attempts_token_digest_unique" TO "handshakes_token_digest_unique";
--> statement-breakpoint
ALTER TABLE "oauth_attempts" RENAME CONSTRAINT "oauth_attempts_pkey" TO "handshakes_pkey";
--> statement-breakpoint
ALTER TABLE "oauth_attempts" RENAME TO "handshakes";
--> statement-breakpoint
ALTER INDEX "known_devices_last_used_at_index" RENAME TO "device_marks_last_used_at_index";
--> statement-breakpoint
ALTER INDEX "known_devices_user_id_index" RENAME TO "device_marks_user_id_index";
--> statement-breakpoint
ALTER TABLE "known_devices" RENAME CONSTRAINT "known_devices_user_id_users_id_fk" TO "device_marks_user_id_users_id_fk";
--> statement-breakpoint
ALTER TABLE "known_devices" RENAME CONSTRAINT "known_devices_device_digest_user_id_pk" TO "device_marks_device_digest_user_id_pk";
--> statement-breakpoint
ALTER TABLE "known_devices" RENAME TO "device_marks";
