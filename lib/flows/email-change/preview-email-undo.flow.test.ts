import { expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { refused, setUpWorld } from "@/test/support/setup";
import { previewEmailUndo } from "./preview-email-undo";
import { requestEmailChange } from "./request-email-change";
import { undoEmailChange } from "./undo-email-change";
import { verifyEmailChange } from "./verify-email-change";

const world = await setUpWorld();
const ada = "ada@example.com";
const email = "ada@new.example";

test("the page of the link shows what it is about, masked, and changes nothing", async () => {
  const browser = new Browser(world);
  await browser.signIn(ada);
  await browser.run(requestEmailChange, { email });
  await browser.run(verifyEmailChange, { email, code: (await world.letterTo(email)).code });
  const { token } = await world.letterTo(ada);
  const before = await dump(world);
  const shown = { address: "a**@example.com", browser: "firefox/linux" };
  expect(await browser.run(previewEmailUndo, { token })).toMatchObject({
    value: { ...shown, sameBrowser: true },
  });
  const elsewhere = new Browser(world);
  expect(await elsewhere.run(previewEmailUndo, { token })).toMatchObject({
    value: { ...shown, sameBrowser: false },
  });
  expect(await dump(world)).toBe(before);
  await browser.run(undoEmailChange, { token });
  expect(await browser.run(previewEmailUndo, { token })).toEqual(refused("link_invalid"));
});
