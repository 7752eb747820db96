CREATE TABLE "handshakes" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"token_digest" text NOT NULL,
	"provider" text NOT NULL,
	"session_id" uuid,
	"keep" boolean NOT NULL,
	"next" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"returned_at" timestamp with time zone,
	"subject" text,
	"email" text,
	"proves_mailbox" boolean,
	"consumed_at" timestamp with time zone,
	CONSTRAINT "handshakes_token_digest_unique" UNIQUE("token_digest")
);
--> statement-breakpoint
ALTER TABLE "auth_providers" ADD COLUMN "address" text;--> statement-breakpoint
ALTER TABLE "auth_providers" ADD COLUMN "questioned_at" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "handshakes_expires_at_index" ON "handshakes" USING btree ("expires_at");