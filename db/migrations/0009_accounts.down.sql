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
DROP INDEX "audit_events_caller_id_at_index";
--> statement-breakpoint
ALTER TABLE "verifications" DROP COLUMN "staff_id";
--> statement-breakpoint
ALTER TABLE "verifications" DROP COLUMN "user_id";
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
