import { expect, test } from "vitest";
import { lifetimes } from "@/lib/core/policy";
import { readDeletion } from "@/lib/flows/deletion/read-deletion";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { race } from "@/test/support/race";
import { refused, setUpWorld } from "@/test/support/setup";
import type { TestWorld } from "@/test/support/world";
import { deleteAccount } from "./delete-account";
import { restoreByLink } from "./restore-by-link";

const world = await setUpWorld();
const email = "ada@example.com";

async function deleted(where: TestWorld = world) {
  const browser = new Browser(where);
  await browser.signIn(email);
  await browser.run(deleteAccount, { email });
  return { browser, ...(await where.letterTo(email)) };
}

const restore = (browser: Browser, token: string, typed?: string) =>
  browser.run(restoreByLink, typed === undefined ? { token } : { token, email: typed });

test("the link restores the account once, signs nobody in, and its browser may repeat it", async () => {
  const { browser, token } = await deleted();
  expect(await restore(browser, token)).toEqual({ ok: true, value: { email } });
  expect(browser.session).toBeNull();
  expect(await restore(browser, token)).toMatchObject({ ok: true });
  expect(await restore(new Browser(world), token, email)).toEqual(
    refused("link_invalid", { cause: "used" }),
  );
  await browser.signIn(email);
  expect(await browser.run(readDeletion)).toMatchObject({ value: { deletesAt: null } });
});

test("in another browser it needs the whole address (L5)", async () => {
  const { token } = await deleted();
  const phone = new Browser(world);
  const before = await dump(world, "limits");
  for (const typed of [undefined, "", "leo@example.com", "a**@example.com"])
    expect(await restore(phone, token, typed)).toEqual(refused("email_mismatch"));
  expect((await dump(world, "limits")).split("\n").filter((one) => /^verif/.test(one))).toEqual(
    before.split("\n").filter((one) => /^verif/.test(one)),
  );
  expect(await restore(phone, token, email)).toMatchObject({ ok: true });
});

test.each([
  [-1, true],
  [1, false],
])("it works for 14 days and %i seconds: %j", async (more, works) => {
  await world.withFrozenTime(async (world) => {
    const { browser, token } = await deleted(world);
    await world.advance(lifetimes.deletion + more);
    expect((await restore(browser, token)).ok).toBe(works);
  });
});

race("ten presses at once restore it once", async () => {
  const { token } = await deleted();
  const results = await Promise.all(
    Array.from({ length: 10 }, () => restore(new Browser(world), token, email)),
  );
  expect(results.filter(({ ok }) => ok)).toHaveLength(1);
  await world.reset();
});
