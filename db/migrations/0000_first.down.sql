DROP TABLE "audit_counts", "audit_traces", "audit_events", "device_marks", "limits", "outbox", "verifications", "auth_providers", "sessions", "users";
