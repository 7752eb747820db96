import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { rows } from "@/db/rows";
import { days } from "@/lib/core/duration";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { count, lettersOf } from "@/test/support/queries";
import { countingHasher, otherPassword, validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { testEnv, type TestWorld } from "@/test/support/world";
import { resendSignUpCode } from "./resend-sign-up-code";

const world = await setUpWorld();

const ada = "ada@example.com";
const leo = "leo@example.com";
const mailed = { ok: true, value: { email: ada } };
const welcome = { ok: true, value: { next: "/account" } };

const again = (browser: Browser, email = ada) => browser.run(resendSignUpCode, { email });

/** A browser that signed up a minute ago. */
const started = async (where: TestWorld = world, email = ada) => {
  const browser = new Browser(where);
  await browser.signUp(email, validPassword, { remember: "on", next: "/account" });
  await world.deliver();
  await world.advance(60);
  return browser;
};

test("sends a new code for the same password and options (P4)", async () => {
  const browser = await started();
  const { world: counted, work } = countingHasher(world);
  expect(await browser.run(resendSignUpCode, { email: ada }, { world: counted })).toEqual(mailed);
  expect(work).toEqual({ hashed: 0, compared: 0 });
  const { code, token } = await world.letterTo(ada);
  expect(token).toBe("");
  expect(await browser.verify(code, ada)).toEqual(welcome);
  expect(browser.newSession.lifetime).toBe(days(90));
  expect((await new Browser(world).signInWithPassword(ada, validPassword)).ok).toBe(true);
});

test("the first code still works until it expires", async () => {
  const browser = await started();
  const [first] = world.lettersTo(ada);
  await again(browser);
  await world.deliver();
  expect(await browser.verify(first!.code, ada)).toEqual(welcome);
});

test("works after the first code expired, within the attempt's hour", async () => {
  const browser = await started();
  const [first] = world.lettersTo(ada);
  await world.advance(1800);
  expect(await browser.verify(first!.code, ada)).toEqual(
    refused("code_invalid", { cause: "none" }),
  );
  await again(browser);
  expect(await browser.verify((await world.letterTo(ada)).code, ada)).toEqual(welcome);
});

describe("a browser without a sign-up", () => {
  test("gets the same response, and nothing is sent, however often it asks (P4)", async () => {
    const mallory = new Browser(world);
    for (let n = 0; n < 3; n += 1) {
      expect(await again(mallory)).toEqual(mailed);
      await world.advance(60);
    }
    expect(await world.deliver()).toEqual([]);
    expect(await lettersOf(world, ada)).toEqual(Array(3).fill("sign_up_code dead no_attempt"));
    for (const code of [...world.secrets.codes])
      expect(await mallory.verify(code, ada)).toEqual(refused("code_invalid"));
    expect(await count(world, "users")).toBe(0);
  });

  test("is sent nothing of another browser's sign-up", async () => {
    const hers = await started();
    const [letter] = world.lettersTo(ada);
    await again(new Browser(world));
    expect(await world.deliver()).toEqual([]);
    expect(await hers.verify(letter!.code, ada)).toEqual(welcome);
  });

  test("is sent nothing once its sign-up has expired", async () => {
    const browser = await started();
    await world.advance(3600);
    await again(browser);
    expect(await world.deliver()).toEqual([]);
  });

  test("is sent nothing after its sign-up was verified", async () => {
    const browser = new Browser(world);
    await browser.signUpAndVerify(ada, validPassword);
    await world.advance(60);
    expect(await again(browser)).toEqual(mailed);
    expect(await world.deliver()).toEqual([]);
    expect(await lettersOf(world, ada)).toEqual([
      "sign_up_code sent",
      "already_signed_up dead no_attempt",
    ]);
  });
});

test("an address that has an account: the same response, and its owner is told again (P3, P4)", async () => {
  await new Browser(world).signUpAndVerify(ada, otherPassword);
  const see = async (email: string) => {
    const browser = await started(world, email);
    let outcome: unknown;
    const statements = await world.statementsOf(async () => {
      outcome = await again(browser, email);
    });
    const seen = JSON.stringify([outcome, browser.cookieChanges]).replaceAll(email, "…");
    return { seen, statements: statements.length };
  };
  expect(await see(ada)).toEqual(await see(leo));
  await world.deliver();
  expect(await lettersOf(world, ada)).toEqual([
    "sign_up_code sent",
    "already_signed_up sent",
    "already_signed_up sent",
  ]);
  expect(world.lettersTo(ada).map(({ code }) => code === "")).toEqual([false, true, true]);
});

describe("limits", () => {
  test("a minute between two, with the wait stated (P4)", async () => {
    await world.withFrozenTime(async (world) => {
      const browser = new Browser(world);
      await browser.signUp(ada, validPassword);
      expect(await again(browser)).toEqual(refused("resend_too_soon"));
      await world.advance(59);
      expect(await again(browser)).toEqual(refused("resend_too_soon"));
      await world.advance(1);
      expect(await again(browser)).toEqual(mailed);
      expect(await again(browser)).toEqual(refused("resend_too_soon"));
    });
  });

  test("they count as emails of the address's hour (P4, R1)", async () => {
    const browser = await started();
    for (let n = 0; n < 3; n += 1) {
      expect(await again(browser)).toEqual(mailed);
      await world.advance(60);
    }
    expect(await world.deliver()).toHaveLength(2);
    expect(await lettersOf(world, ada)).toContain("sign_up_code dead over_limit");
  });

  test("they refill no attempts: ten an hour for the address, twenty a day (R3)", async () => {
    const generous = world.with({
      env: testEnv({ EMAILS_PER_ADDRESS: "1000", EMAIL_REQUESTS_PER_IP: "1000" }),
    });
    const browser = await started(generous);
    const responses = [];
    for (let n = 0; n < 12; n += 1) {
      const typed = await browser.verify("000000", ada);
      responses.push(typed.ok ? "ok" : typed.refusal.code);
      await again(browser);
      await world.advance(60);
    }
    expect(responses.slice(10)).toEqual(["too_many_attempts", "too_many_attempts"]);
  });
});

test("closed sign-up is refused; without passwords the page does not exist", async () => {
  const browser = await started();
  const where = (vars: Record<string, string>) =>
    browser.run(resendSignUpCode, { email: ada }, { world: world.with({ env: testEnv(vars) }) });
  expect(await where({ SIGN_UP: "closed" })).toEqual(refused("sign_up_closed"));
  expect(await where({ SIGN_IN_METHODS: "magic_link" })).toEqual(refused("not_found"));
  expect(await world.deliver()).toEqual([]);
});

test("each has its audit row", async () => {
  const browser = await started();
  await again(browser);
  expect((await world.audit()).at(-1)).toMatchObject({
    event: "sign_up.resend",
    outcome: "ok",
    subject: null,
    identifier: ada,
  });
});

test("whatever statement the database fails at, no part of it is stored", async () => {
  const browser = await started();
  const before = await dump(world, "limits");
  for (let after = 0; ; after += 1) {
    world.failDatabaseAfter(after);
    const result = await again(browser);
    world.restoreDatabase();
    if (result.ok) break;
    expect(result).toEqual(refused("unavailable"));
    expect(await dump(world, "limits")).toBe(before);
    await world.writeDirectly((tx) => tx.execute(sql`delete from limits`));
  }
  expect(await rows(world.db, sql`select 1 from outbox where state = 'queued'`)).toHaveLength(1);
});
