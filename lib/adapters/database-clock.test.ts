import { expect, it } from "vitest";
import type { Db } from "@/db/client";
import type { Log } from "@/lib/runtime/ports";
import { databaseClock } from "./database-clock";

const minute = 60_000;

/** A database whose clock is ahead of this process by so much, and what is logged about it. */
function setUp(ahead: number) {
  const offset = { ahead };
  const logged: [string, unknown][] = [];
  const note = (event: string, fields?: unknown) => void logged.push([event, fields]);
  const execute = () => Promise.resolve([{ time: Date.now() + offset.ahead }]);
  const log: Log = { info: note, warn: note, error: note };
  const clock = databaseClock({ execute } as unknown as Db, { now: () => new Date() }, log);
  return { clock, logged, offset };
}

it("shows the database's time, and says once that the clocks differ", async () => {
  const { clock, logged, offset } = setUp(120 * minute);
  await clock.read();
  await clock.read();
  expect(clock.differs()).toBe(true);
  expect(Math.abs(clock.now().getTime() - Date.now() - 120 * minute)).toBeLessThan(minute);
  expect(logged).toEqual([
    ["clock.differs", expect.objectContaining({ secondsAheadOfDatabase: -7200 })],
  ]);
  offset.ahead = 0;
  await clock.read();
  expect(clock.differs()).toBe(false);
  expect(logged.at(-1)).toEqual(["clock.agrees", undefined]);
});

it("is silent about a difference of less than half a minute", async () => {
  const { clock, logged } = setUp(20_000);
  await clock.read();
  expect([clock.differs(), logged]).toEqual([false, []]);
});

it("shows this process's time before it has read the database's", () => {
  const { clock } = setUp(120 * minute);
  expect(Math.abs(clock.now().getTime() - Date.now())).toBeLessThan(minute);
});
