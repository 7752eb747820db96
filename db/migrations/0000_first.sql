CREATE TABLE "audit_counts" (
	"event" text NOT NULL,
	"outcome" text NOT NULL,
	"key_hash" text NOT NULL,
	"hour" timestamp with time zone NOT NULL,
	"count" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "audit_counts_event_outcome_key_hash_hour_pk" PRIMARY KEY("event","outcome","key_hash","hour")
);
--> statement-breakpoint
CREATE TABLE "audit_events" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "audit_events_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"event" text NOT NULL,
	"outcome" text NOT NULL,
	"cause" text,
	"subject_id" uuid,
	"caller_id" uuid,
	"session_id" uuid,
	"request_id" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "audit_traces" (
	"event_id" bigint PRIMARY KEY NOT NULL,
	"ip" text,
	"browser" text,
	"identifier" text
);
--> statement-breakpoint
CREATE TABLE "auth_providers" (
	"user_id" uuid NOT NULL,
	"provider" text NOT NULL,
	"subject" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"last_used_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "auth_providers_user_id_provider_pk" PRIMARY KEY("user_id","provider"),
	CONSTRAINT "auth_providers_provider_subject_unique" UNIQUE("provider","subject"),
	CONSTRAINT "auth_providers_known" CHECK ("auth_providers"."provider" in ('email', 'google', 'linkedin', 'magic_link'))
);
--> statement-breakpoint
CREATE TABLE "device_marks" (
	"device_digest" text NOT NULL,
	"user_id" uuid NOT NULL,
	"last_used_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "device_marks_device_digest_user_id_pk" PRIMARY KEY("device_digest","user_id")
);
--> statement-breakpoint
CREATE TABLE "limits" (
	"rule" text NOT NULL,
	"key_hash" text NOT NULL,
	"hits" timestamp with time zone[] NOT NULL,
	"granted" boolean NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	CONSTRAINT "limits_rule_key_hash_pk" PRIMARY KEY("rule","key_hash")
);
--> statement-breakpoint
CREATE TABLE "outbox" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"kind" text NOT NULL,
	"to_address" text NOT NULL,
	"state" text NOT NULL,
	"reason" text,
	"payload" text,
	"rendered" text,
	"verification_id" uuid,
	"attempts" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"first_attempt_at" timestamp with time zone,
	"next_attempt_at" timestamp with time zone DEFAULT now() NOT NULL,
	"done_at" timestamp with time zone,
	CONSTRAINT "outbox_states" CHECK ("outbox"."state" in ('queued', 'sent', 'dead'))
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"token_digest" text NOT NULL,
	"user_id" uuid NOT NULL,
	"method" text NOT NULL,
	"ip" text,
	"browser" text NOT NULL,
	"idle_seconds" integer NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"authenticated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"last_seen_at" timestamp with time zone DEFAULT now() NOT NULL,
	"ends_at" timestamp with time zone NOT NULL,
	CONSTRAINT "sessions_token_digest_unique" UNIQUE("token_digest")
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"email" text NOT NULL,
	"email_verified_at" timestamp with time zone,
	"disabled_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "users_email_unique" UNIQUE("email")
);
--> statement-breakpoint
CREATE TABLE "verifications" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"purpose" text NOT NULL,
	"identifier" text NOT NULL,
	"token_digest" text NOT NULL,
	"code_hash" text NOT NULL,
	"browser_digest" text NOT NULL,
	"browser" text NOT NULL,
	"stillborn" boolean NOT NULL,
	"from_marked_device" boolean NOT NULL,
	"keep" boolean NOT NULL,
	"next" text NOT NULL,
	"receipt" text NOT NULL,
	"tries" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"code_expires_at" timestamp with time zone NOT NULL,
	"consumed_at" timestamp with time zone,
	"voided_at" timestamp with time zone,
	CONSTRAINT "verifications_token_digest_unique" UNIQUE("token_digest")
);
--> statement-breakpoint
ALTER TABLE "audit_traces" ADD CONSTRAINT "audit_traces_event_id_audit_events_id_fk" FOREIGN KEY ("event_id") REFERENCES "public"."audit_events"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "auth_providers" ADD CONSTRAINT "auth_providers_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "device_marks" ADD CONSTRAINT "device_marks_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "audit_events_subject_id_at_index" ON "audit_events" USING btree ("subject_id","at");--> statement-breakpoint
CREATE INDEX "audit_events_at_index" ON "audit_events" USING btree ("at");--> statement-breakpoint
CREATE INDEX "device_marks_user_id_index" ON "device_marks" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "device_marks_last_used_at_index" ON "device_marks" USING btree ("last_used_at");--> statement-breakpoint
CREATE INDEX "limits_expires_at_index" ON "limits" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "outbox_due" ON "outbox" USING btree ("next_attempt_at") WHERE "outbox"."state" = 'queued';--> statement-breakpoint
CREATE INDEX "outbox_done" ON "outbox" USING btree ("done_at");--> statement-breakpoint
CREATE INDEX "sessions_user_id_index" ON "sessions" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "sessions_ends_at_index" ON "sessions" USING btree ("ends_at");--> statement-breakpoint
CREATE INDEX "verifications_identifier_purpose_index" ON "verifications" USING btree ("identifier","purpose");--> statement-breakpoint
CREATE INDEX "verifications_browser_digest_index" ON "verifications" USING btree ("browser_digest");--> statement-breakpoint
CREATE INDEX "verifications_expires_at_index" ON "verifications" USING btree ("expires_at");