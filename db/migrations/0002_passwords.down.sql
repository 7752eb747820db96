ALTER TABLE "verifications" DROP COLUMN "session_id";
--> statement-breakpoint
ALTER TABLE "verifications" DROP COLUMN "password_hash";
--> statement-breakpoint
ALTER TABLE "users" DROP COLUMN "password_hash";
--> statement-breakpoint
ALTER TABLE "auth_providers" DROP COLUMN "backfilled";
