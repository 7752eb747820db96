import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { setImmediate as nextRound } from "node:timers/promises";
import { sql } from "drizzle-orm";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { FaultProxy } from "@/test/support/fault-proxy";
import { startTlsProxy } from "@/test/support/tls-proxy";
import { openTestDatabase, postgresUrlOf } from "@/test/support/world";
import { type Db, endTransaction, isDatabaseUnavailable, openDatabase } from "./client";
import { row } from "./rows";
import type { ConnectionLimits } from "./postgres-socket";

/**
 * What a connection to Postgres does when the network or the server fails without notice (S4).
 * Limits are short where a test is about them. On a slow machine an exceeded limit only causes one
 * more connection.
 */
const { database, drop } = await openTestDatabase();
const { db: direct } = database;
const url = await postgresUrlOf(direct);
const name = url.pathname.slice(1);
await direct.execute(sql`create table notes (id int)`);

const proxy = await FaultProxy.before(url.href);
const opened: { close: () => Promise<void> }[] = [];
afterEach(async () => {
  for (const { close } of opened.splice(0)) await close();
  // Ends the sessions that Postgres still holds for lost connections.
  proxy.cut();
  proxy.restore();
  await direct.execute(sql`delete from notes`);
});
afterAll(async () => {
  await proxy.close();
  await database.close();
  await drop();
});

/** A connection pool over the proxy, and the reasons for which it dropped connections. */
async function open(
  limits: Partial<ConnectionLimits> = {},
  { connections = 1, through = proxy.url }: { connections?: number; through?: string } = {},
) {
  const drops: string[] = [];
  const pool = await openDatabase({
    url: through,
    directory: "",
    connections,
    limits,
    onDrop: (reason) => drops.push(reason),
  });
  opened.push(pool);
  return { db: pool.db, poolUse: pool.poolUse, drops };
}

const patient = { timeout: 120_000, interval: 20 };
const ask = async (db: Db, n = 1) => (await row<{ n: number }>(db, sql`select ${n}::int as n`))!.n;
const note = (db: Db, n: number) => db.execute(sql`insert into notes values (${n}::int)`);
const notes = async () =>
  (await row<{ n: number }>(direct, sql`select count(*)::int as n from notes`))!.n;
const sleep = (db: Db, length: number) => db.execute(sql`select pg_sleep(${length}::float)`);
/** Uses all connections at once, which opens all of them. */
const fill = (db: Db, connections: number) =>
  Promise.all(Array.from({ length: connections }, () => sleep(db, 0.2)));
const failure = (work: Promise<unknown>) =>
  work.then(
    () => "worked",
    (error: unknown) => (isDatabaseUnavailable(error) ? "away" : error),
  );

/** A lost connection is detected a second after it was checked. */
const soon = { statement: 1, grace: 0.5, connect: 1, idleBeforeProbe: 0.2, probeReply: 0.5 };

describe("a network that stops responding", () => {
  test("fails the running statement, and the next one uses a new connection", async () => {
    const { db, drops } = await open(soon);
    expect(await ask(db)).toBe(1);
    const slow = sleep(db, 0.5);
    proxy.fallSilent();
    expect(await failure(slow)).toBe("away");
    expect(drops).toContain("silent");
    proxy.restore();
    await vi.waitUntil(async () => (await failure(ask(db))) === "worked", patient);
  });

  test("fails a caller that connects meanwhile, and lets callers connect afterwards", async () => {
    const { db } = await open({ connect: 0.5 });
    proxy.fallSilent();
    expect(await failure(ask(db))).toBe("away");
    proxy.restore();
    await vi.waitUntil(async () => (await failure(ask(db))) === "worked", patient);
  });

  test("rolls back the whole transaction, and later statements are not part of it", async () => {
    const { db } = await open(soon);
    const transaction = db.transaction(async (tx) => {
      await note(tx, 1);
      proxy.fallSilent();
      await note(tx, 2);
    });
    expect(await failure(transaction)).toBe("away");
    proxy.restore();
    await vi.waitUntil(async () => (await failure(note(db, 3))) === "worked", patient);
    await vi.waitUntil(async () => (await notes()) === 1, patient);
  });

  test("does not affect a statement that takes Postgres a long time", async () => {
    const { db } = await open({ idleBeforeProbe: 0.05, probeReply: 0.1 });
    expect(await failure(sleep(db, 1))).toBe("worked");
  });
});

