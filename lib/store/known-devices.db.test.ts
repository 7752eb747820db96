import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { rows } from "@/db/rows";
import type { Identifier } from "@/lib/core/identifier";
import { digest } from "@/lib/core/crypto";
import { Browser } from "@/test/support/browser";
import { setUpWorld } from "@/test/support/setup";
import { isKnownDevice } from "./known-devices";

const world = await setUpWorld();
const person = (n: number) => `person${n}@example.com` as Identifier;

const knows = (browser: Browser, address: Identifier) =>
  isKnownDevice(world.db, digest("device", browser.device ?? ""), address);

test("a browser is known to an address after the first sign-in, and to no other (R6)", async () => {
  const browser = new Browser(world);
  await browser.requestLink(person(1));
  expect(browser.device).toBeNull();
  await browser.openLink(await world.letterTo(person(1)));
  expect(await knows(browser, person(1))).toBe(true);
  expect(await knows(browser, person(2))).toBe(false);
  expect(await knows(new Browser(world), person(1))).toBe(false);
});

test("of six users on one browser the five latest are known (R6)", async () => {
  const browser = new Browser(world);
  for (let n = 1; n <= 5; n += 1) {
    await browser.signIn(person(n));
    await world.advance(60);
  }
  await browser.signIn(person(1));
  await world.advance(60);
  await browser.signIn(person(6));
  const known = [];
  for (let n = 1; n <= 6; n += 1) if (await knows(browser, person(n))) known.push(n);
  expect(known).toEqual([1, 3, 4, 5, 6]);
});

test("ten users at once on one browser leave five at most", async () => {
  const browser = new Browser(world);
  await browser.signIn(person(0));
  for (let n = 1; n <= 10; n += 1) {
    const twin = new Browser(world);
    twin.device = browser.device;
    await twin.signIn(person(n));
  }
  expect(await rows(world.db, sql`select 1 from known_devices`)).toHaveLength(5);
});

test("only the digest of a device is stored", async () => {
  const browser = new Browser(world);
  await browser.signIn(person(1));
  expect(await rows(world.db, sql`select device_digest from known_devices`)).toEqual([
    { device_digest: digest("device", browser.device!) },
  ]);
});
