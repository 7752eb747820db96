import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { requestEmailChange } from "@/lib/flows/email-change/request-email-change";
import { verifyEmailChange } from "@/lib/flows/email-change/verify-email-change";
import { linkProvider } from "@/lib/flows/account/link-provider";
import { unlinkProvider } from "@/lib/flows/account/unlink-provider";
import { startLinkingProvider } from "@/lib/flows/oauth/start-linking-provider";
import { redeemPasswordReset } from "@/lib/flows/password/redeem-password-reset";
import { removePassword } from "@/lib/flows/password/remove-password";
import { requestPasswordReset } from "@/lib/flows/password/request-password-reset";
import { signInWithPassword } from "@/lib/flows/password/sign-in-with-password";
import { setPassword } from "@/lib/flows/password/set-password";
import { readSession } from "@/lib/flows/sessions/read-session";
import { signOut } from "@/lib/flows/sessions/sign-out";
import { requestStepUp } from "@/lib/flows/step-up/request-step-up";
import { confirmProvider } from "@/lib/flows/account/confirm-provider";
import { intervals, lifetimes } from "@/lib/core/policy";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { runDuringCommitOf } from "@/test/support/interleave";
import { claims, identitiesOf, keys, writeIdentityDirectly } from "@/test/support/oauth-fixtures";
import { otherPassword, validPassword } from "@/test/support/passwords";
import { hashOf, liveSecrets } from "@/test/support/queries";
import { refused, setUpWorld } from "@/test/support/setup";
import type { ReadLetter, TestWorld } from "@/test/support/world";
import { redeemSignInReport } from "./redeem-sign-in-report";

const world = await setUpWorld(keys);
const ada = "ada@example.com";

/** Ada at home; Mallory, who knows her password and has signed in; and the email about that. */
async function scene() {
  const home = new Browser(world);
  await home.signUpAndVerify(ada, validPassword);
  const mallory = new Browser(world);
  await mallory.signInWithPassword(ada, validPassword);
  return { home, mallory, letter: await world.letterTo(ada) };
}

/** Reports the sign-in from a browser that has no cookie of ours. */
const report = (
  { token }: Pick<ReadLetter, "token">,
  email?: string,
  { browser = new Browser(world), where = world }: { browser?: Browser; where?: TestWorld } = {},
) => browser.run(redeemSignInReport, { token, ...(email && { email }) }, { world: where });

/** Every row but those of the audit log and of limits. */
const account = async () => (await dump(world)).replace(/^(audit|limits).*\n?/gm, "");

const done = { ok: true, value: {} };
const isSignedIn = async (browser: Browser) => {
  const read = await browser.run(readSession);
  return read.ok && read.value !== null;
};

test("the owner ends the stranger's session and no other, and is not signed in by that", async () => {
  const { home, mallory, letter } = await scene();
  const phone = new Browser(world);
  expect(await report(letter, " ADA@example.com ", { browser: phone })).toEqual(done);
  expect(phone.cookieChanges).toEqual({});
  expect(await isSignedIn(mallory)).toBe(false);
  expect(await isSignedIn(home)).toBe(true);
  expect((await world.audit()).at(-1)).toMatchObject({
    event: "sign_in_report.redeem",
    outcome: "ok",
    subject: await world.userIdOf(ada),
    identifier: ada,
  });
});

test("without the whole address nothing happens, also in the browser that signed in", async () => {
  const { home, mallory, letter } = await scene();
  const before = await account();
  for (const [email, browser] of [
    [undefined, mallory],
    ["ada@example.org", new Browser(world)],
    [undefined, home],
  ] as const)
    expect(await report(letter, email, { browser })).toEqual(refused("email_mismatch"));
  expect(await account()).toBe(before);
  expect(await isSignedIn(mallory)).toBe(true);
});

