import { expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { refused, setUpWorld } from "@/test/support/setup";
import { days } from "@/lib/core/duration";
import { listSessions } from "./list-sessions";

const world = await setUpWorld();
const ada = "ada@example.com";

test("ada sees her browsers and no other user's, this one marked, the last used first (S2)", async () => {
  const laptop = new Browser(world, { name: "firefox/linux", ip: "203.0.113.9" });
  laptop.country = "DE";
  await laptop.signIn(ada);
  await world.advance(600);
  const phone = new Browser(world, { name: "safari/iphone" });
  await phone.signIn(ada);
  await new Browser(world).signIn("leo@example.com");
  const listed = await laptop.run(listSessions);
  expect(listed).toMatchObject({
    ok: true,
    value: [
      { browser: "safari/iphone", country: null, method: "magic_link", current: false },
      { browser: "firefox/linux", ip: "203.0.113.9", country: "DE", current: true },
    ],
  });
  expect(JSON.stringify(listed)).not.toMatch(/digest|token/i);
});

test("expired sessions are not listed", async () => {
  const old = new Browser(world);
  await old.signIn(ada);
  await world.advance(days(1));
  const browser = new Browser(world);
  await browser.signIn(ada);
  expect(await browser.run(listSessions)).toMatchObject({ value: [{ current: true }] });
});

test("a signed-out user is asked to sign in", async () => {
  expect(await new Browser(world).run(listSessions)).toEqual(refused("sign_in_required"));
});
