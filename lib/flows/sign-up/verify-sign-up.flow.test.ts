import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { row, rows } from "@/db/rows";
import { readSession } from "@/lib/flows/sessions/read-session";
import { days } from "@/lib/core/duration";
import { bounds, intervals } from "@/lib/core/policy";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { count, forgetLimits, hashOf, liveSecrets, methodsOf } from "@/test/support/queries";
import { otherPassword, validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { testEnv, type TestWorld } from "@/test/support/world";
import { verifySignUp } from "./verify-sign-up";

const world = await setUpWorld();
const generous = world.with({
  env: testEnv({ EMAILS_PER_ADDRESS: "1000", EMAIL_REQUESTS_PER_IP: "1000" }),
});

const ada = "ada@example.com";
const leo = "leo@example.com";
const welcome = { ok: true, value: { next: "" } };

/** A browser that signed up, and its code. */
const waiting = async (where: TestWorld = world, email = ada, password = validPassword) => {
  const browser = new Browser(where);
  await browser.signUp(email, password);
  return { browser, code: (await where.letterTo(email)).code };
};

/** The n-th code that is not this one. */
const wrong = (code: string, n = 1) => String((Number(code) + n) % 1_000_000).padStart(6, "0");

const tries = async () =>
  (
    await rows<{ tries: number }>(
      world.db,
      sql`select attempts as tries from verifications where purpose = 'sign_up' order by created_at`,
    )
  ).map(({ tries }) => tries);

describe("the right code in the requesting browser", () => {
  test("creates the user, the sign-in method and the session in one step (P2)", async () => {
    const { browser, code } = await waiting();
    expect(await browser.verify(code, ada)).toEqual(welcome);
    expect(await browser.run(readSession)).toMatchObject({ value: { email: ada } });
    expect(await methodsOf(world, ada)).toEqual(["email"]);
    expect(await row(world.db, sql`select method from sessions`)).toEqual({ method: "email" });
    expect(
      await rows(world.db, sql`select 1 from users where email_verified_at is not null`),
    ).toHaveLength(1);
    expect((await world.audit()).at(-1)).toMatchObject({
      event: "sign_up.verify",
      outcome: "ok",
      cause: "signed_up",
      subject: await world.userIdOf(ada),
      identifier: ada,
    });
    expect(await new Browser(world).signInWithPassword(ada, validPassword)).toEqual(welcome);
  });

  test("makes the browser known, and applies her session length and wanted page", async () => {
    const browser = new Browser(world);
    await browser.signUp(ada, validPassword, { remember: "on", next: "/account/methods" });
    const { code } = await world.letterTo(ada);
    expect(await browser.verify(code, ada)).toEqual({
      ok: true,
      value: { next: "/account/methods" },
    });
    expect(browser.newSession.lifetime).toBe(days(90));
    expect(browser.device).not.toBeNull();
    expect(await count(world, "known_devices")).toBe(1);
  });

  test("no input sets the role (P2)", async () => {
    const { browser, code } = await waiting();
    expect(await browser.run(verifySignUp, { email: ada, code, role: "admin" })).toEqual(
      refused("invalid_input"),
    );
    expect(await count(world, "users")).toBe(0);
  });

  test.each<[string, (code: string) => string]>([
    ["spaces and a hyphen", (code) => ` ${code.slice(0, 3)} - ${code.slice(3)} `],
    ["full-width digits", (code) => code.replace(/\d/g, (d) => "０１２３４５６７８９"[+d]!)],
    ["Arabic digits", (code) => code.replace(/\d/g, (d) => "٠١٢٣٤٥٦٧٨٩"[+d]!)],
    [
      "Devanagari digits and zero-width space",
      (code) => `\u200b${code.replace(/\d/g, (d) => "०१२३४५६७८९"[+d]!)}`,
    ],
  ])("typed with %s", async (_, typed) => {
    const { browser, code } = await waiting();
    expect(await browser.verify(typed(code), " ADA@example.com")).toEqual(welcome);
  });

  test("works once", async () => {
    const { browser, code } = await waiting();
    await browser.verify(code, ada);
    // Until then its browser may repeat it.
    await world.advance(intervals.repeat);
    expect(await browser.verify(code, ada)).toEqual(refused("code_invalid", { cause: "none" }));
    expect(await count(world, "sessions")).toBe(1);
  });

  test("signs out the previous user of this browser (rotation)", async () => {
    const browser = new Browser(world);
    await browser.signIn(leo);
    const his = browser.session;
    await browser.signUpAndVerify(ada, validPassword);
    const stale = new Browser(world);
    stale.session = his;
    expect(await stale.run(readSession)).toMatchObject({ value: null });
  });

  test("refunds its request's count (R2)", async () => {
    const ip = "198.51.100.7";
    for (let n = 0; n < 7; n += 1)
      await new Browser(world, { ip }).signUpAndVerify(`person${n}@example.com`, validPassword);
    expect(await count(world, "users")).toBe(7);
  });
});

test.each([
  ["", "code_malformed"],
  [undefined, "code_malformed"],
  ["12345", "code_malformed"],
  ["1234567", "code_malformed"],
  ["12345a", "code_malformed"],
  [["123456"], "code_malformed"],
  [{ code: "123456" }, "code_malformed"],
  [123456, "code_malformed"],
] as const)("%j is no code, and costs no attempt", async (code, refusal) => {
  const { browser } = await waiting();
  expect(await browser.run(verifySignUp, { email: ada, code })).toEqual(
    refused(refusal, { field: "code" }),
  );
  expect(await tries()).toEqual([0]);
});

test.each([
  ["9:59", 599, welcome],
  ["10:00", 600, refused("code_invalid", { cause: "none" })],
  ["10:01", 601, refused("code_invalid", { cause: "none" })],
])("typed %s after the email was sent", async (_, passed, outcome) => {
  await world.withFrozenTime(async (world) => {
    const browser = new Browser(world);
    await browser.signUp(ada, validPassword);
    await world.advance(300);
    const { code } = await world.letterTo(ada);
    await world.advance(passed);
    expect(await browser.verify(code, ada)).toEqual(outcome);
  });
});

describe("a code belongs to one sign-up and its browser (P1)", () => {
  test("ada's works in no other browser, even for a person who reads her email", async () => {
    const { browser, code } = await waiting();
    expect(await new Browser(world).verify(code, ada)).toEqual(
      refused("code_invalid", { cause: "none" }),
    );
    expect(await tries()).toEqual([0]);
    expect(await browser.verify(code, ada)).toEqual(welcome);
  });

  test("it does not work with another address", async () => {
    const { browser, code } = await waiting();
    expect(await browser.verify(code, leo)).toEqual(refused("code_invalid"));
    expect(await count(world, "users")).toBe(0);
  });

  test("a code for signing in signs nobody up, and the other way round", async () => {
    const { browser, code } = await waiting();
    expect(await browser.submitCode(code, ada)).toEqual(refused("code_invalid"));
    const asks = new Browser(world);
    await asks.requestLink(ada);
    expect(await asks.verify((await world.letterTo(ada)).code, ada)).toEqual(
      refused("code_invalid"),
    );
    expect(await browser.verify(code, ada)).toEqual(welcome);
  });

  test("using it voids every other sign-up at the address", async () => {
    const mallorys = await waiting(world, ada, otherPassword);
    const hers = await waiting(world, ada, validPassword);
    expect(await hers.browser.verify(hers.code, ada)).toEqual(welcome);
    expect(await mallorys.browser.verify(mallorys.code, ada)).toEqual(
      refused("code_invalid", { cause: "none" }),
    );
    expect(await liveSecrets(world, ada)).toEqual([]);
    expect(await new Browser(world).signInWithPassword(ada, otherPassword)).toEqual(
      refused("invalid_credentials"),
    );
  });
});

describe("an account for the address exists by now", () => {
  /** As a link opened at the same moment would: the user exists, and the sign-up is still valid. */
  const outrun = () =>
    world.writeDirectly((tx) =>
      tx.execute(sql`with inserted as (insert into users (email) values (${ada}) returning id)
        insert into auth_providers (user_id, provider) select id, 'magic_link' from inserted`),
    );

  test("a unique violation is a refusal, and changes nothing of the account", async () => {
    const { browser, code } = await waiting();
    await outrun();
    expect(await browser.verify(code, ada)).toEqual(refused("already_signed_up"));
    expect(browser.session).toBeNull();
    expect(await hashOf(world, ada)).toBeNull();
    expect(await methodsOf(world, ada)).toEqual(["magic_link"]);
    expect((await world.audit()).at(-1)).toMatchObject({ outcome: "already_signed_up" });
    expect(await browser.verify(code, ada)).toEqual(refused("code_invalid"));
  });
});

test("a sign-up that closes between request and code creates no account", async () => {
  const { browser, code } = await waiting();
  const closed = world.with({ env: testEnv({ SIGN_UP: "closed" }) });
  expect(await browser.run(verifySignUp, { email: ada, code }, { world: closed })).toEqual(
    refused("sign_up_closed"),
  );
  expect(await count(world, "users")).toBe(0);
});

test("the page does not exist where passwords are disabled", async () => {
  const { browser, code } = await waiting();
  const links = world.with({ env: testEnv({ SIGN_IN_METHODS: "magic_link" }) });
  expect(await browser.run(verifySignUp, { email: ada, code }, { world: links })).toEqual(
    refused("not_found"),
  );
});

describe("attempts (R3)", () => {
  test("after five wrong codes the right one is refused too, with a message", async () => {
    const { browser, code } = await waiting();
    for (let n = 1; n <= 5; n += 1)
      expect(await browser.verify(wrong(code, n), ada)).toEqual(
        refused("code_invalid", { cause: "wrong" }),
      );
    expect(await browser.verify(code, ada)).toEqual(
      refused("too_many_attempts", { field: "code", cause: "too_many" }),
    );
    expect(await tries()).toEqual([5]);
    expect((await world.audit()).at(-1)).toMatchObject({
      event: "sign_up.verify",
      outcome: "too_many_attempts",
      cause: "too_many",
      identifier: ada,
    });
  });

  test("ten an hour for an address, in any browser, with or without an account", async () => {
    await new Browser(world).signIn(leo);
    for (const email of [ada, leo]) {
      const responses = [];
      for (let n = 0; n < 11; n += 1) {
        const typed = await new Browser(world).verify("000000", email);
        responses.push(typed.ok ? "ok" : typed.refusal.code);
      }
      expect(responses).toEqual([...Array<string>(10).fill("code_invalid"), "too_many_attempts"]);
    }
  });

  test("its own budget: using it up does not affect sign-in by code", async () => {
    for (let n = 0; n < 11; n += 1) await new Browser(world).verify("000000", ada);
    const hers = new Browser(world);
    await hers.requestLink(ada);
    expect(await hers.submitCode((await world.letterTo(ada)).code, ada)).toEqual(welcome);
  });

  test("a decoy counts attempts like a sign-up, and shows the same waits", async () => {
    await new Browser(world).signIn(ada);
    const see = async (email: string) => {
      const browser = new Browser(generous);
      await browser.signUp(email, validPassword);
      const responses = [];
      for (let n = 0; n < 7; n += 1) {
        let typed: unknown;
        const statements = await world.statementsOf(async () => {
          typed = await browser.verify(wrong("000000", n), email);
        });
        const { code, field } = (typed as { refusal: { code: string; field?: string } }).refusal;
        responses.push([code, field, statements.length]);
      }
      return responses;
    };
    expect(await see(ada)).toEqual(await see(leo));
  });
});

test("whatever statement the database fails at: ada is signed in, or her code still works", async () => {
  const { browser, code } = await waiting();
  const before = await dump(world, "limits");
  let after = 0;
  for (; ; after += 1) {
    world.failDatabaseAfter(after);
    const result = await browser.verify(code, ada);
    world.restoreDatabase();
    if (result.ok) break;
    expect(result).toEqual(refused("unavailable"));
    expect(browser.session).toBeNull();
    expect(await dump(world, "limits")).toBe(before);
    await forgetLimits(world);
  }
  expect(after).toBe(6);
});

describe("concurrent requests", () => {
  const tabs = (browser: Browser, codes: string[]) =>
    Promise.all(
      codes.map((code) => {
        const tab = new Browser(world);
        tab.mailRequest = browser.mailRequest;
        return tab.verify(code, ada);
      }),
    );

  test("the right code fifty times: one user, one session", async () => {
    const { browser, code } = await waiting();
    const responses = await tabs(browser, Array<string>(50).fill(code));
    expect(responses.filter(({ ok }) => ok)).toHaveLength(1 + bounds.repeats);
    const created = (await world.audit()).filter(({ cause }) => cause === "signed_up");
    expect(created).toHaveLength(1);
    expect(responses).not.toContainEqual(refused("unavailable"));
    expect([await count(world, "users"), await count(world, "sessions")]).toEqual([1, 1]);
  });

  test("two hundred guesses: five are compared", async () => {
    const { browser, code } = await waiting();
    const guesses = Array.from({ length: 200 }, (_, n) => wrong(code, n + 1));
    const responses = await tabs(browser, guesses);
    expect(responses.filter((a) => !a.ok && a.refusal.cause === "wrong")).toHaveLength(5);
    expect(await tries()).toEqual([5]);
  });
});
