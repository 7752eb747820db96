ALTER TABLE "auth_providers" DROP COLUMN "questioned_at";
--> statement-breakpoint
ALTER TABLE "auth_providers" DROP COLUMN "address";
--> statement-breakpoint
DROP TABLE "handshakes";
