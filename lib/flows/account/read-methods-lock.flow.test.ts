import { expect, test } from "vitest";
import { lifetimes } from "@/lib/core/policy";
import { redeemSignInReport } from "@/lib/flows/reports/redeem-sign-in-report";
import { Browser } from "@/test/support/browser";
import { validPassword } from "@/test/support/passwords";
import { setUpWorld } from "@/test/support/setup";
import { readMethodsLock } from "./read-methods-lock";

const world = await setUpWorld();
const ada = "ada@example.com";

test("says until when the methods are locked, to the account whose sign-in was reported", async () => {
  const home = new Browser(world);
  await home.signUpAndVerify(ada, validPassword);
  const leo = new Browser(world);
  await leo.signUpAndVerify("leo@example.com", validPassword);
  const open = { ok: true, value: { until: null, canUnlock: false } };
  expect(await home.run(readMethodsLock)).toEqual(open);

  await new Browser(world).signInWithPassword(ada, validPassword);
  const { token } = await world.letterTo(ada);
  await new Browser(world).run(redeemSignInReport, { token, email: ada });
  const read = await home.run(readMethodsLock);
  const until = read.ok ? (read.value.until?.getTime() ?? 0) : 0;
  const end = world.clock.now().getTime() + lifetimes.methodsLock * 1000;
  expect(Math.abs(until - end)).toBeLessThan(30_000);
  expect(read).toMatchObject({ ok: true, value: { canUnlock: true } });
  expect(await leo.run(readMethodsLock)).toEqual(open);
});
