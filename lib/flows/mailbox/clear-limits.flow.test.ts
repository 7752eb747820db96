import { expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { refused, setUpWorld } from "@/test/support/setup";
import { clearLimits } from "./clear-limits";

const world = await setUpWorld();
const ada = "ada@example.com";

test("a developer who has used up the limits can reset them (X1)", async () => {
  const browser = new Browser(world);
  await browser.requestLink(ada);
  expect(await browser.requestLink(ada)).toEqual(refused("resend_too_soon"));
  expect(await browser.run(clearLimits)).toEqual({ ok: true, value: {} });
  expect((await browser.requestLink(ada)).ok).toBe(true);
  expect((await world.audit()).at(-2)).toMatchObject({ event: "mailbox.clear_limits" });
});

test("where real email is sent, limits cannot be cleared", async () => {
  const browser = new Browser(world.with({ mailbox: null }));
  await browser.requestLink(ada);
  expect(await browser.run(clearLimits)).toEqual(refused("not_found"));
  expect(await browser.requestLink(ada)).toEqual(refused("resend_too_soon"));
});
