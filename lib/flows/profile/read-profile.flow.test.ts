import { expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { refused, setUpWorld } from "@/test/support/setup";
import { readProfile } from "./read-profile";

const world = await setUpWorld();
const ada = "ada@example.com";

test("a new user has neither a name nor a time zone", async () => {
  const browser = new Browser(world);
  await browser.signIn(ada);
  const value = { email: ada, name: null, timeZone: null };
  expect(await browser.run(readProfile)).toEqual({ ok: true, value });
});

test("a signed-out browser reads nothing", async () => {
  expect(await new Browser(world).run(readProfile)).toEqual(refused("sign_in_required"));
});