test("the link works once, for seven days; its browser may repeat it when the response was lost", async () => {
  const { home, letter } = await scene();
  const phone = new Browser(world);
  phone.mailRequest = world.random.token();
  expect(await report(letter, ada, { browser: phone })).toEqual(done);
  expect(await report(letter, ada)).toEqual(refused("link_invalid"));
  expect(await report(letter, ada, { browser: phone })).toEqual(done);
  expect((await world.audit()).at(-1)).toMatchObject({ outcome: "ok", cause: "repeated" });
  await world.advance(intervals.repeat);
  expect(await report(letter, ada, { browser: phone })).toEqual(
    refused("link_invalid", { cause: "used" }),
  );
  await home.run(signOut);
  await new Browser(world).signInWithPassword(ada, validPassword);
  const late = await world.letterTo(ada);
  await world.advance(lifetimes.signInReport);
  expect(await report(late, ada)).toEqual(refused("link_invalid", { cause: "expired" }));
});

test("of 20 at once, one reports it", async () => {
  const { letter } = await scene();
  const results = await Promise.all(Array.from({ length: 20 }, () => report(letter, ada)));
  expect(results.filter(({ ok }) => ok)).toHaveLength(1);
});

test("ends what that device has started since, and makes it and all newer devices unknown", async () => {
  const { mallory, letter } = await scene();
  await mallory.run(signOut);
  await world.advance(intervals.repeat);
  await mallory.signInWithPassword(ada, validPassword);
  const second = new Browser(world);
  await second.signInWithPassword(ada, validPassword);
  expect(await report(letter, ada)).toEqual(done);
  expect(await isSignedIn(mallory)).toBe(false);
  // Its own report would end this one; it may be Ada's.
  expect(await isSignedIn(second)).toBe(true);
  await world.deliver();
  await world.advance(intervals.repeat);
  await second.run(signOut);
  await second.signInWithPassword(ada, validPassword);
  expect((await world.deliver()).map(({ subject }) => subject)).toEqual([
    expect.stringMatching(/^New sign-in/),
  ]);
});

test("voids the account's links and codes, and nobody else's", async () => {
  const { home, letter } = await scene();
  await home.requestLink(ada);
  await home.run(requestStepUp);
  await home.run(requestPasswordReset, { email: ada });
  await home.requestLink("leo@example.com");
  await report(letter, ada);
  expect(await liveSecrets(world, ada)).toEqual([]);
  expect(await liveSecrets(world, "leo@example.com")).toEqual(["magic_link"]);
});

describe("while the methods are locked", () => {
  const locked = refused("methods_locked");

  /** Ada at home, with Google and LinkedIn, and a second one of each browser's steps ready to be sent. */
  async function lockedScene() {
    const { home, letter } = await scene();
    await writeIdentityDirectly(world, ada, "google", "g-1");
    await home.run(startLinkingProvider, { provider: "linkedin" });
    await home.finishOAuth("linkedin", claims("l-1", ada));
    await report(letter, ada);
    return home;
  }

  test("no session adds, changes or removes one, and for a day only", async () => {
    const home = await lockedScene();
    const before = await identitiesOf(world, ada);
    const hash = await hashOf(world, ada);
    const { pendingIdentity } = home;
    expect(await home.run(setPassword, { password: otherPassword })).toEqual(locked);
    expect(await home.run(removePassword)).toEqual(locked);
    expect(await home.run(unlinkProvider, { provider: "google" })).toEqual(locked);
    expect(await home.run(linkProvider, { pendingIdentity })).toEqual(locked);
    expect(await home.run(startLinkingProvider, { provider: "linkedin" })).toEqual(locked);
    expect(await home.run(confirmProvider, { provider: "google" })).toEqual(locked);
    expect(await identitiesOf(world, ada)).toEqual(before);
    expect(await hashOf(world, ada)).toBe(hash);

    await world.advance(lifetimes.methodsLock);
    const later = new Browser(world);
    await later.signInWithPassword(ada, validPassword);
    expect((await later.run(setPassword, { password: otherPassword })).ok).toBe(true);
  });

  test("a new password by email stays possible, and leaves them locked", async () => {
    const home = await lockedScene();
    await home.run(requestPasswordReset, { email: ada });
    const { token } = await world.letterTo(ada);
    const reset = await home.run(redeemPasswordReset, { token, password: otherPassword });
    expect(reset.ok).toBe(true);
    expect(await home.run(removePassword)).toEqual(locked);
  });

  test("people sign in as always", async () => {
    await lockedScene();
    const phone = new Browser(world);
    expect((await phone.signInWithProvider("google", claims("g-1", ada))).ok).toBe(true);
    expect(await isSignedIn(phone)).toBe(true);
  });
});

