ALTER TABLE "auth_providers" ADD COLUMN "backfilled" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "password_hash" text;--> statement-breakpoint
ALTER TABLE "verifications" ADD COLUMN "password_hash" text;--> statement-breakpoint
ALTER TABLE "verifications" ADD COLUMN "session_id" uuid;