CREATE INDEX "audit_events_at_index" ON "audit_events" USING btree ("at");
--> statement-breakpoint
DROP INDEX "audit_events_at_brin";
--> statement-breakpoint
ALTER TABLE "audit_event_details" RESET (autovacuum_vacuum_insert_scale_factor, autovacuum_vacuum_insert_threshold, autovacuum_freeze_min_age, autovacuum_analyze_scale_factor);
--> statement-breakpoint
ALTER TABLE "audit_events" RESET (autovacuum_vacuum_insert_scale_factor, autovacuum_vacuum_insert_threshold, autovacuum_freeze_min_age, autovacuum_analyze_scale_factor);
--> statement-breakpoint
ALTER TABLE "limits" RESET (autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor);
--> statement-breakpoint
ALTER TABLE "outbox" RESET (autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor);
--> statement-breakpoint
ALTER TABLE "auth_providers" RESET (fillfactor, autovacuum_vacuum_scale_factor);
--> statement-breakpoint
ALTER TABLE "verifications" RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor);
--> statement-breakpoint
ALTER TABLE "sessions" RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor);
--> statement-breakpoint
CREATE INDEX "sessions_ends_at_index" ON "sessions" USING btree ("ends_at");
--> statement-breakpoint
ALTER TABLE "sessions" DROP COLUMN "expiry_check_at";
