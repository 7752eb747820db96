import { expect, test } from "vitest";
import { redeemSignInReport } from "@/lib/flows/reports/redeem-sign-in-report";
import { setPassword } from "@/lib/flows/password/set-password";
import { lifetimes, intervals } from "@/lib/core/policy";
import { Browser } from "@/test/support/browser";
import { otherPassword, validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { readMethodsLock } from "./read-methods-lock";
import { unlockMethods } from "./unlock-methods";

const world = await setUpWorld();
const ada = "ada@example.com";

/** Ada at home, after she has reported a stranger's sign-in. */
async function lockedScene() {
  const home = new Browser(world);
  await home.signUpAndVerify(ada, validPassword);
  await world.advance(60);
  const mallory = new Browser(world);
  await mallory.signInWithPassword(ada, validPassword);
  const { token } = await world.letterTo(ada);
  await world.advance(60);
  await new Browser(world).run(redeemSignInReport, { token, email: ada });
  return { home, mallory };
}

const lockOf = async (browser: Browser) => {
  const read = await browser.run(readMethodsLock);
  return read.ok ? { locked: read.value.until !== null, canUnlock: read.value.canUnlock } : null;
};

test("a device that was known before lifts the lock, once", async () => {
  const { home } = await lockedScene();
  expect(await lockOf(home)).toEqual({ locked: true, canUnlock: true });
  expect(await home.run(unlockMethods)).toEqual({ ok: true, value: {} });
  expect(await lockOf(home)).toEqual({ locked: false, canUnlock: false });
  const { message } = await world.letterTo(ada);
  expect(message.subject).toBe("Your Latchkey sign-in methods are unlocked");
  expect((await home.run(setPassword, { password: otherPassword })).ok).toBe(true);
  expect(await home.run(unlockMethods)).toEqual(refused("not_found"));
});

test("it needs a step-up", async () => {
  const { home } = await lockedScene();
  await world.advance(intervals.stepUp);
  expect(await home.run(unlockMethods)).toEqual(refused("step_up_required"));
});

test("neither the reported device nor one that became known since lifts it", async () => {
  const { mallory } = await lockedScene();
  for (const browser of [mallory, new Browser(world)]) {
    await browser.signInWithPassword(ada, validPassword);
    // Also long after.
    await world.advance(60);
    expect(await lockOf(browser)).toEqual({ locked: true, canUnlock: false });
    expect(await browser.run(unlockMethods)).toEqual(refused("unknown_device"));
  }
});

test("a device that became known between the sign-in and its report does not lift it", async () => {
  const home = new Browser(world);
  await home.signUpAndVerify(ada, validPassword);
  await world.advance(60);
  await new Browser(world).signInWithPassword(ada, validPassword);
  const { token } = await world.letterTo(ada);
  await world.advance(60);
  const second = new Browser(world);
  await second.signInWithPassword(ada, validPassword);
  await world.advance(60);
  await new Browser(world).run(redeemSignInReport, { token, email: ada });
  expect(await second.run(unlockMethods)).toEqual(refused("unknown_device"));
});

test("a known device of somebody else lifts only their own", async () => {
  await lockedScene();
  const leo = new Browser(world);
  await leo.signUpAndVerify("leo@example.com", validPassword);
  expect(await leo.run(unlockMethods)).toEqual(refused("not_found"));
});

test("after a day there is nothing to lift", async () => {
  await lockedScene();
  await world.advance(lifetimes.methodsLock);
  const later = new Browser(world);
  await later.signInWithPassword(ada, validPassword);
  expect(await lockOf(later)).toEqual({ locked: false, canUnlock: false });
});
