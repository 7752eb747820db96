import { expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { previewSignInReport } from "./preview-sign-in-report";
import { redeemSignInReport } from "./redeem-sign-in-report";

const world = await setUpWorld();
const ada = "ada@example.com";

test("shows the sign-in that the email was about, with the address masked, and changes nothing", async () => {
  await new Browser(world).signUpAndVerify(ada, validPassword);
  const phone = new Browser(world, { name: "safari/iphone", ip: "198.51.100.7" });
  await phone.signInWithPassword(ada, validPassword);
  const { token } = await world.letterTo(ada);
  await world.advance(3600);
  const before = await dump(world);
  const previewed = await new Browser(world).run(previewSignInReport, { token });
  expect(previewed).toEqual({
    ok: true,
    value: {
      address: "a**@example.com",
      browser: "safari/iphone",
      ip: "198.51.100.7",
      signedInAt: expect.any(Date) as Date,
    },
  });
  const hourAgo = world.clock.now().getTime() - 3_600_000;
  expect(
    Math.abs((previewed.ok ? previewed.value.signedInAt.getTime() : 0) - hourAgo),
  ).toBeLessThan(30_000);
  expect(await dump(world)).toBe(before);

  await new Browser(world).run(redeemSignInReport, { token, email: ada });
  expect(await new Browser(world).run(previewSignInReport, { token })).toEqual(
    refused("link_invalid", { cause: "used" }),
  );
});

test("a token that nobody was sent shows nothing", async () => {
  expect(await new Browser(world).run(previewSignInReport, { token: "x".repeat(43) })).toEqual(
    refused("link_invalid", { cause: "unknown" }),
  );
});
