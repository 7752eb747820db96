import { describe, expect, test } from "vitest";
import { digest } from "@/lib/core/crypto";
import { intervals, bounds } from "@/lib/core/policy";
import type { Result } from "@/lib/core/result";
import { renewedSessionReader } from "@/lib/runtime/run-flow";
import { Browser } from "@/test/support/browser";
import { withLostCommits } from "@/test/support/interleave";
import { dump } from "@/test/support/invariants";
import { otherPassword, overloadedHasher, validPassword } from "@/test/support/passwords";
import { count, hashOf, lettersOf } from "@/test/support/queries";
import { refused, setUpWorld } from "@/test/support/setup";
import type { TestWorld } from "@/test/support/world";
import { readPasswordStatus } from "./password/read-password-status";
import { previewPasswordReset } from "./password/preview-password-reset";
import { redeemPasswordReset } from "./password/redeem-password-reset";
import { redeemPasswordResetCode } from "./password/redeem-password-reset-code";
import { requestPasswordReset } from "./password/request-password-reset";
import { setPassword } from "./password/set-password";
import { signInWithPassword } from "./password/sign-in-with-password";
import { readSession } from "./sessions/read-session";
import { signOut } from "./sessions/sign-out";
import { previewMagicLink } from "./sign-in/preview-magic-link";
import { readPendingRequest } from "./sign-in/read-pending-request";
import { redeemEmailCode } from "./sign-in/redeem-email-code";
import { redeemMagicLink } from "./sign-in/redeem-magic-link";
import { verifySignUp } from "./sign-up/verify-sign-up";
import { requestStepUp } from "./step-up/request-step-up";
import { stepUpByCode } from "./step-up/step-up-by-code";
import { stepUpByLink } from "./step-up/step-up-by-link";
import { stepUpByPassword } from "./step-up/step-up-by-password";

/**
 * What a person repeats because the response was lost: Postgres has committed, its answer did not
 * arrive, and the browser was told `unavailable`. There is one effect and one session all the same.
 */

const world = await setUpWorld();
const ada = "ada@example.com";

type Act = (browser: Browser, where?: TestWorld) => Promise<Result<unknown>>;

/** Ada's browser with a secret from an email, and what it does with it. */
interface Scene {
  readonly browser: Browser;
  readonly act: Act;
}

/** A second tab of the same browser. */
const tabOf = (browser: Browser) =>
  Object.assign(new Browser(world), { mailRequest: browser.mailRequest, device: browser.device });

/** Runs in another world. */
const inside = (where?: TestWorld) => (where ? { world: where } : {});

/** Ada, who has forgotten her password, with the email. */
async function forgetful() {
  await new Browser(world).signUpAndVerify(ada, otherPassword);
  const browser = new Browser(world);
  await browser.run(requestPasswordReset, { email: ada });
  return { browser, ...(await world.letterTo(ada)) };
}

const signIns: Record<string, () => Promise<Scene>> = {
  async "a link"() {
    const browser = new Browser(world);
    await browser.requestLink(ada);
    const { token } = await world.letterTo(ada);
    return {
      browser,
      act: (tab, where) => tab.run(redeemMagicLink, { token }, inside(where)),
    };
  },
  async "a link, in a browser that did not request it"() {
    await new Browser(world).requestLink(ada);
    const { token } = await world.letterTo(ada);
    const browser = Object.assign(new Browser(world), { mailRequest: world.random.token() });
    return {
      browser,
      act: (tab, where) => tab.run(redeemMagicLink, { token, email: ada }, inside(where)),
    };
  },
  async "a code"() {
    const browser = new Browser(world);
    await browser.requestLink(ada);
    const { code } = await world.letterTo(ada);
    return {
      browser,
      act: (tab, where) => tab.run(redeemEmailCode, { email: ada, code }, inside(where)),
    };
  },
  async "a sign-up code"() {
    const browser = new Browser(world);
    await browser.signUp(ada, validPassword);
    const { code } = await world.letterTo(ada);
    return {
      browser,
      act: (tab, where) => tab.run(verifySignUp, { email: ada, code }, inside(where)),
    };
  },
  async "a reset link"() {
    const { browser, token } = await forgetful();
    const input = { token, password: validPassword };
    return { browser, act: (tab, where) => tab.run(redeemPasswordReset, input, inside(where)) };
  },
  async "a reset code"() {
    const { browser, code } = await forgetful();
    const input = { email: ada, code, password: validPassword };
    return { browser, act: (tab, where) => tab.run(redeemPasswordResetCode, input, inside(where)) };
  },
};

const isIn = async (browser: Browser) => {
  const read = await browser.run(readSession);
  return read.ok && read.value?.email === ada;
};

