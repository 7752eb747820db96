import { expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { otherPassword, validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { testEnv } from "@/test/support/world";
import { previewPasswordReset } from "./preview-password-reset";
import { redeemPasswordReset } from "./redeem-password-reset";
import { requestPasswordReset } from "./request-password-reset";

const world = await setUpWorld();

const ada = "ada@example.com";

const forgetful = async () => {
  await new Browser(world).signUpAndVerify(ada, otherPassword);
  const browser = new Browser(world, { name: "safari/iphone" });
  await browser.run(requestPasswordReset, { email: ada });
  return { browser, letter: await world.letterTo(ada) };
};

const look = (browser: Browser, token: string) => browser.run(previewPasswordReset, { token });

test("shows the whole address in the requesting browser, and managers store the new password under it", async () => {
  const { browser, letter } = await forgetful();
  expect(await look(browser, letter.token)).toEqual({
    ok: true,
    value: {
      address: ada,
      browser: "safari/iphone",
      askedAt: expect.any(Date) as Date,
      sameBrowser: true,
    },
  });
});

test("shows a masked address elsewhere, which is not enough to continue (L5)", async () => {
  const { letter } = await forgetful();
  const seen = await look(new Browser(world), letter.token);
  expect(seen).toMatchObject({ value: { address: "a**@example.com", sameBrowser: false } });
  expect(JSON.stringify(seen)).not.toContain(ada);
});

test("consumes and changes nothing, however often and from wherever it is loaded (L2)", async () => {
  const { browser, letter } = await forgetful();
  const before = await dump(world);
  for (let n = 0; n < 5; n += 1) await look(new Browser(world), letter.token);
  await look(browser, letter.token);
  expect(await dump(world)).toBe(before);
  const input = { token: letter.token, password: validPassword };
  expect((await browser.run(redeemPasswordReset, input)).ok).toBe(true);
});

test("refuses expired, used, unknown and other-purpose links, and shows nothing of them (L3)", async () => {
  const { browser, letter } = await forgetful();
  await browser.requestLink(ada);
  const link = await world.letterTo(ada);
  expect(await look(browser, link.token)).toEqual(refused("link_invalid", { cause: "unknown" }));
  expect(await look(browser, "")).toEqual(refused("link_invalid", { cause: "unknown" }));
  await browser.run(redeemPasswordReset, { token: letter.token, password: validPassword });
  expect(await look(browser, letter.token)).toEqual(refused("link_invalid", { cause: "used" }));
  await world.deliver();
  await world.advance(60);
  await browser.run(requestPasswordReset, { email: ada });
  const { token } = await world.letterTo(ada);
  await world.advance(3601);
  expect(await look(browser, token)).toEqual(refused("link_invalid", { cause: "expired" }));
});

test("does not exist where passwords are disabled", async () => {
  const links = world.with({ env: testEnv({ SIGN_IN_METHODS: "magic_link" }) });
  expect(await look(new Browser(links), "x".repeat(43))).toEqual(refused("not_found"));
});
