import { expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { refused, setUpWorld } from "@/test/support/setup";
import { readDeletion } from "./read-deletion";

const world = await setUpWorld();

test("an account that stays has no time of deletion", async () => {
  const browser = new Browser(world);
  await browser.signIn("ada@example.com");
  const value = { email: "ada@example.com", deletesAt: null };
  expect(await browser.run(readDeletion)).toEqual({ ok: true, value });
  expect(await new Browser(world).run(readDeletion)).toEqual(refused("sign_in_required"));
});
