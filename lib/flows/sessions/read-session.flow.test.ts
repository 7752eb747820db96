import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { days, hours, minutes } from "@/lib/core/duration";
import { row } from "@/db/rows";
import type { RequestContext } from "@/lib/runtime/request-context";
import { runFlow, sessionReader } from "@/lib/runtime/run-flow";
import { digest } from "@/lib/core/crypto";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { refused, setUpWorld } from "@/test/support/setup";
import { testEnv } from "@/test/support/world";
import { readSession } from "./read-session";

const world = await setUpWorld();
const ada = "ada@example.com";
const nobody = { ok: true, value: null };
const isIn = { ok: true, value: { email: ada } };

const signedIn = async (where = world, more: { remember?: "on" } = {}) => {
  const browser = new Browser(where);
  await browser.signIn(ada, more);
  return browser;
};

test("reading a session is one statement, and writes nothing (S1)", async () => {
  const browser = await signedIn();
  const before = await dump(world);
  const statements = await world.statementsOf(async () => {
    expect(await browser.run(readSession)).toMatchObject(isIn);
  });
  expect(statements).toHaveLength(1);
  expect(statements[0]).toMatch(/^select /);
  expect(browser.cookieChanges).toEqual({});
  expect(await dump(world)).toBe(before);
});

test("reading a session computes nothing about the browser that it does not need", async () => {
  const { session } = await signedIn();
  const sessionDigest = digest("session", session!);
  const unasked = (): never => {
    throw new Error("The session was read.");
  };
  const requestContext: RequestContext = {
    ...{
      requestId: "1",
      sameOrigin: false,
      shownTo: null,
      ip: null,
      country: null,
      hasDeviceCookie: false,
    },
    acceptsCookies: false,
    sessionDigest,
    sessionRenewed: false,
    cookieHeader: null,
    readSession: sessionReader(world, sessionDigest),
    get network() {
      return unasked();
    },
    get browser() {
      return unasked();
    },
    get requestingBrowserDigest() {
      return unasked();
    },
    get deviceDigest() {
      return unasked();
    },
  };
  expect((await runFlow(world, readSession, requestContext, {})).result).toMatchObject(isIn);
});

test("a request that runs several flows writes the session's use once", async () => {
  const browser = await signedIn();
  await world.advance(301);
  const found = await sessionReader(world, digest("session", browser.session!))();
  const request = { readSession: async () => found };
  for (let flows = 0; flows < 3; flows += 1) await browser.run(readSession, {}, request);
  const statements = await world.statementsOf(() => browser.finishResponse());
  expect(statements.filter((statement) => statement.startsWith("update"))).toHaveLength(1);
});

test("without a cookie no statement runs at all", async () => {
  const statements = await world.statementsOf(async () => {
    expect(await new Browser(world).run(readSession)).toEqual(nobody);
  });
  expect(statements).toEqual([]);
});

describe("tokens of no session", () => {
  test.each([
    ["unknown", () => "x".repeat(43)],
    ["shortened", (token: string) => token.slice(0, -1)],
    ["lengthened", (token: string) => `${token}A`],
    ["empty", () => ""],
  ])("%s: signed out", async (_, forge) => {
    const browser = await signedIn();
    browser.session = forge(browser.session!);
    expect(await browser.run(readSession)).toEqual(nobody);
  });

  test("a link's token, and this browser's other cookies, sign nobody in", async () => {
    const browser = await signedIn();
    const [letter] = world.lettersTo(ada);
    for (const token of [letter!.token, browser.mailRequest!, browser.device!]) {
      browser.session = token;
      expect(await browser.run(readSession)).toEqual(nobody);
    }
  });
});