const isRefused = (result: Result<unknown>) =>
  !result.ok && ["link_invalid", "code_invalid", "email_mismatch"].includes(result.refusal.code);

describe.each(Object.keys(signIns))("%s whose response was lost", (name) => {
  const scene = () => signIns[name]!();

  test("signs in when it is repeated, with one effect and an audit row of its own", async () => {
    const { browser, act } = await scene();
    expect(await act(browser, withLostCommits(world))).toEqual(refused("unavailable"));
    expect(browser.session).toBeNull();
    const before = { letters: await lettersOf(world, ada), hash: await hashOf(world, ada) };
    expect(await act(browser)).toMatchObject({ ok: true });
    expect(await isIn(browser)).toBe(true);
    expect(await count(world, "sessions")).toBe(1);
    expect({ letters: await lettersOf(world, ada), hash: await hashOf(world, ada) }).toEqual(
      before,
    );
    const [first, second] = (await world.audit()).slice(-2);
    expect(second).toEqual({ ...first, cause: "repeated", identifier: ada });
  });

  test(`is repeated ${bounds.repeats} times at most, and only the last session token works`, async () => {
    const { browser, act } = await scene();
    await act(browser);
    const tabs = [browser];
    for (let n = 0; n < bounds.repeats; n += 1) {
      const tab = tabOf(browser);
      expect(await act(tab)).toMatchObject({ ok: true });
      tabs.push(tab);
    }
    const before = await dump(world, "audit_events");
    expect(isRefused(await act(tabOf(browser)))).toBe(true);
    const sessionsOf = (text: string) =>
      text.split("\n").filter((entry) => entry.startsWith("sessions"));
    expect(sessionsOf(await dump(world, "audit_events"))).toEqual(sessionsOf(before));
    expect(await Promise.all(tabs.map(isIn))).toEqual([false, false, false, true]);
  });

  test("is used up after a minute", async () => {
    const { browser, act } = await scene();
    await act(browser);
    await world.advance(intervals.repeat);
    expect(isRefused(await act(tabOf(browser)))).toBe(true);
    expect(await isIn(browser)).toBe(true);
  });

  test("is used up for any other browser", async () => {
    const { browser, act } = await scene();
    await act(browser);
    const mallory = Object.assign(new Browser(world), { mailRequest: world.random.token() });
    expect(isRefused(await act(mallory))).toBe(true);
    expect(isRefused(await act(new Browser(world)))).toBe(true);
    expect(await isIn(browser)).toBe(true);
  });

  test("does not sign in again after signing out", async () => {
    const { browser, act } = await scene();
    await act(browser);
    await browser.run(signOut);
    expect(isRefused(await act(browser))).toBe(true);
    expect(await count(world, "sessions")).toBe(0);
  });

  test("has one effect when many tabs send it at once, and one session lives", async () => {
    const { browser, act } = await scene();
    const tabs = Array.from({ length: 8 }, () => tabOf(browser));
    const results = await Promise.all(tabs.map((tab) => act(tab)));
    expect(results.filter(({ ok }) => ok)).toHaveLength(1 + bounds.repeats);
    expect(await count(world, "sessions")).toBe(1);
    expect((await Promise.all(tabs.map(isIn))).filter(Boolean)).toHaveLength(1);
  });

  test("is used up for others who send it while it may be repeated once more", async () => {
    const { browser, act } = await scene();
    await act(browser);
    const strangers = [1, 2].map(() =>
      Object.assign(new Browser(world), { mailRequest: world.random.token() }),
    );
    const tabs = Array.from({ length: bounds.repeats - 1 }, () => tabOf(browser));
    const results = await Promise.all([...strangers, ...tabs].map((one) => act(one)));
    expect(results.slice(0, 2).map(isRefused)).toEqual([true, true]);
    expect(results.filter(({ ok }) => ok)).toHaveLength(tabs.length);
    expect((await Promise.all(strangers.map(isIn))).includes(true)).toBe(false);
  });
});

test("the page of a link offers it again to its browser alone, while it may be repeated", async () => {
  const { browser, token } = await forgetful();
  const previews = async (tab: Browser) => (await tab.run(previewPasswordReset, { token })).ok;
  await browser.run(redeemPasswordReset, { token, password: validPassword });
  expect(await previews(tabOf(browser))).toBe(true);
  // With its session, the response has arrived.
  expect(await previews(browser)).toBe(false);
  expect(await previews(new Browser(world))).toBe(false);
  await world.advance(intervals.repeat);
  expect(await previews(tabOf(browser))).toBe(false);

  const phone = new Browser(world);
  await phone.requestLink(ada);
  const link = await world.letterTo(ada);
  const asks = async (tab: Browser) => (await tab.run(previewMagicLink, { token: link.token })).ok;
  await phone.openLink(link);
  expect(await asks(tabOf(phone))).toBe(true);
  expect(await asks(new Browser(world))).toBe(false);
  await phone.run(signOut);
  expect(await asks(phone)).toBe(false);
});

