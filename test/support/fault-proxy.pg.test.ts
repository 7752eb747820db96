import { sql } from "drizzle-orm";
import { afterAll, afterEach, expect, test } from "vitest";
import { type Database, isDatabaseUnavailable, openDatabase } from "@/db/client";
import { row } from "@/db/rows";
import { FaultProxy } from "./fault-proxy";
import { openTestDatabase, postgresUrlOf } from "./world";

/** The proxy of the other tests: what it says it does to a connection is what happens. */
const { database, drop } = await openTestDatabase();
const { db: direct } = database;
const url = await postgresUrlOf(direct);
await direct.execute(sql`create table notes (text text)`);

const proxy = await FaultProxy.before(url.href);
const opened: Database[] = [];
afterEach(async () => {
  proxy.restore();
  for (const { close } of opened.splice(0)) await close();
  await direct.execute(sql`delete from notes`);
});
afterAll(async () => {
  await proxy.close();
  await database.close();
  await drop();
});

async function open() {
  const pool = await openDatabase({ url: proxy.url, directory: "", connections: 1 });
  opened.push(pool);
  await pool.db.execute(sql`select 1`);
  return pool.db;
}

const notes = async () =>
  (await row<{ n: number }>(direct, sql`select count(*)::int as n from notes`))!.n;
const failure = (work: Promise<unknown>) =>
  work.then(
    () => "worked",
    (error: unknown) => (isDatabaseUnavailable(error) ? "away" : error),
  );

test("a COMMIT whose answer is lost is done, that of another transaction arrives, and the next works", async () => {
  const db = await open();
  const write = (text: string) =>
    db.transaction((tx) => tx.execute(sql`insert into notes values (${text})`));
  const lost = proxy.loseCommitOf("the second");
  await write("the first");
  expect(await failure(write("the second"))).toBe("away");
  await lost;
  expect(await notes()).toBe(2);
  await write("the second");
  expect(await notes()).toBe(3);
});

test("a statement whose answer is lost was run, and its transaction is rolled back", async () => {
  const db = await open();
  // 1 is BEGIN.
  proxy.loseAnswerTo(3);
  const seen: number[] = [];
  const transaction = db.transaction(async (tx) => {
    for (const n of [2, 3, 4]) {
      await tx.execute(sql`insert into notes values (${String(n)})`);
      seen.push(n);
    }
  });
  expect(await failure(transaction)).toBe("away");
  expect(seen).toEqual([2]);
  expect(await notes()).toBe(0);
  expect(await failure(db.execute(sql`select 1`))).toBe("worked");
});

test("a reset ends existing connections, and new ones work", async () => {
  const db = await open();
  const slow = failure(db.execute(sql`select pg_sleep(60)`));
  const { accepted } = proxy.connections;
  proxy.reset();
  expect(await slow).toBe("away");
  expect(await failure(db.execute(sql`select 1`))).toBe("worked");
  expect(proxy.connections.accepted).toBe(accepted + 1);
});

test("with latency a long answer arrives complete and in order", async () => {
  const db = await open();
  proxy.delay(40);
  const text = sql`select string_agg(n::text, ' ') as text from generate_series(1, 50000) n`;
  expect(await row<{ text: string }>(db, text)).toEqual({
    text: Array.from({ length: 50_000 }, (_, n) => n + 1).join(" "),
  });
});
