CREATE TABLE "audit_checkpoints" (
	"place" bigint PRIMARY KEY NOT NULL,
	"seal" text NOT NULL,
	"signature" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "audit_seals" (
	"place" bigint PRIMARY KEY NOT NULL,
	"event_id" bigint NOT NULL,
	"seal" text NOT NULL,
	CONSTRAINT "audit_seals_event_id_unique" UNIQUE("event_id")
);
--> statement-breakpoint
CREATE TABLE "email_changes" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"user_id" uuid NOT NULL,
	"old_email" text NOT NULL,
	"new_email" text NOT NULL,
	"staff_id" uuid,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"effective_at" timestamp with time zone NOT NULL,
	"applied_at" timestamp with time zone,
	"reserved_until" timestamp with time zone NOT NULL,
	"undone_at" timestamp with time zone
);
--> statement-breakpoint
ALTER TABLE "audit_event_details" ADD COLUMN "reason" text;--> statement-breakpoint
ALTER TABLE "audit_events" ADD COLUMN "staff_id" uuid;--> statement-breakpoint
ALTER TABLE "known_devices" ADD COLUMN "created_at" timestamp with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
-- When they were first used is not known.
UPDATE "known_devices" SET "created_at" = "last_used_at";--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "country" text;--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "staff_id" uuid;--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "device_digest" text;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "role" text DEFAULT 'member' NOT NULL;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "name" text;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "time_zone" text;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "delete_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "methods_locked_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "verifications" ADD COLUMN "device_digest" text;--> statement-breakpoint
ALTER TABLE "verifications" ADD COLUMN "ip" text;--> statement-breakpoint
ALTER TABLE "verifications" ADD COLUMN "user_id" uuid;--> statement-breakpoint
ALTER TABLE "verifications" ADD COLUMN "staff_id" uuid;--> statement-breakpoint
ALTER TABLE "email_changes" ADD CONSTRAINT "email_changes_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "email_changes_user_id_index" ON "email_changes" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "email_changes_old_email_index" ON "email_changes" USING btree ("old_email");--> statement-breakpoint
CREATE INDEX "email_changes_new_email_index" ON "email_changes" USING btree ("new_email");--> statement-breakpoint
CREATE INDEX "email_changes_reserved_until_index" ON "email_changes" USING btree ("reserved_until");--> statement-breakpoint
CREATE UNIQUE INDEX "email_changes_pending" ON "email_changes" USING btree ("user_id") WHERE "email_changes"."applied_at" is null and "email_changes"."undone_at" is null;--> statement-breakpoint
CREATE INDEX "audit_events_caller_id_at_index" ON "audit_events" USING btree ("caller_id","at") WHERE "audit_events"."caller_id" <> "audit_events"."subject_id";--> statement-breakpoint
CREATE INDEX "outbox_dead" ON "outbox" USING btree ("done_at","id") WHERE "outbox"."state" = 'dead';--> statement-breakpoint
CREATE INDEX "outbox_to" ON "outbox" USING btree ("to_address","created_at");--> statement-breakpoint
CREATE INDEX "users_created_at_id_index" ON "users" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "users_email_prefix" ON "users" USING btree ("email" text_pattern_ops);--> statement-breakpoint
CREATE INDEX "users_staff" ON "users" USING btree ("role") WHERE "users"."role" <> 'member';--> statement-breakpoint
CREATE INDEX "users_delete_at" ON "users" USING btree ("delete_at") WHERE "users"."delete_at" is not null;--> statement-breakpoint
CREATE INDEX "verifications_user_id_index" ON "verifications" USING btree ("user_id") WHERE "verifications"."user_id" is not null;--> statement-breakpoint
CREATE INDEX "verifications_staff_id_index" ON "verifications" USING btree ("staff_id") WHERE "verifications"."staff_id" is not null;--> statement-breakpoint
ALTER TABLE "users" ADD CONSTRAINT "users_roles" CHECK ("users"."role" in ('member', 'support', 'admin'));--> statement-breakpoint
CREATE INDEX "audit_counts_hour_index" ON "audit_counts" USING btree ("hour");--> statement-breakpoint
CREATE OR REPLACE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;--> statement-breakpoint
-- Retention signs a checkpoint first, and then deletes what is at or before it. Nothing else can be deleted.
CREATE FUNCTION refuse_audit_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT FROM public.audit_seals s WHERE s.event_id = (to_jsonb(OLD) ->> TG_ARGV[0])::bigint
      AND s.place <= (SELECT max(place) FROM public.audit_checkpoints)
  ) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;--> statement-breakpoint
-- Details can be erased, and not changed.
CREATE FUNCTION refuse_audit_details_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.event_id = OLD.event_id AND (to_jsonb(OLD) @> jsonb_strip_nulls(to_jsonb(NEW))) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'audit_event_details can only be emptied: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;--> statement-breakpoint
DROP TRIGGER audit_events_append_only ON "audit_events";--> statement-breakpoint
CREATE TRIGGER audit_events_append_only BEFORE UPDATE ON "audit_events" FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();--> statement-breakpoint
CREATE TRIGGER audit_events_retention BEFORE DELETE ON "audit_events" FOR EACH ROW EXECUTE FUNCTION refuse_audit_deletion('id');--> statement-breakpoint
CREATE TRIGGER audit_event_details_append_only BEFORE UPDATE ON "audit_event_details" FOR EACH ROW EXECUTE FUNCTION refuse_audit_details_change();--> statement-breakpoint
CREATE TRIGGER audit_event_details_retention BEFORE DELETE ON "audit_event_details" FOR EACH ROW EXECUTE FUNCTION refuse_audit_deletion('event_id');--> statement-breakpoint
CREATE TRIGGER audit_event_details_no_truncate BEFORE TRUNCATE ON "audit_event_details" FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();--> statement-breakpoint
CREATE TRIGGER audit_seals_append_only BEFORE UPDATE ON "audit_seals" FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();--> statement-breakpoint
CREATE TRIGGER audit_seals_retention BEFORE DELETE ON "audit_seals" FOR EACH ROW EXECUTE FUNCTION refuse_audit_deletion('event_id');--> statement-breakpoint
CREATE TRIGGER audit_seals_no_truncate BEFORE TRUNCATE ON "audit_seals" FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