test.each([
  ["a code", "magic_link"],
  ["a sign-up code", "sign_up"],
  ["a reset code", "password_reset"],
])(
  "the page that waits for %s offers it again, while it may be repeated",
  async (name, purpose) => {
    const { browser, act } = await signIns[name]!();
    const offers = async (tab: Browser) => {
      const read = await tab.run(readPendingRequest, { purpose });
      return read.ok && read.value.isRepeatable;
    };
    expect(await offers(browser)).toBe(false);
    expect(await act(browser, withLostCommits(world))).toEqual(refused("unavailable"));
    expect(await offers(browser)).toBe(true);
    await act(browser);
    // With its session, the response has arrived.
    expect(await offers(browser)).toBe(false);
    expect(await offers(tabOf(browser))).toBe(true);
    await browser.run(signOut);
    expect(await offers(tabOf(browser))).toBe(false);
  },
);

test("the page offers the code of an earlier email for a minute, and none after a link", async () => {
  const browser = new Browser(world);
  const offers = async () => {
    const read = await tabOf(browser).run(readPendingRequest);
    return read.ok && read.value.isRepeatable;
  };
  await browser.requestLink(ada);
  const { code } = await world.letterTo(ada);
  await world.advance(60);
  await browser.requestLink(ada);
  const newer = await world.letterTo(ada);
  await browser.submitCode(code, ada);
  expect(await offers()).toBe(true);
  await world.advance(intervals.repeat);
  expect(await offers()).toBe(false);
  await browser.requestLink(ada);
  expect(await offers()).toBe(false);
  expect((await browser.openLink(newer)).ok).toBe(false);
  await browser.openLink(await world.letterTo(ada));
  expect(await offers()).toBe(false);
});

test("a reset is not repeated with another password: the first one stays", async () => {
  const { browser, token } = await forgetful();
  const reset = (tab: Browser, password: string) =>
    tab.run(redeemPasswordReset, { token, password });
  expect(await reset(browser, validPassword)).toMatchObject({ ok: true });
  const hash = await hashOf(world, ada);
  const used = refused("link_invalid", { cause: "used" });
  expect(await reset(tabOf(browser), "another fine harbour at dusk")).toEqual(used);
  expect(await hashOf(world, ada)).toBe(hash);
  expect(await isIn(browser)).toBe(true);
});

/** The same world, in which a comparison of passwords throws while a transaction is open. */
function withoutComparisonsInTransactions(): TestWorld {
  let open = 0;
  const transaction: TestWorld["db"]["transaction"] = async (work) => {
    open += 1;
    return world.db.transaction(work).finally(() => (open -= 1));
  };
  const db = Object.assign(Object.create(world.db) as TestWorld["db"], { transaction });
  const verify: TestWorld["passwords"]["verify"] = async (...compared) => {
    if (open > 0) throw new Error("compared in a transaction");
    return world.passwords.verify(...compared);
  };
  return world.with({ db, passwords: { ...world.passwords, verify } });
}

test.each(["a reset link", "a reset code", "setting a password"])(
  "no connection waits for the comparison of passwords when %s is repeated",
  async (name) => {
    const { browser, act } = await (signIns[name] ?? renewals[name])!();
    await act(browser, withLostCommits(world));
    expect(await act(browser, withoutComparisonsInTransactions())).toMatchObject({ ok: true });
    expect((await world.audit()).at(-1)).toMatchObject({ cause: "repeated" });
  },
);

test.each(["a reset link", "a reset code"])(
  "an overloaded hasher uses up no repetition of %s",
  async (name) => {
    const { browser, act } = await signIns[name]!();
    await act(browser, withLostCommits(world));
    const { verify } = overloadedHasher(world).passwords;
    const overloaded = world.with({ passwords: { ...world.passwords, verify } });
    for (let n = 0; n < bounds.repeats; n += 1)
      expect(await act(browser, overloaded)).toEqual(refused("overloaded"));
    expect(await act(browser)).toMatchObject({ ok: true });
  },
);

test("guesses at a code that was used just now count as repetitions of it", async () => {
  const { browser, act } = await signIns["a code"]!();
  await act(browser);
  for (let n = 0; n < bounds.repeats; n += 1)
    expect(await tabOf(browser).submitCode("000000", ada)).toEqual(refused("code_invalid"));
  expect(isRefused(await act(tabOf(browser)))).toBe(true);
});

