import { expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { refused, setUpWorld } from "@/test/support/setup";
import { ada, scheduled } from "@/test/support/staff-email-changes";
import { previewEmailChangeStop } from "./preview-email-change-stop";
import { stopEmailChangeByLink } from "./stop-email-change-by-link";

const world = await setUpWorld();

test("the page of a link that stops a change masks the address, and changes nothing", async () => {
  const { stop } = await scheduled(world);
  const { token } = stop;
  const before = await dump(world);
  const browser = new Browser(world);
  expect(await browser.run(previewEmailChangeStop, { token })).toEqual({
    ok: true,
    value: { address: "a**@example.com", askedAt: expect.any(Date) as Date },
  });
  expect(await dump(world)).toBe(before);
  await browser.run(stopEmailChangeByLink, { token, email: ada });
  expect(await browser.run(previewEmailChangeStop, { token })).toEqual(
    refused("link_invalid", { cause: "used" }),
  );
});
