import { expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { testEnv } from "@/test/support/world";
import { readPasswordStatus } from "./read-password-status";

const world = await setUpWorld();
const ada = "ada@example.com";

test("shows whether there is a password, and how many other devices a new one signs out", async () => {
  const browser = new Browser(world);
  await browser.signIn(ada);
  const seen = () => browser.run(readPasswordStatus);
  expect(await seen()).toEqual({
    ok: true,
    value: { email: ada, hasPassword: false, otherDevices: 0 },
  });
  await new Browser(world).signIn(ada);
  await new Browser(world).signIn("leo@example.com");
  expect(await seen()).toMatchObject({ value: { otherDevices: 1 } });
});

test("is correct for a user who has one, and changes nothing", async () => {
  const browser = new Browser(world);
  await browser.signUpAndVerify(ada, validPassword);
  const before = await dump(world);
  expect(await browser.run(readPasswordStatus)).toMatchObject({ value: { hasPassword: true } });
  expect(await dump(world)).toBe(before);
});

test.each([
  ["599 s", 599, true],
  ["601 s", 601, false],
])(
  "requires a recent sign-in, as setting one does, before a password is typed in vain: %s",
  async (_, passed, shown) => {
    await world.withFrozenTime(async (world) => {
      const browser = new Browser(world);
      await browser.signIn(ada);
      await world.advance(passed);
      const seen = await browser.run(readPasswordStatus);
      if (shown) expect(seen.ok).toBe(true);
      else expect(seen).toEqual(refused("step_up_required"));
    });
  },
);

test("is refused to strangers, and where passwords are disabled", async () => {
  const browser = new Browser(world);
  expect(await browser.run(readPasswordStatus)).toEqual(refused("sign_in_required"));
  await browser.signIn(ada);
  const links = world.with({ env: testEnv({ SIGN_IN_METHODS: "magic_link" }) });
  expect(await browser.run(readPasswordStatus, {}, { world: links })).toEqual(refused("not_found"));
});