describe("half-open connections", () => {
  test("are all replaced before a caller needs one, and callers are served afterwards", async () => {
    const { db, drops } = await open({ idleBeforeProbe: 0.5, probeReply: 1 }, { connections: 10 });
    await fill(db, 10);
    await vi.waitUntil(() => proxy.connections.open >= 10, patient);
    const { accepted } = proxy.connections;
    proxy.halfOpen();
    await vi.waitUntil(() => drops.length >= 10, patient);
    const responses = await Promise.all(Array.from({ length: 20 }, (_, n) => ask(db, n)));
    expect(responses).toEqual(Array.from({ length: 20 }, (_, n) => n));
    expect(proxy.connections.accepted).toBeGreaterThan(accepted);
  });

  test("do not keep a pool from closing", async () => {
    const { db, drops } = await open({ probeReply: 0.2 }, { connections: 2 });
    await fill(db, 2);
    proxy.halfOpen();
    await opened.pop()!.close();
    expect(drops).toEqual(["silent", "silent"]);
  });
});

describe("checking whether an idle connection is alive", () => {
  test("changes no result, however often it happens", async () => {
    const { db } = await open({ idleBeforeProbe: 0.000_1, probeReply: 60 }, { connections: 3 });
    const several = async (from: number) => {
      for (let n = from; n < from + 150; n += 1) {
        if (n % 3 === 0) await nextRound();
        const seen = n % 5 === 0 ? await db.transaction((tx) => ask(tx, n)) : await ask(db, n);
        if (seen !== n) return `${seen} for ${n}`;
      }
      return "right";
    };
    expect(await Promise.all([0, 1000, 2000, 3000].map(several))).toEqual(
      Array<string>(4).fill("right"),
    );
  });

  test("keeps Postgres's own limit for an abandoned transaction", async () => {
    const { db } = await open({ idleBeforeProbe: 0.05, probeReply: 60, idleInTransaction: 0.5 });
    let forgotten: Promise<unknown> | undefined;
    const transaction = db.transaction(async (tx) => {
      await note(tx, 1);
      await (forgotten = new Promise(() => {}));
    });
    expect(await failure(transaction)).toBe("away");
    expect(forgotten).toBeDefined();
    expect(await ask(db)).toBe(1);
  });
});

describe("a primary that became read-only", () => {
  const readOnly = (value: "on" | "off") =>
    direct.execute(sql.raw(`alter database ${name} set default_transaction_read_only = ${value}`));
  const openReadOnly = async (
    limits: Partial<ConnectionLimits> = { idleBeforeProbe: 0.1, probeReply: 60 },
  ) => {
    await readOnly("on");
    const pool = await open(limits, { connections: 3 });
    await fill(pool.db, 3);
    // From now on only these connections are read-only, as after a failover behind one host name.
    await readOnly("off");
    return pool;
  };

  test("is dropped by all connections at the first write that it refuses", async () => {
    const { db, drops } = await openReadOnly();
    const error: unknown = await note(db, 0).catch((error: unknown) => error);
    expect(error).toMatchObject({ cause: { code: "25006" } });
    expect(isDatabaseUnavailable(error)).toBe(true);
    await vi.waitUntil(() => drops.length === 3, patient);
    expect(drops).toEqual(Array(3).fill("read_only"));
    await Promise.all([note(db, 1), note(db, 2), note(db, 3)]);
    expect(await notes()).toBe(3);
  });

  test("is dropped after a transaction too, and the caller gets the transaction's own error", async () => {
    const { db, drops } = await openReadOnly();
    const transaction = db.transaction(async (tx) => {
      await ask(tx);
      await note(tx, 1);
    });
    await expect(transaction).rejects.toMatchObject({ cause: { code: "25006" } });
    await vi.waitUntil(() => drops.length === 3, patient);
    await note(db, 1);
  });

  test("may finish the statements of other callers", async () => {
    const { db, drops } = await openReadOnly();
    const reading = sleep(db, 0.5);
    expect(await failure(note(db, 0))).toBe("away");
    expect(await failure(reading)).toBe("worked");
    await vi.waitUntil(() => drops.length === 3, patient);
  });

  test("is not dialled again for each refused write while the name still leads to it", async () => {
    await readOnly("on");
    const { db } = await open({ idleBeforeProbe: 3_600 }, { connections: 3 });
    await fill(db, 3);
    const { accepted } = proxy.connections;
    for (let n = 0; n < 20; n += 1) expect(await failure(note(db, n))).toBe("away");
    expect(proxy.connections.accepted).toBe(accepted);
    await readOnly("off");
  });
});

