import { expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { validPassword } from "@/test/support/passwords";
import { setUpWorld } from "@/test/support/setup";

/**
 * How many statements the hot flows run, beside `begin` and `commit`: each costs a round trip. A flow that
 * needs one more says so here.
 */

const world = await setUpWorld();
const ada = "ada@example.com";

/** The statements before the response, and after it. */
async function countOf(browser: Browser, act: () => Promise<{ readonly ok: boolean }>) {
  await browser.finishResponse();
  const before = await world.statementsOf(async () => {
    expect(await act()).toMatchObject({ ok: true });
  });
  const after = await world.statementsOf(() => browser.finishResponse());
  return [before.length, after.length];
}

test("signing in by password: limits, credentials, the check under a lock, the end; then the refund", async () => {
  await new Browser(world).signUpAndVerify(ada, validPassword);
  const browser = new Browser(world);
  expect(await countOf(browser, () => browser.signInWithPassword(ada, validPassword))).toEqual([
    4, 1,
  ]);
  browser.session = null;
  // And whether the device is known.
  expect(await countOf(browser, () => browser.signInWithPassword(ada, validPassword))).toEqual([
    5, 1,
  ]);
});

test("a link: limits, the address's lock, the secret, the end; then limits, the link, the user, the end, the refund", async () => {
  const browser = new Browser(world);
  expect(await countOf(browser, () => browser.requestLink(ada))).toEqual([4, 0]);
  // The first sign-in, which creates the user, looks whether the address is reserved (decision 50).
  const first = await world.letterTo(ada);
  expect(await countOf(browser, () => browser.openLink(first))).toEqual([5, 1]);
  browser.session = null;
  await world.advance(60);
  await browser.requestLink(ada);
  const letter = await world.letterTo(ada);
  expect(await countOf(browser, () => browser.openLink(letter))).toEqual([4, 1]);
});
