-- Vacuum tables whose rows are replaced often after 5 % of their rows instead of 20 %: index scans read dead
-- rows until then. Free space on a page lets an update stay there and write to no index.
ALTER TABLE "sessions" SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);--> statement-breakpoint
ALTER TABLE "verifications" SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);--> statement-breakpoint
ALTER TABLE "auth_providers" SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05);--> statement-breakpoint
ALTER TABLE "outbox" SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);--> statement-breakpoint
ALTER TABLE "limits" SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);--> statement-breakpoint
-- The audit log only grows: each vacuum reads the new pages alone, and freezes their rows at once, so that
-- none has to freeze all of them together later.
ALTER TABLE "audit_events" SET (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000, autovacuum_freeze_min_age = 0, autovacuum_analyze_scale_factor = 0.02);--> statement-breakpoint
ALTER TABLE "audit_event_details" SET (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000, autovacuum_freeze_min_age = 0, autovacuum_analyze_scale_factor = 0.02);--> statement-breakpoint
-- Sign-ins wait for these indexes. For very large tables docs/scale.md says how to create them before.
CREATE INDEX IF NOT EXISTS "audit_events_at_brin" ON "audit_events" USING brin ("at") WITH (pages_per_range=32,autosummarize=true);--> statement-breakpoint
DROP INDEX "audit_events_at_index";--> statement-breakpoint
-- Last, because sessions cannot be read from here to the end. The default is stored once and not in each row.
ALTER TABLE "sessions" ADD COLUMN IF NOT EXISTS "expiry_check_at" timestamp with time zone DEFAULT 'epoch' NOT NULL;--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "sessions_expiry_check_at_index" ON "sessions" USING btree ("expiry_check_at");--> statement-breakpoint
DROP INDEX "sessions_ends_at_index";
