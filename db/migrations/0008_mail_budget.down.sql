DROP INDEX "outbox_started";
