import { expect, test } from "vitest";
import { printSetupLink } from "@/lib/server/setup-link";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { refused, setUpWorld } from "@/test/support/setup";
import { previewSetup } from "./preview-setup";

const world = await setUpWorld();

test("looking at the link changes nothing, and a visitor without a session learns nothing of it", async () => {
  let printed = "";
  await printSetupLink(world, (text) => (printed = text));
  const token = /\/l\/setup\/([\w-]{43})/.exec(printed)![1];
  const browser = new Browser(world);
  await browser.signIn("ada@example.com");
  const before = await dump(world);
  for (let n = 0; n < 2; n += 1)
    expect(await browser.run(previewSetup, { token })).toEqual({
      ok: true,
      value: { email: "ada@example.com" },
    });
  expect(await dump(world)).toBe(before);
  for (const other of [token, "x"])
    expect(await new Browser(world).run(previewSetup, { token: other })).toEqual(
      refused("sign_in_required"),
    );
});