test("a session that takes the place of the reported one is ended, too", async () => {
  const { mallory, letter } = await scene();
  const [again, reported] = await runDuringCommitOf(
    world,
    (where) =>
      mallory.run(signInWithPassword, { email: ada, password: validPassword }, { world: where }),
    () => report(letter, ada),
  );
  expect(again.ok).toBe(true);
  expect(reported).toEqual(done);
  expect(await isSignedIn(mallory)).toBe(false);
});

describe("at the same moment as a change of methods", () => {
  test("a report about to commit: the stranger's change is refused", async () => {
    const { mallory, letter } = await scene();
    await writeIdentityDirectly(world, ada, "google", "g-1");
    const [reported, unlinked] = await runDuringCommitOf(
      world,
      (where) => report(letter, ada, { where }),
      () => mallory.run(unlinkProvider, { provider: "google" }),
    );
    expect(reported).toEqual(done);
    expect(unlinked).toEqual(refused("sign_in_required"));
    expect(await identitiesOf(world, ada)).toContain("google g-1");
  });

  test("a report about to commit: also another session changes nothing any more", async () => {
    const { home, letter } = await scene();
    const hash = await hashOf(world, ada);
    const [reported, changed] = await runDuringCommitOf(
      world,
      (where) => report(letter, ada, { where }),
      () => home.run(setPassword, { password: otherPassword }),
    );
    expect(reported).toEqual(done);
    expect(changed).toEqual(refused("methods_locked"));
    expect(await hashOf(world, ada)).toBe(hash);
  });

  test("a change about to commit is made, and the report ends and locks after it", async () => {
    const { mallory, letter } = await scene();
    const [changed, reported] = await runDuringCommitOf(
      world,
      (where) => mallory.run(setPassword, { password: otherPassword }, { world: where }),
      () => report(letter, ada),
    );
    expect(changed.ok).toBe(true);
    expect(reported).toEqual(done);
    expect(await isSignedIn(mallory)).toBe(false);
    const again = new Browser(world);
    await again.signInWithPassword(ada, otherPassword);
    expect(await again.run(removePassword)).toEqual(refused("methods_locked"));
  });
});

describe("a change of the address", () => {
  const newAddress = "ada@second.example";

  test("that is pending is void after a report, and none can be started", async () => {
    const { home, letter } = await scene();
    await home.run(requestEmailChange, { email: newAddress });
    expect(await liveSecrets(world, newAddress)).toEqual(["email_change"]);
    await report(letter, ada);
    expect(await liveSecrets(world, newAddress)).toEqual([]);
    expect(await home.run(requestEmailChange, { email: "ada@third.example" })).toEqual(
      refused("methods_locked"),
    );
  });

  test("is refused by its code, too, while the methods are locked", async () => {
    const home = new Browser(world);
    await home.signUpAndVerify(ada, validPassword);
    await home.run(requestEmailChange, { email: newAddress });
    const { code } = await world.letterTo(newAddress);
    await world.writeDirectly((tx) =>
      tx.execute(sql`update users set methods_locked_until = now() + interval '1 hour'`),
    );
    expect(await home.run(verifyEmailChange, { email: newAddress, code })).toEqual(
      refused("methods_locked"),
    );
    expect(await world.userIdOf(ada)).toBeTruthy();
  });
});
