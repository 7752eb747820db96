import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { sql } from "drizzle-orm";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { migrateUp } from "@/db/migrate";
import { systemClock } from "@/lib/adapters/clock";
import { bounds } from "@/lib/core/policy";
import { getWorld } from "@/lib/runtime/world";
import { passingChecks } from "@/test/support/health";
import { Browser } from "@/test/support/browser";
import { openTestDatabase, testEnv, type TestWorld, postgresUrlOf } from "@/test/support/world";
import { createWorld } from "./create-world";

/** What a server on Postgres says about its database, at its start and afterwards. */
const { database, drop } = await openTestDatabase();
const { db } = database;
const url = await postgresUrlOf(db);
const name = url.pathname.slice(1);
const dataDir = mkdtempSync(path.join(tmpdir(), "latchkey-readiness-"));
const run = (statement: string) => db.execute(sql.raw(statement));

const start = (vars: Record<string, string> = {}) =>
  createWorld(testEnv({ DATABASE_URL: url.href, DATA_DIR: dataDir, ...vars }));
let stop: () => Promise<void>;
const logged: string[] = [];

beforeAll(async () => {
  await migrateUp(db);
  stop = (await start()).stopWorker;
  for (const level of ["info", "warn"] as const)
    vi.spyOn(getWorld().log, level).mockImplementation(
      (...entry) => void logged.push(JSON.stringify(entry)),
    );
});
afterAll(async () => {
  await stop();
  await database.close();
  await drop();
  rmSync(dataDir, { recursive: true, force: true });
});
afterEach(() => void logged.splice(0));

/** Lets Postgres refuse something as it does on a full disk. */
const raiseDiskFull = (as: string, returns: string) =>
  run(`create function ${as}() returns ${returns} language plpgsql as
    $$ begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$`);

test("a full disk fails readiness, although a row still fits into a page, and the log says why", async () => {
  expect(await getWorld().health()).toEqual(passingChecks);
  await raiseDiskFull("no_new_table", "event_trigger");
  await run(
    "create event trigger no_new_table on ddl_command_start when tag in ('CREATE TABLE AS') execute function no_new_table()",
  );
  await raiseDiskFull("no_new_row", "trigger");
  await run(
    "create trigger no_new_row before insert on verifications execute function no_new_row()",
  );
  const browser = new Browser(getWorld() as TestWorld);
  expect(await browser.requestLink("ada@example.com")).toMatchObject({
    refusal: { code: "unavailable" },
  });
  expect(await getWorld().health()).toEqual({ ...passingChecks, database: "fail" });
  expect(logged.join()).toContain("database.unavailable");
  expect(logged.join()).toContain('"code":"53100","reason":"could not extend file');
  expect(logged.join()).toContain("database.not_ready");
  await run("drop event trigger no_new_table");
  await run("drop function no_new_row cascade");
  expect(await getWorld().health()).toEqual(passingChecks);
  expect(logged.join()).toContain("database.ready");
});

test("a clock that differs from the database's by an hour is a warning, until it agrees again", async () => {
  const now = vi.spyOn(systemClock, "now");
  for (const hours of [-1, 1]) {
    now.mockImplementation(() => new Date(Date.now() + hours * 3_600_000));
    expect(await getWorld().health()).toEqual({ ...passingChecks, clock: "warn" });
  }
  now.mockRestore();
  expect(await getWorld().health()).toEqual(passingChecks);
});

test("readiness warns while the hourly budget of emails is used up (R5)", async () => {
  const sent = (n: number) =>
    run(`insert into outbox (kind, to_address, state, first_attempt_at, done_at)
      select 'step_up', 'ada@example.com', 'sent', now(), now() from generate_series(1, ${n})`);
  await sent(bounds.emailsPerHour - 1);
  expect(await getWorld().health()).toEqual(passingChecks);
  await sent(1);
  expect(await getWorld().health()).toEqual({ ...passingChecks, mail: "warn" });
  await run("delete from outbox");
});

test("a migration that a newer release made fails readiness, and the next start", async () => {
  await run("comment on table drizzle.__drizzle_migrations is null");
  await run(
    "insert into drizzle.__drizzle_migrations (hash, created_at) values ('cafe', 4070995445000)",
  );
  expect(await getWorld().health()).toEqual({ ...passingChecks, migrations: "fail" });
  await expect(start()).rejects.toThrow(
    /a migration that this release does not know, made at 2099/,
  );
  await run("delete from drizzle.__drizzle_migrations where hash = 'cafe'");
});

test("a start tries the app's own role, too, and says what it may not do", async () => {
  const role = `${name}_app`;
  await run(`create role ${role} login`);
  const app = new URL(url);
  app.username = role;
  const refused = start({ DATABASE_URL: app.href, MIGRATE_DATABASE_URL: url.href });
  await expect(refused).rejects.toThrow(
    /The user of DATABASE_URL lacks a right.*permission denied for table limits \(42501\)/,
  );
  await run(`drop role ${role}`);
});

test("a start on a read-only database says that it is read-only", async () => {
  await run(`alter database ${name} set default_transaction_read_only = on`);
  await expect(start()).rejects.toThrow(/Postgres is read-only\..*\(25006\)/);
});
