ALTER TABLE "sessions" ADD COLUMN "remember" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "browser_digest" text;--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "started_by" uuid;--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "previous_token_digest" text;--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "previous_authenticated_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "renewed_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "verifications" ADD COLUMN "consumed_by_digest" text;--> statement-breakpoint
ALTER TABLE "verifications" ADD COLUMN "consumed_with" text;--> statement-breakpoint
ALTER TABLE "verifications" ADD COLUMN "repeats" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX "sessions_previous_token_digest_index" ON "sessions" USING btree ("previous_token_digest") WHERE "sessions"."previous_token_digest" is not null;--> statement-breakpoint
CREATE INDEX "sessions_started_by_index" ON "sessions" USING btree ("started_by") WHERE "sessions"."started_by" is not null;--> statement-breakpoint
-- "Keep me signed in" lasts 30 days without use; no other session does.
UPDATE "sessions" SET "remember" = true WHERE "idle_seconds" >= 2592000;
