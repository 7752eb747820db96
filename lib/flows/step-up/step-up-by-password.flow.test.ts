import { describe, expect, test } from "vitest";
import { readPasswordStatus } from "@/lib/flows/password/read-password-status";
import { removePassword } from "@/lib/flows/password/remove-password";
import { setPassword } from "@/lib/flows/password/set-password";
import { readSession } from "@/lib/flows/sessions/read-session";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { count, disable, forgetLimits } from "@/test/support/queries";
import {
  failingHasher,
  overloadedHasher,
  countingHasher,
  otherPassword,
  validPassword,
} from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { testEnv } from "@/test/support/world";
import { stepUpByPassword } from "./step-up-by-password";

const world = await setUpWorld();

const ada = "ada@example.com";
const leo = "leo@example.com";
const succeeded = { ok: true, value: {} };

const stepUp = (browser: Browser, password: unknown = validPassword) =>
  browser.run(stepUpByPassword, { password });

/** Ada, who signed in more than ten minutes ago. */
const stale = async (where = world) => {
  const browser = new Browser(where);
  await browser.signUpAndVerify(ada, validPassword);
  await where.advance(601);
  return browser;
};

const sessionOf = async (browser: Browser) => {
  const read = await browser.run(readSession);
  return read.ok ? (read.value?.email ?? null) : read.refusal.code;
};

test("ada confirms her identity, and continues where she was", async () => {
  const browser = await stale();
  expect(await browser.run(readPasswordStatus)).toEqual(refused("step_up_required"));
  expect(await stepUp(browser)).toEqual(succeeded);
  expect((await world.audit()).at(-1)).toMatchObject({
    event: "step_up.password",
    outcome: "ok",
    subject: await world.userIdOf(ada),
    caller: await world.userIdOf(ada),
  });
  expect((await browser.run(readPasswordStatus)).ok).toBe(true);
  expect((await browser.run(setPassword, { password: otherPassword })).ok).toBe(true);
});

test("with a new token; the old one is invalid, and the session's end does not move", async () => {
  await world.withFrozenTime(async (world) => {
    const browser = await stale(world);
    const thief = new Browser(world);
    thief.session = browser.session;
    await stepUp(browser);
    expect(browser.newSession.lifetime).toBe(30 * 86_400 - 601);
    expect([await sessionOf(browser), await sessionOf(thief)]).toEqual([ada, null]);
    expect(await count(world, "sessions")).toBe(1);
  });
});

test.each([
  ["599 s", 599, true],
  ["601 s", 601, false],
])("a step-up lasts ten minutes by the database's clock: %s", async (_, passed, good) => {
  await world.withFrozenTime(async (world) => {
    const browser = await stale(world);
    await stepUp(browser);
    await world.advance(passed);
    const outcome = await browser.run(removePassword);
    if (good) expect(outcome.ok).toBe(true);
    else expect(outcome).toEqual(refused("step_up_required"));
  });
});

test("it is for this session: another of ada's, and leo's, gain nothing by it", async () => {
  const laptop = await stale();
  const phone = new Browser(world);
  await phone.signInWithPassword(ada, validPassword);
  const his = new Browser(world);
  await his.signUpAndVerify(leo, validPassword);
  await world.advance(601);
  expect(await stepUp(laptop)).toEqual(succeeded);
  expect(await phone.run(readPasswordStatus)).toEqual(refused("step_up_required"));
  expect(await his.run(readPasswordStatus)).toEqual(refused("step_up_required"));
});

describe("a wrong password", () => {
  test("is refused, with the reason only in the log, and is no step-up", async () => {
    const browser = await stale();
    const { session } = browser;
    expect(await stepUp(browser, otherPassword)).toEqual(
      refused("password_incorrect", { field: "password", cause: "wrong" }),
    );
    expect(browser.session).toBe(session);
    expect(await browser.run(readPasswordStatus)).toEqual(refused("step_up_required"));
    expect((await world.audit()).at(-1)).toMatchObject({
      event: "step_up.password",
      outcome: "password_incorrect",
      cause: "wrong",
      subject: await world.userIdOf(ada),
    });
  });

  test("is any password of a user without one, after the same work", async () => {
    const { world: counted, work } = countingHasher(world);
    const browser = new Browser(counted);
    await browser.signIn(ada);
    expect(await stepUp(browser)).toEqual(refused("password_incorrect", { cause: "none" }));
    expect(work.compared).toBe(1);
  });

  test("leo's password does not work for ada", async () => {
    await new Browser(world).signUpAndVerify(leo, otherPassword);
    expect(await stepUp(await stale(), otherPassword)).toEqual(refused("password_incorrect"));
  });

  test.each([
    ["", "password_missing"],
    [null, "password_missing"],
    [[validPassword], "password_missing"],
    ["kv".repeat(513), "password_too_long"],
  ] as const)("%j costs no attempt", async (password, code) => {
    const browser = await stale();
    await forgetLimits(world);
    expect(await stepUp(browser, password)).toEqual(refused(code, { field: "password" }));
    expect(await count(world, "limits")).toBe(0);
  });
});

