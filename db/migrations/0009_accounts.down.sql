DROP TRIGGER audit_seals_no_truncate ON "audit_seals";
--> statement-breakpoint
DROP TRIGGER audit_seals_retention ON "audit_seals";
--> statement-breakpoint
DROP TRIGGER audit_seals_append_only ON "audit_seals";
--> statement-breakpoint
DROP TRIGGER audit_event_details_no_truncate ON "audit_event_details";
--> statement-breakpoint
DROP TRIGGER audit_event_details_retention ON "audit_event_details";
--> statement-breakpoint
DROP TRIGGER audit_event_details_append_only ON "audit_event_details";
--> statement-breakpoint
DROP TRIGGER audit_events_retention ON "audit_events";
--> statement-breakpoint
DROP TRIGGER audit_events_append_only ON "audit_events";
--> statement-breakpoint
CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE ON "audit_events" FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
--> statement-breakpoint
CREATE OR REPLACE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit_events is append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;
--> statement-breakpoint
DROP FUNCTION refuse_audit_details_change();
--> statement-breakpoint
DROP FUNCTION refuse_audit_deletion();
--> statement-breakpoint
DROP INDEX "audit_counts_hour_index";
--> statement-breakpoint
ALTER TABLE "users" DROP CONSTRAINT "users_roles";
--> statement-breakpoint
DROP INDEX "verifications_staff_id_index";
--> statement-breakpoint
DROP INDEX "verifications_user_id_index";
--> statement-breakpoint
DROP INDEX "users_delete_at";
--> statement-breakpoint
DROP INDEX "users_staff";
--> statement-breakpoint
DROP INDEX "users_email_prefix";
--> statement-breakpoint
DROP INDEX "users_created_at_id_index";
--> statement-breakpoint
DROP INDEX "outbox_to";
--> statement-breakpoint
DROP INDEX "outbox_dead";
--> statement-breakpoint
DROP INDEX "audit_events_caller_id_at_index";
--> statement-breakpoint
ALTER TABLE "verifications" DROP COLUMN "staff_id";
--> statement-breakpoint
ALTER TABLE "verifications" DROP COLUMN "user_id";
--> statement-breakpoint
ALTER TABLE "verifications" DROP COLUMN "ip";
--> statement-breakpoint
ALTER TABLE "verifications" DROP COLUMN "device_digest";
--> statement-breakpoint
ALTER TABLE "users" DROP COLUMN "methods_locked_until";
--> statement-breakpoint
ALTER TABLE "users" DROP COLUMN "delete_at";
--> statement-breakpoint
ALTER TABLE "users" DROP COLUMN "time_zone";
--> statement-breakpoint
ALTER TABLE "users" DROP COLUMN "name";
--> statement-breakpoint
ALTER TABLE "users" DROP COLUMN "role";
--> statement-breakpoint
ALTER TABLE "sessions" DROP COLUMN "device_digest";
--> statement-breakpoint
ALTER TABLE "sessions" DROP COLUMN "staff_id";
--> statement-breakpoint
ALTER TABLE "sessions" DROP COLUMN "country";
--> statement-breakpoint
ALTER TABLE "known_devices" DROP COLUMN "created_at";
--> statement-breakpoint
ALTER TABLE "audit_events" DROP COLUMN "staff_id";
--> statement-breakpoint
ALTER TABLE "audit_event_details" DROP COLUMN "reason";
--> statement-breakpoint
DROP TABLE "email_changes";
--> statement-breakpoint
DROP TABLE "audit_seals";
--> statement-breakpoint
DROP TABLE "audit_checkpoints";
