DROP TRIGGER audit_events_no_truncate ON "audit_events";
--> statement-breakpoint
DROP TRIGGER audit_events_append_only ON "audit_events";
--> statement-breakpoint
DROP FUNCTION refuse_audit_change();
