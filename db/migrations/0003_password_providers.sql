-- Whoever has a password has it as a way in (A1). Marked, so that the way back takes no other row.
INSERT INTO "auth_providers" ("user_id", "provider", "backfilled")
SELECT "id", 'email', true FROM "users" WHERE "password_hash" IS NOT NULL
ON CONFLICT DO NOTHING;
