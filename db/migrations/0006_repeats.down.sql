DROP INDEX "sessions_started_by_index";
--> statement-breakpoint
DROP INDEX "sessions_previous_token_digest_index";
--> statement-breakpoint
ALTER TABLE "verifications" DROP COLUMN "repeats";
--> statement-breakpoint
ALTER TABLE "verifications" DROP COLUMN "consumed_with";
--> statement-breakpoint
ALTER TABLE "verifications" DROP COLUMN "consumed_by_digest";
--> statement-breakpoint
ALTER TABLE "sessions" DROP COLUMN "renewed_at";
--> statement-breakpoint
ALTER TABLE "sessions" DROP COLUMN "previous_authenticated_at";
--> statement-breakpoint
ALTER TABLE "sessions" DROP COLUMN "previous_token_digest";
--> statement-breakpoint
ALTER TABLE "sessions" DROP COLUMN "started_by";
--> statement-breakpoint
ALTER TABLE "sessions" DROP COLUMN "browser_digest";
--> statement-breakpoint
ALTER TABLE "sessions" DROP COLUMN "remember";
