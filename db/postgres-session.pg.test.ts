import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { eq, sql } from "drizzle-orm";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { FaultProxy } from "@/test/support/fault-proxy";
import { startFakePooler } from "@/test/support/fake-pooler";
import { openTestDatabase, postgresUrlOf } from "@/test/support/world";
import { type Db, openDatabase } from "./client";
import { explained } from "./explain-error";
import { migrateDown, migrateUp, migrationState } from "./migrate";
import { row } from "./rows";
import { users } from "./schema";

/** How a connection is set up, whatever the server, the pooler and the URL are. */
const { database, drop } = await openTestDatabase();
const { db: direct } = database;
const url = await postgresUrlOf(direct);
const name = url.pathname.slice(1);

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});
afterAll(async () => {
  await database.close();
  await drop();
});

async function open(through: string, onPooler?: () => void): Promise<Db> {
  const pool = await openDatabase({ url: through, directory: "", connections: 2, onPooler });
  opened.push(pool.close);
  return pool.db;
}

/** A setting of the whole database for one test. */
async function setForDatabase(setting: string, value: string) {
  await direct.execute(sql.raw(`alter database ${name} set ${setting} = '${value}'`));
  opened.push(() => direct.execute(sql.raw(`alter database ${name} reset ${setting}`)));
}

const asked = async (db: Db) =>
  (await row<{ text: string }>(db, sql`select now()::text || ' ' || '1 day'::interval as text`))!
    .text;

describe("a server that writes values in another way", () => {
  test.each(["SQL, DMY", "German", "Postgres, MDY"])("DateStyle %s", async (style) => {
    await setForDatabase("DateStyle", style);
    const db = await open(url.href);
    await migrateUp(db);
    const time = new Date("2026-03-04T05:06:07.008Z");
    const email = `${style}@example.com`;
    await db.insert(users).values({ email, disabledAt: time });
    const [found] = await db.select().from(users).where(eq(users.email, email));
    expect(found?.disabledAt).toEqual(time);
  });

  test("has our settings within a session", async () => {
    await setForDatabase("TimeZone", "Asia/Kolkata");
    await setForDatabase("IntervalStyle", "iso_8601");
    await setForDatabase("bytea_output", "escape");
    await setForDatabase("extra_float_digits", "-15");
    await setForDatabase("default_transaction_isolation", "serializable");
    const db = await open(url.href);
    expect(await asked(db)).toMatch(/\+00 1 day$/);
    const settings = await row(
      db,
      sql`select '\\xff'::bytea::text as bytes, (0.1::float8 + 0.2)::text as number,
        current_setting('transaction_isolation') as isolation, current_setting('statement_timeout') as timeout`,
    );
    expect(settings).toEqual({
      bytes: "\\xff",
      number: "0.30000000000000004",
      isolation: "read committed",
      timeout: "5s",
    });
  });

  test("has our tables in public, whatever schemas it prefers", async () => {
    for (let done = await migrateDown(direct); done;) done = await migrateDown(direct);
    await direct.execute(sql`create schema other`);
    await setForDatabase("search_path", "other, drizzle");
    const db = await open(url.href);
    expect(await migrateUp(db)).not.toEqual([]);
    expect((await migrationState(db)).pending).toEqual([]);
    expect(await row(direct, sql`select to_regclass('public.users')::text as name`)).toEqual({
      name: "users",
    });
  });
});

describe("a pooler in transaction mode", () => {
  test("is recognized, and gets neither startup parameters nor prepared statements", async () => {
    const pooler = await startFakePooler(url.href);
    opened.push(pooler.stop);
    let recognized = 0;
    const db = await open(pooler.url, () => (recognized += 1));
    expect(await asked(db)).toMatch(/1 day$/);
    expect(
      await db.transaction((tx) => row(tx, sql`select ${"a"}::text as a, ${1}::int as n`)),
    ).toEqual({ a: "a", n: 1 });
    await Promise.all([asked(db), asked(db), asked(db)]);
    expect(recognized).toBe(1);
  });

  test("is not suspected in Postgres itself, where statements are prepared", async () => {
    const db = await open(url.href, () => expect.unreachable());
    expect(
      await row(db, sql`select count(*)::int as n from pg_prepared_statements where ${1}::int = 1`),
    ).toEqual({ n: 1 });
    const unprepared = await open(`${url.href}?pgbouncer=true`);
    expect(
      await row(
        unprepared,
        sql`select count(*)::int as n from pg_prepared_statements where ${1}::int = 1`,
      ),
    ).toEqual({ n: 0 });
  });
});

