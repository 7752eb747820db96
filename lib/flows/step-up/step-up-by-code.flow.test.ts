import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { row } from "@/db/rows";
import { readPasswordStatus } from "@/lib/flows/password/read-password-status";
import { readSession } from "@/lib/flows/sessions/read-session";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { count, forgetLimits } from "@/test/support/queries";
import { refused, setUpWorld } from "@/test/support/setup";
import { testEnv, type TestWorld } from "@/test/support/world";
import { requestStepUp } from "./request-step-up";
import { stepUpByCode } from "./step-up-by-code";

const world = await setUpWorld();

const ada = "ada@example.com";
const leo = "leo@example.com";
const succeeded = { ok: true, value: {} };

const stepUp = (browser: Browser, code: unknown) => browser.run(stepUpByCode, { code });

/** A user who signed in more than ten minutes ago, and has requested the email. */
const waiting = async (where: TestWorld = world, email = ada) => {
  const browser = new Browser(where);
  await browser.signIn(email);
  await where.advance(601);
  await browser.run(requestStepUp);
  return { browser, code: (await where.letterTo(email)).code };
};

const wrong = (code: string, n = 1) => String((Number(code) + n) % 1_000_000).padStart(6, "0");

const isVerified = async (browser: Browser) => (await browser.run(readPasswordStatus)).ok;

const tries = () =>
  row(world.db, sql`select max(attempts) as n from verifications where purpose = 'step_up'`);

test("ada types the code, and gets a new session token", async () => {
  const { browser, code } = await waiting();
  const thief = new Browser(world);
  thief.session = browser.session;
  expect(await isVerified(browser)).toBe(false);
  expect(await stepUp(browser, ` ${code.slice(0, 3)}-${code.slice(3)}`)).toEqual(succeeded);
  expect(await isVerified(browser)).toBe(true);
  expect(await thief.run(readSession)).toMatchObject({ value: null });
  expect(await count(world, "sessions")).toBe(1);
  expect((await world.audit()).find(({ event }) => event === "step_up.code")).toMatchObject({
    outcome: "ok",
    subject: await world.userIdOf(ada),
  });
  expect(await stepUp(browser, code)).toEqual(refused("code_invalid", { cause: "none" }));
});

test.each([
  ["599 s", 599, true],
  ["601 s", 601, false],
])("the step-up lasts ten minutes: %s", async (_, passed, good) => {
  await world.withFrozenTime(async (world) => {
    const { browser, code } = await waiting(world);
    await stepUp(browser, code);
    await world.advance(passed);
    expect(await isVerified(browser)).toBe(good);
  });
});

test.each([
  ["9:59", 599, succeeded],
  ["10:01", 601, refused("code_invalid", { cause: "none" })],
])("typed %s after the email was sent", async (_, passed, outcome) => {
  await world.withFrozenTime(async (world) => {
    const { browser, code } = await waiting(world);
    await world.advance(passed);
    expect(await stepUp(browser, code)).toEqual(outcome);
  });
});

describe("a code belongs to one session and its browser", () => {
  test("it does not work in another session of ada's", async () => {
    const { browser, code } = await waiting();
    const phone = new Browser(world);
    await phone.signIn(ada);
    await world.advance(601);
    expect(await stepUp(phone, code)).toEqual(refused("code_invalid", { cause: "none" }));
    expect([await isVerified(phone), await isVerified(browser)]).toEqual([false, false]);
    expect(await tries()).toEqual({ n: 0 });
  });

  test("it does not work in the same browser after signing in again", async () => {
    const { browser, code } = await waiting();
    await browser.signIn(ada);
    await world.advance(500);
    expect(await stepUp(browser, code)).toEqual(refused("code_invalid", { cause: "none" }));
  });

  test("it does not work for mallory, who has the session's token but not the browser", async () => {
    const { browser, code } = await waiting();
    const mallory = new Browser(world);
    mallory.session = browser.session;
    expect(await stepUp(mallory, code)).toEqual(refused("code_invalid", { cause: "none" }));
    expect(await stepUp(browser, code)).toEqual(succeeded);
  });

  test("it does not work for leo in ada's browser", async () => {
    const { browser, code } = await waiting();
    const his = new Browser(world);
    await his.signIn(leo);
    await world.advance(100);
    his.mailRequest = browser.mailRequest;
    expect(await stepUp(his, code)).toEqual(refused("code_invalid", { cause: "none" }));
  });

  test("it signs nobody in, and a code for signing in is no step-up", async () => {
    const { browser, code } = await waiting();
    expect(await browser.submitCode(code, ada)).toEqual(refused("code_invalid"));
    await browser.requestLink(ada);
    expect(await stepUp(browser, (await world.letterTo(ada)).code)).toEqual(
      refused("code_invalid"),
    );
    expect(await isVerified(browser)).toBe(false);
  });

  test("a signed-out user is asked to sign in", async () => {
    const { browser, code } = await waiting();
    browser.session = null;
    expect(await stepUp(browser, code)).toEqual(refused("sign_in_required"));
  });
});

describe("attempts (R3)", () => {
  test("five per code and session; the sixth is refused, however right", async () => {
    const { browser, code } = await waiting();
    for (let n = 1; n <= 5; n += 1)
      expect(await stepUp(browser, wrong(code, n))).toEqual(
        refused("code_invalid", { field: "code", cause: "wrong" }),
      );
    expect(await stepUp(browser, code)).toEqual(refused("too_many_attempts"));
    expect(await tries()).toEqual({ n: 5 });
  });

  test("ten an hour for an address, in all its sessions; then the link still works", async () => {
    const generous = world.with({ env: testEnv({ EMAIL_REQUESTS_PER_IP: "1000" }) });
    const told = [];
    for (let n = 0; n < 3; n += 1) {
      const { browser, code } = await waiting(generous);
      for (let i = 1; i <= 4; i += 1) {
        const outcome = await stepUp(browser, wrong(code, i));
        told.push(outcome.ok ? "ok" : outcome.refusal.code);
      }
    }
    expect(told).toEqual([
      ...Array<string>(10).fill("code_invalid"),
      "too_many_attempts",
      "too_many_attempts",
    ]);
  });

  test.each(["", "12345", ["123456"], 123456, null])("%j costs none", async (code) => {
    const { browser } = await waiting();
    expect(await stepUp(browser, code)).toEqual(refused("code_malformed", { field: "code" }));
    expect(await tries()).toEqual({ n: 0 });
  });

  test("fifty at once: five are compared", async () => {
    const { browser, code } = await waiting();
    await Promise.all(Array.from({ length: 50 }, (_, n) => stepUp(browser, wrong(code, n + 1))));
    expect(await tries()).toEqual({ n: 5 });
  });
});

test("whatever statement the database fails at: the step-up is done, or the code still works", async () => {
  const { browser, code } = await waiting();
  const before = await dump(world, "limits");
  for (let after = 0; ; after += 1) {
    world.failDatabaseAfter(after);
    const result = await stepUp(browser, code);
    world.restoreDatabase();
    if (result.ok) break;
    expect(result).toEqual(refused("unavailable"));
    expect(await dump(world, "limits")).toBe(before);
    await forgetLimits(world);
  }
});
