import { expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { refused, setUpWorld } from "@/test/support/setup";
import { deleteAccount } from "./delete-account";
import { previewRestore } from "./preview-restore";

const world = await setUpWorld();
const email = "ada@example.com";

test("the page of the link shows whose account it is, masked, and changes nothing", async () => {
  const browser = new Browser(world);
  await browser.signIn(email);
  await browser.run(deleteAccount, { email });
  const { token } = await world.letterTo(email);
  const before = await dump(world);
  expect(await browser.run(previewRestore, { token })).toMatchObject({
    value: { address: "a**@example.com", sameBrowser: true },
  });
  expect(await new Browser(world).run(previewRestore, { token })).toMatchObject({
    value: { sameBrowser: false },
  });
  expect(await browser.run(previewRestore, { token: "x".repeat(43) })).toEqual(
    refused("link_invalid"),
  );
  expect(await dump(world)).toBe(before);
});
