import { expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { refused, setUpWorld } from "@/test/support/setup";
import { testEnv } from "@/test/support/world";
import { readPendingRequest } from "./read-pending-request";

const world = await setUpWorld();
const ada = "ada@example.com";

test("a browser without a request has no pending request", async () => {
  expect(await new Browser(world).run(readPendingRequest)).toEqual(refused("not_found"));
});

test("the waiting page knows the address and when another email can be requested", async () => {
  await world.withFrozenTime(async (world) => {
    const browser = new Browser(world);
    await browser.requestLink(ada, { next: "/account" });
    await world.advance(20);
    expect(await browser.run(readPendingRequest)).toMatchObject({
      ok: true,
      value: { email: ada, done: false, next: "/account", resendIn: 40, codeSpent: false },
    });
    await world.advance(40);
    expect(await browser.run(readPendingRequest)).toMatchObject({ value: { resendIn: 0 } });
  });
});

test("it shows the same for an address without an account where sign-up is closed (L8)", async () => {
  const closed = world.with({ env: testEnv({ SIGN_UP: "closed" }) });
  await new Browser(world).signIn(ada);
  const see = async (address: string) => {
    const browser = new Browser(closed);
    await browser.requestLink(address);
    const seen = await browser.run(readPendingRequest);
    return { ...(seen.ok ? seen.value : seen.refusal), email: "…" };
  };
  expect(await see("leo@example.com")).toEqual(await see(ada));
});

test("it is done when the link was used here, and not when it was used elsewhere", async () => {
  const browser = new Browser(world);
  await browser.requestLink(ada);
  const letter = await world.letterTo(ada);
  await new Browser(world).openLink(letter, ada);
  expect(await browser.run(readPendingRequest)).toMatchObject({ value: { done: false } });
  await world.advance(60);
  await browser.signIn(ada);
  expect(await browser.run(readPendingRequest)).toMatchObject({ value: { done: true } });
});

test("it says when the code had too many attempts", async () => {
  const browser = new Browser(world);
  await browser.requestLink(ada);
  const { code } = await world.letterTo(ada);
  for (let i = 1; i <= 5; i += 1)
    await browser.submitCode(String((Number(code) + i) % 1_000_000).padStart(6, "0"), ada);
  expect(await browser.run(readPendingRequest)).toMatchObject({ value: { codeSpent: true } });
});

test("another browser sees nothing of it, and reading changes nothing", async () => {
  const browser = new Browser(world);
  await browser.requestLink(ada);
  const before = await dump(world);
  await browser.run(readPendingRequest);
  expect(await new Browser(world).run(readPendingRequest)).toEqual(refused("not_found"));
  expect(await dump(world)).toBe(before);
});
