import { expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { refused, setUpWorld } from "@/test/support/setup";
import { started } from "@/test/support/staff-email-changes";
import { previewStaffEmailChange } from "./preview-staff-email-change";

const world = await setUpWorld();

test("the page of the code masks the new address, does not say the old one, and changes nothing", async () => {
  const { token, confirm } = await started(world);
  const before = await dump(world);
  const browser = new Browser(world);
  expect(await browser.run(previewStaffEmailChange, { token })).toEqual({
    ok: true,
    value: { address: "a**@new.example", askedAt: expect.any(Date) as Date },
  });
  expect(await dump(world)).toBe(before);
  await confirm();
  expect(await browser.run(previewStaffEmailChange, { token })).toEqual(
    refused("link_invalid", { cause: "used" }),
  );
  expect(await browser.run(previewStaffEmailChange, { token: "x".repeat(43) })).toEqual(
    refused("link_invalid", { cause: "unknown" }),
  );
});
