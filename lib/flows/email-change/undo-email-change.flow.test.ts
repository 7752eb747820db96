import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { row } from "@/db/rows";
import { intervals, lifetimes } from "@/lib/core/policy";
import { unlockMethods } from "@/lib/flows/account/unlock-methods";
import { redeemPasswordReset } from "@/lib/flows/password/redeem-password-reset";
import { requestPasswordReset } from "@/lib/flows/password/request-password-reset";
import { signOut } from "@/lib/flows/sessions/sign-out";
import { stepUpByPassword } from "@/lib/flows/step-up/step-up-by-password";
import { readSession } from "@/lib/flows/sessions/read-session";
import { setPassword } from "@/lib/flows/password/set-password";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { otherPassword, validPassword } from "@/test/support/passwords";
import { count, secretsThatOpen } from "@/test/support/queries";
import { race } from "@/test/support/race";
import { refused, setUpWorld } from "@/test/support/setup";
import { requestEmailChange } from "./request-email-change";
import { undoEmailChange } from "./undo-email-change";
import { verifyEmailChange } from "./verify-email-change";

const world = await setUpWorld();
const ada = "ada@example.com";
const [second, third] = ["mallory@example.com", "mallory@third.example"];

async function change(browser: Browser, email: string) {
  await browser.run(requestEmailChange, { email });
  const { code } = await world.letterTo(email);
  expect(await browser.run(verifyEmailChange, { email, code })).toMatchObject({ ok: true });
}

/** Mallory, in Ada's session, changes her address. Returns the link that undoes it. */
async function hijack() {
  const owner = new Browser(world);
  await owner.signUpAndVerify(ada, validPassword);
  const hijacked = new Browser(world);
  await hijacked.signInWithPassword(ada, validPassword);
  await change(hijacked, second);
  return { owner, hijacked, ...(await world.letterTo(ada)) };
}

const emailOf = async (userId: string) =>
  (await row<{ email: string }>(world.db, sql`select email from users where id = ${userId}`))!
    .email;

const undo = (browser: Browser, token: string, email?: string) =>
  browser.run(undoEmailChange, email === undefined ? { token } : { token, email });

test("the link restores the address once, ends all sessions and voids all secrets", async () => {
  const { owner, hijacked, token } = await hijack();
  const userId = await world.userIdOf(second);
  await hijacked.requestLink(second);
  await change(hijacked, third);
  await world.letterTo(second);
  await hijacked.run(requestEmailChange, { email: "mallory@fourth.example" });
  const anywhere = new Browser(world);
  expect(await undo(anywhere, token, ada)).toEqual({ ok: true, value: { email: ada } });
  expect(await emailOf(userId)).toBe(ada);
  expect(await count(world, "sessions")).toBe(0);
  // That of the sign-up, which is older than the device of the change.
  expect(await count(world, "known_devices")).toBe(1);
  expect(anywhere.session).toBeNull();
  for (const browser of [owner, hijacked])
    expect(await browser.run(readSession)).toMatchObject({ value: null });
  for (const address of [ada, second, third, "mallory@fourth.example"])
    expect(await secretsThatOpen(world, address), address).toEqual([]);
  expect(await undo(new Browser(world), token, ada)).toEqual(
    refused("link_invalid", { cause: "used" }),
  );
  // The addresses of the changes are free again.
  await new Browser(world).signIn(second);
});

test("its own browser may repeat it, and nothing happens again", async () => {
  const { token } = await hijack();
  const browser = new Browser(world);
  await browser.requestLink("leo@example.com");
  expect(await undo(browser, token, ada)).toMatchObject({ ok: true });
  await browser.signIn(ada);
  expect(await undo(browser, token, ada)).toMatchObject({ ok: true });
  expect(await browser.run(readSession)).toMatchObject({ value: { email: ada } });
});

test("in another browser than the one that made the change it needs the whole old address (L5)", async () => {
  const { token } = await hijack();
  const before = await dump(world, "limits");
  for (const email of [undefined, "", second, "ada@example.co", "a**@example.com"]) {
    const scanner = new Browser(world);
    expect(await undo(scanner, token, email)).toEqual(
      refused("email_mismatch", { field: "email" }),
    );
  }
  expect(await secretsThatOpen(world, ada)).toEqual(["email_undo"]);
  expect(before).toContain(second);
  expect(await world.userIdOf(second)).toBeTruthy();
});

