import { expect, test } from "vitest";
import { lifetimes } from "@/lib/core/policy";
import { Browser } from "@/test/support/browser";
import { validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { staffBrowser } from "@/test/support/staff";
import { listPendingSignUps } from "./list-pending-sign-ups";

const world = await setUpWorld();

test("staff see who is signing up, without secrets, and nobody whose address has an account", async () => {
  const support = await staffBrowser(world, "support");
  await new Browser(world).signUpAndVerify("leo@example.com", validPassword);
  await new Browser(world).signUp("leo@example.com", validPassword);
  const ada = new Browser(world);
  await ada.signUp("ada@example.com", validPassword);
  await world.deliver();
  await ada.verify("000000", "ada@example.com");
  const listed = await support.run(listPendingSignUps);
  expect(listed).toMatchObject({
    value: [{ email: "ada@example.com", browser: "firefox/linux", attempts: 1, letter: "sent" }],
  });
  expect(JSON.stringify(listed)).not.toMatch(/argon2|digest|hash/i);
  await world.advance(lifetimes.signUpAttempt);
  expect(await support.run(listPendingSignUps)).toEqual({ ok: true, value: [] });
});

test("for everybody else there is no list", async () => {
  const ada = new Browser(world);
  await ada.signIn("ada@example.com");
  for (const browser of [ada, new Browser(world)])
    expect(await browser.run(listPendingSignUps)).toEqual(refused("not_found"));
});
