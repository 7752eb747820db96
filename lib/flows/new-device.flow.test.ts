import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { row } from "@/db/rows";
import { intervals } from "@/lib/core/policy";
import { Browser } from "@/test/support/browser";
import { withLostCommits } from "@/test/support/interleave";
import { claims, keys, writeIdentityDirectly } from "@/test/support/oauth-fixtures";
import { otherPassword, validPassword } from "@/test/support/passwords";
import { lettersOf } from "@/test/support/queries";
import { setUpWorld } from "@/test/support/setup";
import { runOnCommandLine } from "@/test/support/staff";
import { issueAccessLink } from "./access-links/issue-access-link";
import { redeemAccessLink } from "./access-links/redeem-access-link";
import { redeemPasswordReset } from "./password/redeem-password-reset";
import { requestPasswordReset } from "./password/request-password-reset";
import { setPassword } from "./password/set-password";
import { signInWithPassword } from "./password/sign-in-with-password";
import { revokeOtherSessions } from "./sessions/revoke-other-sessions";
import { signOut } from "./sessions/sign-out";

/** The email about the first sign-in from a device that the account does not know (R6). */

const world = await setUpWorld(keys);
const ada = "ada@example.com";

const reports = async (address = ada) =>
  (await lettersOf(world, address)).filter((told) => told.startsWith("new_device_sign_in")).length;

/** Ada, with a password, and the browser that she signed up in. */
const signedUp = async () => {
  const home = new Browser(world);
  await home.signUpAndVerify(ada, validPassword);
  return home;
};

test.each<[string, (browser: Browser) => Promise<unknown>]>([
  ["a password", (browser) => browser.signInWithPassword(ada, validPassword)],
  ["a link", (browser) => browser.signIn(ada)],
  [
    "a code",
    async (browser) => {
      await browser.requestLink(ada);
      return browser.submitCode((await world.letterTo(ada)).code, ada);
    },
  ],
  [
    "a provider",
    async (browser) => {
      await writeIdentityDirectly(world, ada, "google", "g-1");
      // An address that is not the account's: the email goes to the account's.
      return browser.signInWithProvider("google", claims("g-1", "ada@elsewhere.example"));
    },
  ],
])("the first sign-in with %s from another device is reported, and no later one", async (_, to) => {
  await signedUp();
  expect(await reports()).toBe(0);
  const phone = new Browser(world, { name: "safari/iphone", ip: "198.51.100.7" });
  await to(phone);
  expect(phone.session).not.toBeNull();
  expect(await reports()).toBe(1);
  const { message } = await world.letterTo(ada);
  expect(message.subject).toMatch(/^New sign-in to Latchkey \(.*UTC\)$/);
  expect(message.text).toContain("from Safari on iPhone on");
  expect(message.text).toContain("198.51.100.7");

  await phone.run(signOut);
  await world.advance(intervals.repeat + 1);
  await phone.signInWithPassword(ada, validPassword);
  expect(await reports()).toBe(1);
});

test.each<[string, (browser: Browser) => Promise<unknown>]>([
  ["a password", (browser) => browser.signUpAndVerify(ada, validPassword)],
  ["a link", (browser) => browser.signIn(ada)],
  ["a provider", (browser) => browser.signInWithProvider("google", claims("g-1", ada))],
])("a sign-up with %s is not reported", async (_, signUp) => {
  const browser = new Browser(world);
  await signUp(browser);
  expect(browser.session).not.toBeNull();
  expect(await reports()).toBe(0);
});

test("a sign-in where an access link was used before is reported, as nobody was told of that device", async () => {
  await signedUp();
  const id = await world.userIdOf(ada);
  await runOnCommandLine(world, issueAccessLink, { id, reason: "Lost her phone" });
  const { token } = await world.letterTo(ada);
  const phone = new Browser(world);
  await phone.run(redeemAccessLink, { token, email: ada });
  expect(await reports()).toBe(0);
  await phone.signInWithPassword(ada, validPassword);
  expect(await reports()).toBe(1);
});

test("a device that another account knows is new to this one", async () => {
  await signedUp();
  const shared = new Browser(world);
  await shared.signUpAndVerify("leo@example.com", validPassword);
  await shared.signInWithPassword(ada, validPassword);
  expect(await reports()).toBe(1);
  expect(await reports("leo@example.com")).toBe(0);
});

test("a device that was forgotten, by signing out everywhere else, is new again", async () => {
  const home = await signedUp();
  const phone = new Browser(world);
  await phone.signInWithPassword(ada, validPassword);
  await home.run(revokeOtherSessions);
  await phone.signInWithPassword(ada, validPassword);
  expect(await reports()).toBe(2);
});

test("a new password that signs in says so in its own email, and is not reported as well", async () => {
  await signedUp();
  const phone = new Browser(world);
  await phone.run(requestPasswordReset, { email: ada });
  const { token } = await world.letterTo(ada);
  const input = { token, password: otherPassword };
  expect((await phone.run(redeemPasswordReset, input)).ok).toBe(true);
  expect(await reports()).toBe(0);
  expect(await lettersOf(world, ada)).toContainEqual("password_chosen queued");
});

test("a wrong password from a new device is not reported", async () => {
  await signedUp();
  await new Browser(world).signInWithPassword(ada, otherPassword);
  expect(await reports()).toBe(0);
});

test("a sign-in that is repeated because its response was lost is reported once, for its last session", async () => {
  await signedUp();
  const phone = new Browser(world);
  phone.mailRequest = world.random.token();
  const input = { email: ada, password: validPassword };
  await phone.run(signInWithPassword, input, { world: withLostCommits(world) });
  expect(phone.session).toBeNull();
  await phone.signInWithPassword(ada, validPassword);
  expect(await reports()).toBe(1);
  const about = await row<{ matches: boolean }>(
    world.db,
    sql`select s.device_digest = v.device_digest as matches from verifications v
      join sessions s on s.id = v.session_id where v.purpose = 'sign_in_report'`,
  );
  expect(about).toEqual({ matches: true });
});

test("two sign-ins of a new device at once are reported once", async () => {
  await signedUp();
  const phone = new Browser(world);
  phone.device = world.random.token();
  phone.mailRequest = world.random.token();
  await Promise.all([0, 1].map(() => phone.signInWithPassword(ada, validPassword)));
  expect(await reports()).toBe(1);
});

test("an attacker who changes the password does not void the report", async () => {
  await signedUp();
  const mallory = new Browser(world);
  await mallory.signInWithPassword(ada, validPassword);
  expect((await mallory.run(setPassword, { password: otherPassword })).ok).toBe(true);
  await world.deliver();
  expect((await lettersOf(world, ada)).sort()).toEqual(
    ["new_device_sign_in sent", "password_chosen sent", "sign_up_code sent"].sort(),
  );
});