describe("attempts (R3)", () => {
  const useUpAttempts = async (browser: Browser) => {
    for (let n = 0; n < 5; n += 1)
      expect(await stepUp(browser, otherPassword)).toEqual(refused("password_incorrect"));
  };

  test("five in a quarter of an hour, then nothing is compared, not even the right one", async () => {
    const { world: counted, work } = countingHasher(world);
    const browser = await stale(counted);
    await useUpAttempts(browser);
    expect(await stepUp(browser)).toEqual(
      refused("too_many_attempts", {
        retryAfter: expect.toSatisfy((s: number) => s > 850 && s <= 900) as never,
      }),
    );
    expect(work.compared).toBe(5);
    await world.advance(901);
    expect(await stepUp(browser)).toEqual(succeeded);
  });

  test("the right one in between, and a new token, refill nothing", async () => {
    const browser = await stale();
    for (let n = 0; n < 4; n += 1) await stepUp(browser, otherPassword);
    expect(await stepUp(browser)).toEqual(succeeded);
    expect(await stepUp(browser)).toEqual(refused("too_many_attempts"));
  });

  test("another session has its own", async () => {
    const browser = await stale();
    await useUpAttempts(browser);
    const phone = new Browser(world);
    await phone.signInWithPassword(ada, validPassword);
    expect(await stepUp(phone)).toEqual(succeeded);
  });

  test("fifty at once: five are compared", async () => {
    const { world: counted, work } = countingHasher(world);
    const browser = await stale(counted);
    await Promise.all(Array.from({ length: 50 }, () => stepUp(browser, otherPassword)));
    expect(work.compared).toBe(5);
  });
});

test("signed-out, disabled and unknown users are asked to sign in", async () => {
  expect(await stepUp(new Browser(world))).toEqual(refused("sign_in_required"));
  const browser = await stale();
  await disable(world, ada);
  expect(await stepUp(browser)).toEqual(refused("sign_in_required"));
});

test("step-up in several tabs at once: all get one token, which is the session's", async () => {
  const browser = await stale();
  const { session } = browser;
  const tabs = Array.from({ length: 4 }, () => Object.assign(new Browser(world), { session }));
  const responses = await Promise.all(tabs.map((tab) => stepUp(tab)));
  expect(responses.filter(({ ok }) => ok)).toHaveLength(4);
  const tokens = new Set(tabs.map((tab) => tab.session));
  expect(tokens.size).toBe(1);
  expect(tokens).not.toContain(session);
  expect(await sessionOf(tabs[0]!)).toBe(ada);
  expect(await sessionOf(browser)).not.toBe(ada);
});

test("a password that is changed while it is compared is no step-up", async () => {
  const browser = await stale();
  const phone = new Browser(world);
  await phone.signInWithPassword(ada, validPassword);
  const { passwords } = world;
  const slow = world.with({
    passwords: {
      ...passwords,
      async verify(saved, password) {
        await phone.run(setPassword, { password: otherPassword });
        return passwords.verify(saved, password);
      },
    },
  });
  const outcome = await browser.run(stepUpByPassword, { password: validPassword }, { world: slow });
  expect(outcome).toEqual(refused("password_incorrect", { cause: "changed" }));
  expect(await sessionOf(browser)).toBeNull();
});

test("the page does not exist where passwords are disabled", async () => {
  const browser = await stale();
  const links = world.with({ env: testEnv({ SIGN_IN_METHODS: "magic_link" }) });
  const outcome = await browser.run(
    stepUpByPassword,
    { password: validPassword },
    { world: links },
  );
  expect(outcome).toEqual(refused("not_found"));
});

test("an overloaded hasher or a bug is no step-up", async () => {
  const browser = await stale();
  const where = (world: typeof browser.world) =>
    browser.run(stepUpByPassword, { password: validPassword }, { world });
  expect(await where(overloadedHasher(world))).toEqual(refused("overloaded"));
  await expect(where(failingHasher(world))).rejects.toThrow();
  expect(await browser.run(readPasswordStatus)).toEqual(refused("step_up_required"));
});

test("whatever statement the database fails at: the step-up is done, or the old token still works", async () => {
  const browser = await stale();
  const before = await dump(world, "limits");
  for (let after = 0; ; after += 1) {
    const { session } = browser;
    world.failDatabaseAfter(after);
    const result = await stepUp(browser);
    world.restoreDatabase();
    if (result.ok) break;
    expect(result).toEqual(refused("unavailable"));
    expect(browser.session).toBe(session);
    expect(await dump(world, "limits")).toBe(before);
    await forgetLimits(world);
  }
});
