import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { row } from "@/db/rows";
import { readSession } from "@/lib/flows/sessions/read-session";
import { intervals } from "@/lib/core/policy";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import {
  count,
  disable,
  forgetLimits,
  hashOf,
  lettersOf,
  liveSecrets,
} from "@/test/support/queries";
import {
  failingHasher,
  overloadedHasher,
  countingHasher,
  otherPassword,
  validPassword,
} from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { testEnv, type TestWorld } from "@/test/support/world";
import { redeemPasswordResetCode } from "./redeem-password-reset-code";
import { requestPasswordReset } from "./request-password-reset";

const world = await setUpWorld();

const ada = "ada@example.com";
const leo = "leo@example.com";
const welcome = { ok: true, value: { next: "" } };

const forgot = async (email = ada) => {
  const browser = new Browser(world);
  await browser.run(requestPasswordReset, { email });
  return { browser, code: (await world.letterTo(email)).code };
};

const forgetful = async () => {
  const hers = new Browser(world);
  await hers.signUpAndVerify(ada, otherPassword);
  return { hers, ...(await forgot()) };
};

const reset = (browser: Browser, code: string, email = ada, password: unknown = validPassword) =>
  browser.run(redeemPasswordResetCode, { email, code, password });

const wrong = (code: string, n = 1) => String((Number(code) + n) % 1_000_000).padStart(6, "0");

const tries = () =>
  row(world.db, sql`select max(attempts) as n from verifications where purpose = 'password_reset'`);

test("the code sets the password in the requesting browser, with all the effects of the link (P7)", async () => {
  const { hers, browser, code } = await forgetful();
  await hers.requestLink(ada);
  await world.deliver();
  expect(
    await reset(browser, ` ${code.slice(0, 3)}-${code.slice(3)} `, " ADA@example.com"),
  ).toEqual(welcome);
  expect(await browser.run(readSession)).toMatchObject({ value: { email: ada } });
  expect(await hers.run(readSession)).toMatchObject({ value: null });
  expect(await liveSecrets(world, ada)).toEqual([]);
  expect((await world.letterTo(ada)).message.subject).toBe("Your Latchkey password was changed");
  expect(await lettersOf(world, ada)).toContain("password_chosen sent");
  expect((await world.audit()).at(-1)).toMatchObject({
    event: "password_reset.redeem_code",
    outcome: "ok",
    subject: await world.userIdOf(ada),
    identifier: ada,
  });
  expect(await new Browser(world).signInWithPassword(ada, otherPassword)).toEqual(
    refused("invalid_credentials"),
  );
  expect(await new Browser(world).signInWithPassword(ada, validPassword)).toEqual(welcome);
});

describe("the code does not work", () => {
  test("in another browser, under another address, for signing in, or a second time", async () => {
    const { browser, code } = await forgetful();
    expect(await reset(new Browser(world), code)).toEqual(
      refused("code_invalid", { cause: "none" }),
    );
    expect(await reset(browser, code, leo)).toEqual(refused("code_invalid", { cause: "none" }));
    expect(await browser.submitCode(code, ada)).toEqual(refused("code_invalid", { cause: "none" }));
    expect(await browser.verify(code, ada)).toEqual(refused("code_invalid", { cause: "none" }));
    expect(await tries()).toEqual({ n: 0 });
    expect(await reset(browser, code)).toEqual(welcome);
    expect(await reset(new Browser(world), code)).toEqual(
      refused("code_invalid", { cause: "none" }),
    );
    // Until then its browser may repeat it.
    await world.advance(intervals.repeat);
    expect(await reset(browser, code)).toEqual(refused("code_invalid", { cause: "none" }));
  });

  test("ten minutes after the email was sent", async () => {
    const { browser, code } = await forgetful();
    await world.advance(601);
    expect(await reset(browser, code)).toEqual(refused("code_invalid", { cause: "none" }));
  });

  test("for an address without an account, whatever is typed", async () => {
    const mallory = new Browser(world);
    await mallory.run(requestPasswordReset, { email: leo });
    for (const code of [...world.secrets.codes])
      expect(await reset(mallory, code, leo)).toEqual(refused("code_invalid", { cause: "wrong" }));
    expect(await count(world, "users")).toBe(0);
  });
});