test("in the browser that made the change it takes one press", async () => {
  const { hijacked, token } = await hijack();
  expect(await undo(hijacked, token)).toMatchObject({ ok: true });
  expect(hijacked.session).toBeNull();
});

test("a changed password does not save whoever took the account over", async () => {
  const { hijacked, token } = await hijack();
  await hijacked.run(setPassword, { password: otherPassword });
  expect(await undo(new Browser(world), token, ada)).toMatchObject({ ok: true });
});

test("the sign-in methods are locked, and a new password by email still works", async () => {
  const { hijacked, token } = await hijack();
  await hijacked.run(setPassword, { password: otherPassword });
  await undo(new Browser(world), token, ada);
  await hijacked.signInWithPassword(ada, otherPassword);
  expect(await hijacked.run(setPassword, { password: validPassword })).toEqual(
    refused("methods_locked"),
  );
  expect(await hijacked.run(requestEmailChange, { email: third })).toEqual(
    refused("methods_locked"),
  );
  expect(await hijacked.run(unlockMethods)).toEqual(refused("unknown_device"));
  const anywhere = new Browser(world);
  await anywhere.run(requestPasswordReset, { email: ada });
  const reset = await world.letterTo(ada);
  expect(
    await anywhere.run(redeemPasswordReset, { token: reset.token, password: validPassword }),
  ).toMatchObject({ ok: true });
  expect(await hijacked.run(readSession)).toMatchObject({ value: null });
  await world.advance(lifetimes.methodsLock);
  await anywhere.signInWithPassword(ada, validPassword);
  expect(await anywhere.run(setPassword, { password: otherPassword })).toMatchObject({ ok: true });
});

test("the owner lifts the lock by step-up from a device that was known before that of the change", async () => {
  const { owner, token } = await hijack();
  await undo(new Browser(world), token, ada);
  await owner.signInWithPassword(ada, validPassword);
  expect(await owner.run(setPassword, { password: otherPassword })).toEqual(
    refused("methods_locked"),
  );
  await world.advance(intervals.stepUp);
  expect(await owner.run(unlockMethods)).toEqual(refused("step_up_required"));
  await owner.run(stepUpByPassword, { password: validPassword });
  expect(await owner.run(unlockMethods)).toEqual({ ok: true, value: {} });
  expect(await owner.run(setPassword, { password: otherPassword })).toMatchObject({ ok: true });
});

test("all devices are forgotten when the session of the change is gone", async () => {
  const { hijacked, token } = await hijack();
  await hijacked.run(signOut);
  await undo(new Browser(world), token, ada);
  expect(await count(world, "known_devices")).toBe(0);
});

test("a link of a later change does not undo an earlier one", async () => {
  const { hijacked, token } = await hijack();
  await change(hijacked, third);
  const later = await world.letterTo(second);
  const userId = await world.userIdOf(third);
  expect(await undo(new Browser(world), later.token, second)).toMatchObject({ ok: true });
  expect(await emailOf(userId)).toBe(second);
  expect(await undo(new Browser(world), token, ada)).toMatchObject({ ok: true });
  expect(await emailOf(userId)).toBe(ada);
});

race(
  "ten presses at once undo once, and a code at the same time changes nothing after it",
  async () => {
    const { hijacked, token } = await hijack();
    const userId = await world.userIdOf(second);
    await hijacked.run(requestEmailChange, { email: third });
    const { code } = await world.letterTo(third);
    const results = await Promise.all([
      ...Array.from({ length: 10 }, () => undo(new Browser(world), token, ada)),
      hijacked.run(verifyEmailChange, { email: third, code }),
    ]);
    expect(results.slice(0, 10).filter(({ ok }) => ok)).toHaveLength(1);
    expect(await emailOf(userId)).toBe(ada);
    expect(await count(world, "sessions")).toBe(0);
    await world.reset();
  },
);
