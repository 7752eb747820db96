-- What was questioned opens nothing; without the mark it would.
DELETE FROM "auth_providers" WHERE "questioned_at" IS NOT NULL;
--> statement-breakpoint
ALTER TABLE "auth_providers" DROP COLUMN "questioned_at";
--> statement-breakpoint
ALTER TABLE "auth_providers" DROP COLUMN "address";
--> statement-breakpoint
DROP TABLE "handshakes";
