DELETE FROM "auth_providers" WHERE "backfilled";