describe("a URL", () => {
  test("with a Unix socket leads there, in each of libpq's forms", async () => {
    const directory = mkdtempSync(path.join(tmpdir(), "latchkey-socket-"));
    const proxy = createServer((client) => {
      const postgres = connect(Number(url.port), url.hostname);
      client.pipe(postgres).pipe(client);
      for (const socket of [client, postgres]) socket.on("error", () => socket.destroy());
    }).listen(path.join(directory, ".s.PGSQL.5499"));
    await once(proxy, "listening");
    opened.push(() => {
      proxy.close();
      rmSync(directory, { recursive: true });
    });
    const encoded = encodeURIComponent(directory);
    for (const form of [
      `postgres://postgres@/${name}?host=${directory}&port=5499`,
      `postgres://postgres@${encoded}:5499/${name}`,
      `postgresql:///${name}?user=postgres&host=${encoded}&port=5499&sslmode=require`,
      `postgres://postgres@/${name}?host=${directory}/.s.PGSQL.5499`,
    ])
      expect(await asked(await open(form)), form).toMatch(/1 day$/);
  });

  test("as Neon hands it out is not refused for its channel binding", async () => {
    expect(await asked(await open(`${url.href}?channel_binding=require`))).toMatch(/1 day$/);
  });

  test("leads on from a standby where it names another server, and to it where it is alone", async () => {
    const standby = createServer((client) => {
      const postgres = connect(Number(url.port), url.hostname);
      client.pipe(postgres);
      postgres.on("data", (chunk: Buffer) => {
        const text = chunk.toString("latin1");
        const said = text.replace("in_hot_standby\0off\0", "in_hot_standby\0on\0\0");
        client.write(Buffer.from(said, "latin1"));
      });
      for (const socket of [client, postgres]) {
        socket.on("error", () => socket.destroy());
        socket.on("close", () => (socket === client ? postgres : client).destroy());
      }
    }).listen(0, "127.0.0.1");
    await once(standby, "listening");
    const primary = await FaultProxy.before(url.href);
    opened.push(
      () => standby.close(),
      () => primary.close(),
    );
    const { port } = standby.address() as AddressInfo;
    const through = (hosts: string) => url.href.replace(url.host, hosts);
    const both = await open(through(`127.0.0.1:${port},${new URL(primary.url).host}`));
    expect(await asked(both)).toMatch(/1 day$/);
    expect(primary.connections.accepted).toBe(1);
    expect(await asked(await open(through(`127.0.0.1:${port}`)))).toMatch(/1 day$/);
  });
});

describe("a start that cannot use the database says why", () => {
  const role = `${name}_role`;
  const through = (change: (url: URL) => void, query = "") => {
    const changed = new URL(url);
    change(changed);
    return `${changed.href}${query}`;
  };
  const as = (user: string) => through((one) => (one.username = user));
  const reason = (address: string) =>
    explained(
      "DATABASE_URL",
      open(address).then((db) => migrateUp(db)),
    ).then(
      () => "It started.",
      (error: Error) => error.message,
    );

  test.each<[what: string, address: string, says: RegExp]>([
    [
      "no such database",
      through((one) => (one.pathname = "nowhere")),
      /database .* does not exist\. Create it.*\(3D000\)\.$/,
    ],
    [
      "no such role",
      as("nobody"),
      /does not let the user .*role "nobody" does not exist \(28000\)/,
    ],
    [
      "nothing listens",
      through((one) => (one.port = "1")),
      /Nothing accepts connections.*DATABASE_URL.*ECONNREFUSED/,
    ],
    [
      "an unknown host",
      through((one) => (one.hostname = "postgres.invalid")),
      /The host of DATABASE_URL is unknown/,
    ],
    ["no TLS", `${url.href}?sslmode=require`, /requires TLS, and Postgres does not offer it/],
    ["no socket", `postgres:///x?host=/nowhere`, /There is no socket of Postgres/],
    [
      "an unknown parameter",
      `${url.href}?latchkey=1`,
      /has a parameter that Postgres does not know/,
    ],
    ["an unusable URL", "postgres://a:b%@c/d", /^DATABASE_URL must be a URL such as/],
    [
      "a certificate that is not there",
      `${url.href}?sslrootcert=/nowhere.pem`,
      /\/nowhere\.pem, which DATABASE_URL names, cannot be read: ENOENT/,
    ],
  ])("%s", async (_, address, says) => {
    expect(await reason(address)).toMatch(says);
  });

  test("too many connections, a right that is missing, a wrong password, a read-only database", async () => {
    for (let done = await migrateDown(direct); done;) done = await migrateDown(direct);
    await direct.execute(sql.raw(`create role ${role} login connection limit 0`));
    opened.push(() => direct.execute(sql.raw(`drop role ${role}`)));
    expect(await reason(as(role))).toMatch(/too many connections for role .*\(53300\)/);
    await direct.execute(sql.raw(`alter role ${role} connection limit -1`));
    expect(await reason(as(role))).toMatch(/lacks a right.*permission denied for .*\(42501\)/);
    await setForDatabase("default_transaction_read_only", "on");
    expect(await reason(url.href)).toMatch(/Postgres is read-only\..*\(25006\)/);
  });

  test("a role without any right to create starts where nothing is pending", async () => {
    await migrateUp(direct);
    await direct.execute(sql.raw(`create role ${role} login`));
    await direct.execute(sql.raw(`grant usage on schema drizzle to ${role}`));
    await direct.execute(sql.raw(`grant select on all tables in schema drizzle to ${role}`));
    opened.push(async () => {
      await direct.execute(sql.raw(`drop owned by ${role}`));
      await direct.execute(sql.raw(`drop role ${role}`));
    });
    expect(await reason(as(role))).toBe("It started.");
  });
});

test("a migration waits while another instance holds the lock, says so, and then goes on", async () => {
  for (let done = await migrateDown(direct); done;) done = await migrateDown(direct);
  let release!: () => void;
  const released = new Promise<void>((resolve) => (release = resolve));
  let hold!: () => void;
  const isHeld = new Promise<void>((resolve) => (hold = resolve));
  const holder = direct.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(5150726)`);
    hold();
    await released;
  });
  await isHeld;
  expect(await migrateUp(await open(url.href), { onWait: release })).not.toEqual([]);
  await holder;
});
