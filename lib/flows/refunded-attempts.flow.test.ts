import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { row } from "@/db/rows";
import { redeemPasswordReset } from "@/lib/flows/password/redeem-password-reset";
import { requestPasswordReset } from "@/lib/flows/password/request-password-reset";
import { signOut } from "@/lib/flows/sessions/sign-out";
import { requestMagicLink } from "@/lib/flows/sign-in/request-magic-link";
import { requestStepUp } from "@/lib/flows/step-up/request-step-up";
import { stepUpByLink } from "@/lib/flows/step-up/step-up-by-link";
import { stepUpByPassword } from "@/lib/flows/step-up/step-up-by-password";
import { Browser } from "@/test/support/browser";
import { withLostCommits } from "@/test/support/interleave";
import { otherPassword, validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";

/**
 * Limits of attempts are for failed ones: success costs nothing, and a proof by email forgets the failed
 * ones (R3).
 */

const world = await setUpWorld();
const ada = "ada@example.com";
const ip = "198.51.100.7";
const welcome = { ok: true, value: { next: "" } };
const tooMany = refused("too_many_attempts");

const withPassword = async () => {
  await new Browser(world).signUpAndVerify(ada, validPassword);
};

/** Uses up the passwords of unknown devices. */
async function lock() {
  for (let n = 0; n < 10; n += 1) await new Browser(world).signInWithPassword(ada, otherPassword);
  expect(await new Browser(world).signInWithPassword(ada, validPassword)).toEqual(tooMany);
}

test("the right password counts in no limit: forty new devices of one network sign in", async () => {
  await withPassword();
  for (let n = 0; n < 40; n += 1) {
    const browser = new Browser(world, { ip });
    expect(await browser.signInWithPassword(ada, validPassword)).toEqual(welcome);
    await browser.finishResponse();
  }
});

test("the right password gives back its own count and no other", async () => {
  await withPassword();
  for (let n = 0; n < 9; n += 1) await new Browser(world).signInWithPassword(ada, otherPassword);
  const browser = new Browser(world);
  expect(await browser.signInWithPassword(ada, validPassword)).toEqual(welcome);
  await browser.finishResponse();
  await new Browser(world).signInWithPassword(ada, otherPassword);
  expect(await new Browser(world).signInWithPassword(ada, validPassword)).toEqual(tooMany);
});

test("after a reset the new password works on a new device at once", async () => {
  await withPassword();
  await lock();
  const browser = new Browser(world);
  await browser.run(requestPasswordReset, { email: ada });
  const { token } = await world.letterTo(ada);
  expect(await browser.run(redeemPasswordReset, { token, password: otherPassword })).toEqual(
    welcome,
  );
  await browser.finishResponse();
  expect(await new Browser(world).signInWithPassword(ada, otherPassword)).toEqual(welcome);
});

test.each(["link", "code"])(
  "after signing in by %s a password works on a new device",
  async (by) => {
    await withPassword();
    await lock();
    const browser = new Browser(world);
    await browser.requestLink(ada);
    const letter = await world.letterTo(ada);
    const signedIn =
      by === "link" ? browser.openLink(letter) : browser.submitCode(letter.code, ada);
    expect(await signedIn).toEqual(welcome);
    await browser.finishResponse();
    expect(await new Browser(world).signInWithPassword(ada, validPassword)).toEqual(welcome);
  },
);

test("a request, or a wrong code, unlocks nothing", async () => {
  await withPassword();
  await lock();
  const browser = new Browser(world);
  await browser.requestLink(ada);
  const { code } = await world.letterTo(ada);
  await browser.submitCode(String((Number(code) + 1) % 1e6).padStart(6, "0"), ada);
  await browser.finishResponse();
  expect(await new Browser(world).signInWithPassword(ada, validPassword)).toEqual(tooMany);
});

test("somebody else's proof unlocks nothing", async () => {
  await withPassword();
  await lock();
  await new Browser(world).signIn("leo@example.com");
  expect(await new Browser(world).signInWithPassword(ada, validPassword)).toEqual(tooMany);
});

test("right codes count in no limit, and a link makes up for the wrong ones of the hour", async () => {
  const generous = world.with({ env: { ...world.env, limitMax: { emailsPerAddress: 99 } } });
  const wrong = async (times: number) => {
    const browser = new Browser(generous);
    await browser.requestLink(ada);
    const { code } = await world.letterTo(ada);
    for (let n = 1; n <= times; n += 1)
      await browser.submitCode(String((Number(code) + n) % 1e6).padStart(6, "0"), ada);
    return browser;
  };
  await wrong(5);
  await wrong(4);
  for (let n = 0; n < 3; n += 1) {
    const browser = new Browser(generous);
    await browser.requestLink(ada);
    const { code } = await world.letterTo(ada);
    expect(await browser.submitCode(code, ada)).toEqual(welcome);
    await browser.finishResponse();
    if (n === 0) await wrong(5);
    if (n === 1) await wrong(5);
  }
  // The day's limit stays: nineteen wrong codes, and one more.
  await wrong(1);
  const browser = new Browser(generous);
  await browser.requestLink(ada);
  expect(await browser.submitCode((await world.letterTo(ada)).code, ada)).toEqual(tooMany);
});

test("emails whose links were used do not count: a person signs in by link six times in an hour", async () => {
  for (const device of [undefined, new Browser(world)])
    for (let n = 0; n < 6; n += 1) {
      const browser = device ?? new Browser(world);
      await browser.requestLink(ada);
      expect(await browser.openLink(await world.letterTo(ada))).toEqual(welcome);
      await browser.finishResponse();
      await browser.run(signOut);
    }
});

test(
  "seventy people of one network open their links within an hour",
  { tags: ["long"] },
  async () => {
    for (let n = 0; n < 70; n += 1) {
      const email = `person${n}@example.com`;
      await new Browser(world).requestLink(email);
      const browser = new Browser(world, { ip });
      expect(await browser.openLink(await world.letterTo(email), email)).toEqual(welcome);
      await browser.finishResponse();
    }
  },
);

test("a step-up by link makes up for wrong passwords in the session", async () => {
  const browser = new Browser(world);
  await browser.signUpAndVerify(ada, validPassword);
  for (let n = 0; n < 5; n += 1) await browser.run(stepUpByPassword, { password: otherPassword });
  expect(await browser.run(stepUpByPassword, { password: validPassword })).toEqual(tooMany);
  await browser.run(requestStepUp, { next: "/account" });
  const { token } = await world.letterTo(ada);
  expect((await browser.run(stepUpByLink, { token })).ok).toBe(true);
  await browser.finishResponse();
  expect((await browser.run(stepUpByPassword, { password: validPassword })).ok).toBe(true);
});

test("right step-ups count in no limit", async () => {
  const browser = new Browser(world);
  await browser.signUpAndVerify(ada, validPassword);
  for (let n = 0; n < 7; n += 1) {
    expect((await browser.run(stepUpByPassword, { password: validPassword })).ok).toBe(true);
    await browser.finishResponse();
  }
});

/** The hits of the limit that has most. */
const mostHits = async () =>
  (await row<{ most: number }>(
    world.db,
    sql`select coalesce(max(cardinality(hits)), 0)::int as most from limits`,
  ))!.most;

/** A browser that has opened a page, which gave it its cookie. */
const visitor = () =>
  Object.assign(new Browser(world, { ip }), { mailRequest: world.random.token() });

test("a request that met a failing database can be made again at once, and counts once (S4)", async () => {
  let failures = 0;
  for (let isSent = false; !isSent; failures += 1) {
    await world.reset();
    const browser = visitor();
    world.failDatabaseAfter(failures);
    const first = await browser.requestLink(ada);
    world.restoreDatabase();
    await browser.finishResponse();
    isSent = first.ok;
    if (!isSent) expect(await browser.requestLink(ada)).toMatchObject({ ok: true });
    expect(await mostHits(), `failing after ${failures} statements`).toBe(1);
  }
  expect(failures).toBeGreaterThan(2);
});

test("a request whose COMMIT may have been done stays counted, and can be made again at once", async () => {
  const browser = visitor();
  const request = browser.run(requestMagicLink, { email: ada }, { world: withLostCommits(world) });
  expect(await request).toEqual(refused("unavailable"));
  await browser.finishResponse();
  expect(await world.deliver()).toHaveLength(1);
  expect(await mostHits()).toBe(1);
  expect(await browser.requestLink(ada)).toMatchObject({ ok: true });
  expect(await mostHits()).toBe(2);
});