describe("attempts (R3)", () => {
  test("five wrong ones per code, then the right one is refused too; and all cost the same work", async () => {
    const { browser, code } = await forgetful();
    const mallory = new Browser(world);
    await mallory.run(requestPasswordReset, { email: leo });
    const see = async (asker: Browser, email: string) => {
      const responses = [];
      for (let n = 1; n <= 6; n += 1) {
        const { world: counted, work } = countingHasher(world);
        let outcome: unknown;
        const statements = await world.statementsOf(async () => {
          const input = { email, code: wrong(code, n), password: validPassword };
          outcome = await asker.run(redeemPasswordResetCode, input, { world: counted });
        });
        const { refusal } = outcome as { refusal: { code: string; field?: string } };
        responses.push([refusal.code, refusal.field, work.hashed, statements.length]);
      }
      return responses;
    };
    const known = await see(browser, ada);
    expect(known.map(([told]) => told)).toEqual([
      ...Array<string>(5).fill("code_invalid"),
      "too_many_attempts",
    ]);
    expect(await see(mallory, leo)).toEqual(known);
    expect(await reset(browser, code)).toEqual(
      refused("too_many_attempts", { field: "code", cause: "too_many" }),
    );
  });

  test("ten an hour for an address, from any IP; its link still works", async () => {
    const responses = [];
    for (let n = 0; n < 11; n += 1) {
      const typed = await reset(new Browser(world), "000000");
      responses.push(typed.ok ? "ok" : typed.refusal.code);
    }
    expect(responses).toEqual([...Array<string>(10).fill("code_invalid"), "too_many_attempts"]);
  });

  test("a refused new password costs no attempt", async () => {
    const { browser, code } = await forgetful();
    for (const [password, told] of [
      ["kettlevoyag", "password_too_short"],
      ["", "password_missing"],
      [[validPassword], "password_missing"],
      ["kv".repeat(513), "password_too_long"],
    ] as const)
      expect(await reset(browser, code, ada, password)).toEqual(
        refused(told, { field: "password" }),
      );
    expect(await tries()).toEqual({ n: 0 });
    expect(await reset(browser, code)).toEqual(welcome);
  });

  test("neither an overloaded hasher nor a bug costs an attempt", async () => {
    const { browser, code } = await forgetful();
    const where = (world: TestWorld) =>
      browser.run(
        redeemPasswordResetCode,
        { email: ada, code, password: validPassword },
        { world },
      );
    expect(await where(overloadedHasher(world))).toEqual(refused("overloaded"));
    await expect(where(failingHasher(world))).rejects.toThrow();
    expect(await tries()).toEqual({ n: 0 });
    expect(await reset(browser, code)).toEqual(welcome);
  });
});

test("a disabled user is told so after the right code, and nothing of the account changes (S5)", async () => {
  const { browser, code } = await forgetful();
  const before = await hashOf(world, ada);
  await disable(world, ada);
  expect(await reset(browser, wrong(code))).toEqual(refused("code_invalid"));
  expect(await reset(browser, code)).toEqual(refused("account_disabled"));
  expect(browser.session).toBeNull();
  expect(await hashOf(world, ada)).toBe(before);
});

test("the page does not exist where passwords are disabled", async () => {
  const links = world.with({ env: testEnv({ SIGN_IN_METHODS: "magic_link" }) });
  expect(await reset(new Browser(links), "123456")).toEqual(refused("not_found"));
});

test("whatever statement the database fails at: the password is new, or the code still works", async () => {
  const { browser, code } = await forgetful();
  const before = await dump(world, "limits");
  for (let after = 0; ; after += 1) {
    world.failDatabaseAfter(after);
    const result = await reset(browser, code);
    world.restoreDatabase();
    if (result.ok) break;
    expect(result).toEqual(refused("unavailable"));
    expect(await dump(world, "limits")).toBe(before);
    await forgetLimits(world);
  }
});