describe("a session's lifetime, by the database's clock (S1)", () => {
  test.each([
    ["a plain session", {}, hours(24)],
    ["a remembered session", { remember: "on" as const }, days(30)],
  ])("%s ends when it was not used for its idle time", async (_, more, idle) => {
    await world.withFrozenTime(async (world) => {
      const browser = await signedIn(world, more);
      await world.advance(idle - 1);
      expect(await browser.run(readSession)).toMatchObject(isIn);
      await world.advance(1);
      expect(await browser.run(readSession)).toEqual(nobody);
    });
  });

  test.each([
    ["a plain session", {}, hours(23), days(30)],
    ["a remembered session", { remember: "on" as const }, days(29), days(90)],
  ])("%s ends at its absolute end however busy it is", async (_, more, pause, absolute) => {
    await world.withFrozenTime(async (world) => {
      const browser = await signedIn(world, more);
      let passed = 0;
      for (; passed + pause < absolute; passed += pause) {
        await world.advance(pause);
        expect(await browser.run(readSession)).toMatchObject(isIn);
        await browser.finishResponse();
      }
      await world.advance(absolute - passed - 1);
      expect(await browser.run(readSession)).toMatchObject(isIn);
      await browser.finishResponse();
      await world.advance(1);
      expect(await browser.run(readSession)).toEqual(nobody);
    });
  });

  test("an operator may shorten both", async () => {
    const brief = testEnv({ SESSION_IDLE_HOURS: "1", SESSION_LIFETIME_DAYS: "1" });
    await world.withFrozenTime(async (world) => {
      const browser = await signedIn(world.with({ env: brief }));
      expect(browser.newSession.lifetime).toBe(days(1));
      await world.advance(hours(1));
      expect(await browser.run(readSession)).toEqual(nobody);
    });
  });

  test("a wrong clock of the app neither ends nor prolongs it", async () => {
    const browser = await signedIn();
    for (const year of [1990, 2090]) {
      const off = world.with({ clock: { now: () => new Date(Date.UTC(year, 0)) } });
      expect(await browser.run(readSession, {}, { world: off })).toMatchObject(isIn);
    }
    await world.advance(days(1));
    const early = world.with({ clock: { now: () => new Date(0) } });
    expect(await browser.run(readSession, {}, { world: early })).toEqual(nobody);
  });
});

test("the last use is written after the response, every five minutes at most", async () => {
  const browser = await signedIn();
  const seen = async () =>
    (await row<{ ago: number }>(
      world.db,
      sql`select extract(epoch from now() - last_seen_at)::int as ago from sessions`,
    ))!.ago;
  await world.advance(minutes(4));
  await browser.run(readSession);
  await browser.finishResponse();
  expect(await seen()).toBeGreaterThanOrEqual(minutes(4));
  await world.advance(minutes(2));
  await browser.run(readSession);
  expect(await seen()).toBeGreaterThanOrEqual(minutes(6));
  await browser.finishResponse();
  expect(await seen()).toBeLessThan(minutes(1));
  const again = await world.statementsOf(async () => {
    await browser.run(readSession);
    await browser.finishResponse();
  });
  expect(again).toHaveLength(1);
});

test("a disabled user has no session any more, at once (I4)", async () => {
  const browser = await signedIn();
  await world.writeDirectly((tx) => tx.execute(sql`update users set disabled_at = now()`));
  expect(await browser.run(readSession)).toEqual(nobody);
});

test("when the database is unavailable the response is “unavailable”, never “signed out” (S4)", async () => {
  const browser = await signedIn();
  world.failDatabaseAfter(0);
  expect(await browser.run(readSession)).toEqual(
    refused("unavailable", { retryAfter: 5 as never }),
  );
  world.restoreDatabase();
  expect(browser.cookieChanges).toEqual({});
  expect(await browser.run(readSession)).toMatchObject(isIn);
});

test("a database that fails after the response does not affect the response", async () => {
  const browser = await signedIn();
  await browser.finishResponse();
  await world.advance(minutes(6));
  expect(await browser.run(readSession)).toMatchObject(isIn);
  world.failDatabaseAfter(0);
  await browser.finishResponse();
  expect(world.logged.at(-1)).toMatchObject({ level: "warn", event: "database.unavailable" });
});