test("a password sign-in whose response was lost leaves no session behind when it is repeated", async () => {
  await new Browser(world).signUpAndVerify(ada, validPassword);
  const browser = Object.assign(new Browser(world), { mailRequest: world.random.token() });
  const before = Number(await count(world, "sessions"));
  const act: Act = (tab, where) =>
    tab.run(signInWithPassword, { email: ada, password: validPassword }, inside(where));
  expect(await act(browser, withLostCommits(world))).toEqual(refused("unavailable"));
  expect(await count(world, "sessions")).toBe(before + 1);
  expect(await act(browser)).toMatchObject({ ok: true });
  expect(await count(world, "sessions")).toBe(before + 1);
});

/** Ada, who signed in more than ten minutes ago. */
const stale = async () => {
  const browser = new Browser(world);
  await browser.signUpAndVerify(ada, validPassword);
  await world.advance(intervals.stepUp + 1);
  return browser;
};

const renewals: Record<string, () => Promise<Scene>> = {
  async "step-up by password"() {
    const browser = await stale();
    const input = { password: validPassword };
    return {
      browser,
      act: (tab, where) => tab.run(stepUpByPassword, input, inside(where)),
    };
  },
  async "step-up by code"() {
    const browser = await stale();
    await browser.run(requestStepUp);
    const { code } = await world.letterTo(ada);
    return {
      browser,
      act: (tab, where) => tab.run(stepUpByCode, { code }, inside(where)),
    };
  },
  async "step-up by link"() {
    const browser = await stale();
    await browser.run(requestStepUp);
    const { token } = await world.letterTo(ada);
    return {
      browser,
      act: (tab, where) => tab.run(stepUpByLink, { token }, inside(where)),
    };
  },
  async "setting a password"() {
    const browser = await stale();
    await browser.run(stepUpByPassword, { password: validPassword });
    const input = { password: otherPassword };
    return {
      browser,
      act: (tab, where) => tab.run(setPassword, input, inside(where)),
    };
  },
};

describe.each(Object.keys(renewals))("%s whose response was lost", (name) => {
  const scene = () => renewals[name]!();

  test("keeps the browser signed in, and works when it is repeated", async () => {
    const { browser, act } = await scene();
    const previous = browser.session;
    expect(await act(browser, withLostCommits(world))).toEqual(refused("unavailable"));
    expect(await isIn(browser)).toBe(true);
    const letters = await lettersOf(world, ada);
    const hash = await hashOf(world, ada);
    expect(await act(browser)).toMatchObject({ ok: true });
    expect(browser.session).not.toBe(previous);
    expect(await hashOf(world, ada)).toBe(hash);
    expect(await lettersOf(world, ada)).toEqual(letters);
    expect(await count(world, "sessions")).toBe(1);
    // The new token arrives, and ends the previous one.
    expect(await isIn(browser)).toBe(true);
    browser.session = previous;
    expect(await isIn(browser)).toBe(false);
  });

  test("ends the previous token after a minute", async () => {
    const { browser, act } = await scene();
    await act(browser, withLostCommits(world));
    await world.advance(intervals.repeat);
    expect(await isIn(browser)).toBe(false);
  });
});

test.each(["step-up by code", "step-up by link"])(
  "%s and the new password that it was for change nothing when both are repeated",
  async (name) => {
    const { browser, act } = await renewals[name]!();
    const previous = browser.session;
    const stepUpAndSetPassword = async () => {
      browser.session = previous;
      expect(await act(browser)).toMatchObject({ ok: true });
      const sessionDigest = digest("session", browser.session!);
      const readSession = renewedSessionReader(world, sessionDigest);
      const request = { sessionDigest, sessionRenewed: true, readSession };
      return browser.run(setPassword, { password: otherPassword }, request);
    };
    expect(await stepUpAndSetPassword()).toMatchObject({ ok: true });
    const before = { letters: await lettersOf(world, ada), hash: await hashOf(world, ada) };
    expect(await stepUpAndSetPassword()).toMatchObject({ ok: true });
    expect({ letters: await lettersOf(world, ada), hash: await hashOf(world, ada) }).toEqual(
      before,
    );
    expect((await world.audit()).at(-1)).toMatchObject({ cause: "repeated" });
    expect(await isIn(browser)).toBe(true);
  },
);

test.each(Object.keys(renewals).filter((name) => name.startsWith("step-up")))(
  "a thief of the previous token gains nothing by %s",
  async (name) => {
    const { browser, act } = await renewals[name]!();
    const thief = Object.assign(new Browser(world), { session: browser.session });
    expect(await act(browser)).toMatchObject({ ok: true });
    expect(await thief.run(readPasswordStatus)).toEqual(refused("step_up_required"));
    expect(await browser.run(readPasswordStatus)).toMatchObject({ ok: true });
    expect(await isIn(thief)).toBe(false);
  },
);
