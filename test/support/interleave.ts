import { sql } from "drizzle-orm";
import { row } from "@/db/rows";
import type { Db } from "@/db/client";
import { DatabaseGone, type TestWorld } from "./world";

/**
 * Two runs at once, in an order that chance hardly ever produces: `first` has done all its work and
 * is about to commit when `second` needs a row that it locks. On the embedded database, which runs
 * one transaction at a time, the second runs afterwards.
 */
export async function runDuringCommitOf<A, B>(
  world: TestWorld,
  first: (world: TestWorld) => Promise<A>,
  second: () => Promise<B>,
): Promise<[A, B]> {
  const done = signal();
  const letGo = signal();
  const db = Object.assign(Object.create(world.db) as Db, {
    transaction: (work: (tx: Db) => Promise<unknown>) =>
      world.db.transaction(async (tx) => {
        const response = await work(tx);
        done.give();
        await letGo.given;
        return response;
      }),
  });
  const running = first(world.with({ db }));
  await done.given;
  const next = second();
  await somebodyWaits(world, next);
  letGo.give();
  return [await running, await next];
}

/** The same world, in which the answer of Postgres to each COMMIT is lost. */
export function withLostCommits(world: TestWorld): TestWorld {
  const transaction: Db["transaction"] = async (work) => {
    await world.db.transaction(work);
    throw new DatabaseGone("Connection terminated unexpectedly");
  };
  return world.with({ db: Object.assign(Object.create(world.db) as Db, { transaction }) });
}

/**
 * The same world, in which a change happens after the authorization and before the write: the
 * session that was read, for example, is out of date.
 */
export function withChangeBeforeWrite(
  world: TestWorld,
  meanwhile: () => Promise<unknown>,
): TestWorld {
  const transaction: Db["transaction"] = async (work) => {
    await meanwhile();
    return world.db.transaction(work);
  };
  return world.with({ db: Object.assign(Object.create(world.db) as Db, { transaction }) });
}

function signal() {
  let give = () => {};
  const given = new Promise<void>((resolve) => (give = resolve));
  return { given, give };
}

/** Returns when a statement waits for another's lock, or when there is nothing left to wait for. */
async function somebodyWaits({ db }: TestWorld, next: Promise<unknown>): Promise<void> {
  if (process.env.TEST_DATABASE !== "postgres") return;
  let isDone = false;
  void next.then(
    () => (isDone = true),
    () => (isDone = true),
  );
  for (;;) {
    const waiting = await row<{ n: number }>(
      db,
      sql`select count(*)::int as n from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if (isDone || waiting!.n > 0) return;
  }
}
