import { sql } from "drizzle-orm";
import { beforeEach, expect, test } from "vitest";
import { days, hours } from "@/lib/core/duration";
import { bounds, intervals } from "@/lib/core/policy";
import { Browser } from "@/test/support/browser";
import { setUpWorld } from "@/test/support/setup";
import { purgeGuard } from "./purge-guard";

/** A purge that waits when the clock may be wrong. The tests move rows into the past instead. */

const world = await setUpWorld();

let uptime = 0;
let mayPurge: ReturnType<typeof purgeGuard>;
const warnings: unknown[] = [];
const log = {
  warn: (_: string, fields?: Record<string, unknown>) => warnings.push(fields?.reason),
};
beforeEach(() => {
  uptime = 0;
  warnings.length = 0;
  mayPurge = purgeGuard(log, () => uptime * 1000);
});
/** Why a purge waits now, as far as it was not said before; null when it may run. */
const reason = async () => ((await mayPurge(world.db)) ? null : (warnings.pop() ?? "as before"));
/** Lets time pass by every clock. */
const pass = async (length: number) => {
  uptime += length;
  await world.advance(length);
};

test("a purge at a start with the clock 400 days ahead waits", async () => {
  await new Browser(world).signIn("ada@example.com");
  await world.advance(days(400));
  expect(await reason()).toMatch(/^By the clock, no session was used for 400 days/);
  uptime += intervals.purgeHold - 1;
  expect(await reason()).not.toBeNull();
  uptime += 1;
  expect(await reason()).toBeNull();
});

test("a purge runs at a start after a few days", async () => {
  await new Browser(world).signIn("ada@example.com");
  await world.advance(intervals.purgeQuiet - 60);
  expect(await reason()).toBeNull();
});

test("a purge runs in an empty database", async () => {
  expect(await reason()).toBeNull();
});

test("a purge waits after the clock moved ahead, until it moves back", async () => {
  await new Browser(world).signIn("ada@example.com");
  expect(await reason()).toBeNull();
  // Measured as the difference between the clock and the time that the process has been running.
  uptime -= intervals.purgeJump + 60;
  expect(await reason()).toMatch(/^The clock has moved ahead by 1 days/);
  uptime += intervals.purgeJump + 60;
  expect(await reason()).toBeNull();
});

test("a purge runs while time just passes", async () => {
  await new Browser(world).signIn("ada@example.com");
  for (let n = 0; n < 3; n += 1) {
    expect(await reason()).toBeNull();
    await pass(hours(1));
  }
});

/** Adds sessions of ada. */
const add = (rows: number, expired: boolean) =>
  world.writeDirectly((tx) =>
    tx.execute(sql`insert into sessions
        (token_digest, user_id, method, browser, idle_seconds, last_seen_at, ends_at)
      select gen_random_uuid()::text, u.id, 'magic_link', '', 86400, now(),
        now() + make_interval(days => ${expired ? -1 : 1})
      from users u, generate_series(1, ${rows}::int)`),
  );

test("a purge waits when it would delete most sessions", async () => {
  await new Browser(world).signIn("ada@example.com");
  await add(bounds.purgeSuspicious - 1, true);
  expect(await reason()).toBeNull();
  await add(1, true);
  expect(await reason()).toMatch(/^10 of 11 sessions/);
  uptime += intervals.purgeHold;
  expect(await reason()).toBeNull();
  await add(9, false);
  expect(await reason()).toBeNull();
});

test("the reason to wait is logged once, also when its numbers change", async () => {
  await new Browser(world).signIn("ada@example.com");
  await add(bounds.purgeSuspicious, true);
  expect(await reason()).toMatch(/^10 of 11 sessions/);
  await add(1, true);
  expect(await reason()).toBe("as before");
  uptime -= intervals.purgeJump + 60;
  expect(await reason()).toMatch(/^The clock has moved ahead/);
});