describe("a caller that waits for a connection", () => {
  test("waits for the limit and no longer, and its statement is never sent", async () => {
    const { db } = await open({ poolWait: 0.2, idleInTransaction: 600 });
    let end = () => {};
    const held = db.transaction((tx) =>
      ask(tx).then(() => new Promise<void>((resolve) => (end = resolve))),
    );
    expect(await failure(note(db, 1))).toBe("away");
    expect(await failure(db.transaction((tx) => note(tx, 2)))).toBe("away");
    end();
    await held;
    expect(await failure(note(db, 3))).toBe("worked");
    expect(await notes()).toBe(1);
  });

  test("is counted, and so are the connections at work", async () => {
    const { db, poolUse } = await open({ idleInTransaction: 600 }, { connections: 2 });
    expect(poolUse()).toEqual({ size: 2, busy: 0, waiting: 0 });
    let end = () => {};
    const until = new Promise<void>((resolve) => (end = resolve));
    const held = [1, 2].map((n) => db.transaction((tx) => ask(tx, n).then(() => until)));
    const next = ask(db, 3);
    await expect.poll(poolUse, patient).toEqual({ size: 2, busy: 2, waiting: 1 });
    end();
    await Promise.all([...held, next]);
    expect(poolUse()).toEqual({ size: 2, busy: 0, waiting: 0 });
  });

  test("gets one in turn, and the pool uses as many as it may", async () => {
    const { db } = await open({}, { connections: 4 });
    const { accepted } = proxy.connections;
    const responses = await Promise.all(Array.from({ length: 50 }, (_, n) => ask(db, n)));
    expect(responses).toEqual(Array.from({ length: 50 }, (_, n) => n));
    expect(proxy.connections.accepted - accepted).toBeLessThanOrEqual(4);
  });
});

describe("a transaction whose run timed out", () => {
  test("ends at once, changes nothing, and its connection is replaced", async () => {
    const { db, drops } = await open({ statement: 60 });
    let given!: Db;
    const transaction = db.transaction(async (tx) => {
      given = tx;
      await note(tx, 1);
      await sleep(tx, 60);
    });
    await vi.waitUntil(
      async () =>
        (await row(
          direct,
          sql`select 1 from pg_stat_activity
          where query like '%pg_sleep%' and state = 'active' and pid <> pg_backend_pid()
            and datname = current_database()`,
        )) !== undefined,
      patient,
    );
    endTransaction(given);
    expect(await failure(transaction)).toBe("away");
    expect(drops).toEqual(["run_given_up"]);
    expect(await ask(db)).toBe(1);
    expect(await notes()).toBe(0);
  });

  test("that has already ended does not close another run's connection", async () => {
    const { db, drops } = await open();
    let given!: Db;
    await db.transaction(async (tx) => {
      given = tx;
      await note(tx, 1);
    });
    const next = sleep(db, 0.3);
    endTransaction(given);
    expect(await failure(next)).toBe("worked");
    expect(drops).toEqual([]);
  });
});

describe("a server that", () => {
  test("hangs up before the login is unavailable, and is not dialled endlessly", async () => {
    let dialled = 0;
    const server = createServer((socket) => {
      dialled += 1;
      socket.end();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const { db } = await open({}, { through: `postgres://nobody@127.0.0.1:${port}/none` });
    expect(await failure(ask(db))).toBe("away");
    expect(dialled).toBe(1);
    server.close();
  });

  test("is second in the URL is found when the first is unavailable", async () => {
    const two = new URL(url);
    const both = two.href.replace(two.host, `127.0.0.1:1,${two.host}`);
    const { db } = await open({}, { through: both });
    await vi.waitUntil(async () => (await failure(ask(db))) === "worked", patient);
  });
});

describe("TLS", () => {
  const mailRequest = (sslmode: string, of: string) => {
    const with_ = new URL(of);
    with_.searchParams.set("sslmode", sslmode);
    return with_.href;
  };

  test("is used where the URL asks for it, and a silent network is detected through it", async () => {
    const fake = await startTlsProxy(proxy.url);
    const { db, drops } = await open(soon, { through: mailRequest("require", fake.url) });
    expect(await ask(db, 7)).toBe(7);
    expect(fake.secured()).toBe(1);
    proxy.halfOpen();
    await vi.waitUntil(() => drops.includes("silent"), patient);
    await vi.waitUntil(async () => (await failure(ask(db))) === "worked", patient);
    fake.stop();
  });

  test("refuses an untrusted certificate where verification is required", async () => {
    const fake = await startTlsProxy(url.href);
    const { db } = await open({}, { through: mailRequest("verify-full", fake.url) });
    await expect(ask(db)).rejects.toMatchObject({
      cause: { code: "DEPTH_ZERO_SELF_SIGNED_CERT" },
    });
    fake.stop();
  });

  test("is required even when the server has none, unless it is only preferred", async () => {
    const { db } = await open({}, { through: mailRequest("require", url.href) });
    await expect(ask(db)).rejects.toMatchObject({
      cause: { message: expect.stringContaining("DATABASE_URL requires TLS") as string },
    });
    const { db: preferring } = await open({}, { through: mailRequest("prefer", url.href) });
    expect(await ask(preferring)).toBe(1);
  });
});
