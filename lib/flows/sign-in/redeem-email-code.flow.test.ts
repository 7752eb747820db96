import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { row, rows } from "@/db/rows";
import { readSession } from "@/lib/flows/sessions/read-session";
import { bounds, intervals } from "@/lib/core/policy";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { refused, setUpWorld } from "@/test/support/setup";
import { testEnv, type TestWorld } from "@/test/support/world";
import { readPendingRequest } from "./read-pending-request";
import { redeemEmailCode } from "./redeem-email-code";

const world = await setUpWorld();
const generous = world.with({
  env: testEnv({ EMAILS_PER_ADDRESS: "1000", EMAIL_REQUESTS_PER_IP: "1000" }),
});

const ada = "ada@example.com";
const leo = "leo@example.com";
const welcome = { ok: true, value: { next: "" } };

const waiting = async (where: TestWorld = world, address = ada) => {
  const browser = new Browser(where);
  await browser.requestLink(address);
  return { browser, letter: await where.letterTo(address) };
};

/** The n-th code that is not this one. */
const wrong = (code: string, n = 1) => String((Number(code) + n) % 1_000_000).padStart(6, "0");

const tries = () =>
  rows<{ tries: number }>(
    world.db,
    sql`select attempts as tries from verifications order by created_at`,
  );

test.each([
  ["9:59", 599, welcome],
  ["10:00", 600, refused("code_invalid", { cause: "none" })],
  ["10:01", 601, refused("code_invalid", { cause: "none" })],
])("a code typed %s after the email was sent (L1)", async (_, passed, outcome) => {
  await world.withFrozenTime(async (world) => {
    const browser = new Browser(world);
    await browser.requestLink(ada);
    await world.advance(300);
    const { code } = await world.letterTo(ada);
    await world.advance(passed);
    expect(await browser.submitCode(code, ada)).toEqual(outcome);
  });
});

test("when the code has expired, the link of the same email still works", async () => {
  const { browser, letter } = await waiting();
  await world.advance(1800);
  expect(await browser.submitCode(letter.code, ada)).toEqual(refused("code_invalid"));
  expect(await browser.openLink(letter)).toEqual(welcome);
});

describe("where a code works (L5)", () => {
  test("in the requesting browser, once, whatever is typed around the digits", async () => {
    const { browser, letter } = await waiting();
    const spaced = ` ${letter.code.slice(0, 3)}-${letter.code.slice(3)} `;
    expect(await browser.submitCode(spaced, " ADA@example.com")).toEqual(welcome);
    expect(await browser.run(readSession)).toMatchObject({ value: { email: ada } });
    // Until then its browser may repeat it.
    await world.advance(intervals.repeat);
    expect(await browser.submitCode(letter.code, ada)).toEqual(refused("code_invalid"));
  });

  test("nowhere else, not even for a person who reads the email and knows the address", async () => {
    const { browser, letter } = await waiting();
    const otherBrowser = new Browser(world);
    expect(await otherBrowser.submitCode(letter.code, ada)).toEqual(
      refused("code_invalid", { cause: "none" }),
    );
    const asksToo = await waiting(world, leo);
    expect(await asksToo.browser.submitCode(letter.code, ada)).toEqual(refused("code_invalid"));
    expect(await tries()).toEqual([{ tries: 0 }, { tries: 0 }]);
    expect(await browser.submitCode(letter.code, ada)).toEqual(welcome);
  });

  test("with the requested address", async () => {
    const { browser, letter } = await waiting();
    expect(await browser.submitCode(letter.code, leo)).toEqual(refused("code_invalid"));
    expect(await tries()).toEqual([{ tries: 0 }]);
  });

  test("a second email's code works, and so does the first one's until it expires", async () => {
    const { browser, letter: first } = await waiting();
    await world.advance(60);
    await browser.requestLink(ada);
    await world.deliver();
    expect(await browser.submitCode(first.code, ada)).toEqual(welcome);
    const [, second] = world.lettersTo(ada);
    expect(await browser.openLink(second!)).toEqual(refused("link_invalid", { cause: "voided" }));
  });
});

describe("attempts", () => {
  test("after five wrong codes the right one is refused too; the link still works (L5)", async () => {
    const { browser, letter } = await waiting();
    for (let i = 1; i <= 5; i += 1)
      expect(await browser.submitCode(wrong(letter.code, i), ada)).toEqual(
        refused("code_invalid", { field: "code", cause: "wrong" }),
      );
    expect(await browser.submitCode(letter.code, ada)).toEqual(
      refused("too_many_attempts", { field: "code", cause: "too_many" }),
    );
    expect(await tries()).toEqual([{ tries: 5 }]);
    expect(await browser.openLink(letter)).toEqual(welcome);
  });

  test("the fifth attempt may be the right one", async () => {
    const { browser, letter } = await waiting();
    for (let i = 1; i <= 4; i += 1) await browser.submitCode(wrong(letter.code, i), ada);
    expect(await browser.submitCode(letter.code, ada)).toEqual(welcome);
  });

  test("a refused attempt stays counted and has its audit row", async () => {
    const { browser, letter } = await waiting();
    await browser.submitCode(wrong(letter.code), ada);
    expect(await tries()).toEqual([{ tries: 1 }]);
    expect((await world.audit()).at(-1)).toMatchObject({
      event: "email_code.redeem",
      outcome: "code_invalid",
      cause: "wrong",
      identifier: ada,
      ip: browser.ip,
    });
  });

  test("ten codes an hour for an address, whatever is resent, from any browser and IP (R3)", async () => {
    const responses = [];
    for (let i = 0; i < 12; i += 1) {
      const { browser, letter } = await waiting(generous);
      const typed = await browser.submitCode(wrong(letter.code), ada);
      responses.push(typed.ok ? "ok" : typed.refusal.code);
    }
    expect(responses).toEqual([
      ...Array<string>(10).fill("code_invalid"),
      "too_many_attempts",
      "too_many_attempts",
    ]);
    const { browser, letter } = await waiting(generous);
    expect(await browser.submitCode(letter.code, ada)).toEqual(
      refused("too_many_attempts", {
        field: "code",
        retryAfter: expect.toSatisfy((s: number) => s > 3500) as never,
      }),
    );
    expect(await browser.openLink(letter)).toEqual(welcome);
  });

  test("twenty codes a day (R3)", async () => {
    const hour = async () => {
      let refusedAt = 0;
      const { browser, letter } = await waiting(generous);
      for (; refusedAt < 11; refusedAt += 1) {
        const typed = await browser.submitCode(wrong(letter.code), ada);
        if (!typed.ok && typed.refusal.cause === undefined) break;
      }
      await world.advance(3600);
      return refusedAt;
    };
    expect([await hour(), await hour(), await hour()]).toEqual([10, 10, 0]);
    await world.advance(22 * 3600);
    expect(await hour()).toBe(10);
  });

  test("an address without a request has the same budget (R3)", async () => {
    const responses = [];
    for (let i = 0; i < 11; i += 1) {
      const typed = await new Browser(world).submitCode("123456", leo);
      responses.push(typed.ok ? "ok" : typed.refusal.code);
    }
    expect(responses).toEqual([...Array<string>(10).fill("code_invalid"), "too_many_attempts"]);
  });

  test("another spelling of an address shares its budget", async () => {
    for (let i = 0; i < 10; i += 1)
      await new Browser(world).submitCode("123456", i % 2 ? "Ada@Example.com" : ` ${ada}`);
    expect(await new Browser(world).submitCode("123456", ada)).toEqual(
      refused("too_many_attempts", { field: "code" }),
    );
  });

  test("sixty codes an hour from one IP, whatever the addresses (R3)", async () => {
    const ip = "198.51.100.7";
    for (let i = 0; i < 60; i += 1)
      await new Browser(world, { ip }).submitCode("123456", `person${i}@example.com`);
    const { browser, letter } = await waiting();
    browser.ip = ip;
    expect(await browser.submitCode(letter.code, ada)).toEqual(refused("too_many_requests"));
    expect(await tries()).toEqual([{ tries: 0 }]);
  });
});

test("attempts do not reveal whether an address has an account or an email (L8)", async () => {
  const closed = world.with({ env: testEnv({ SIGN_UP: "closed" }) });
  await new Browser(world).signIn(ada);
  await world.advance(3600);
  const answersFor = async (address: string) => {
    const browser = new Browser(closed);
    await browser.requestLink(address);
    const { code } = address === ada ? await world.letterTo(ada) : { code: "500000" };
    const responses = [];
    for (let i = 1; i <= 7; i += 1) {
      let typed: unknown;
      const statements = await world.statementsOf(async () => {
        typed = await browser.submitCode(wrong(code, i), address);
      });
      const { refusal } = typed as { refusal: { code: string; field?: string } };
      responses.push([refusal.code, refusal.field, statements.length]);
    }
    const waiting = await browser.run(readPendingRequest);
    return {
      responses,
      waiting: waiting.ok && waiting.value.codeSpent,
      cookieChanges: browser.cookieChanges,
    };
  };
  const known = await answersFor(ada);
  expect(known.responses.map(([code]) => code)).toEqual([
    ...Array<string>(5).fill("code_invalid"),
    "too_many_attempts",
    "too_many_attempts",
  ]);
  expect(await answersFor(leo)).toEqual(known);
  for (let i = 0; i < 3; i += 1) await new Browser(closed).requestLink("mallory@example.com");
  // Her fourth email of the hour: withheld for another reason, with the same attempts.
  expect(await answersFor("mallory@example.com")).toEqual(known);
});

test("a code signs in like its link: account, log, remembered session, wanted page", async () => {
  const browser = new Browser(world);
  await browser.requestLink(ada, { remember: "on", next: "/account" });
  const { code } = await world.letterTo(ada);
  expect(await browser.submitCode(code, ada)).toEqual({ ok: true, value: { next: "/account" } });
  expect(browser.newSession.lifetime).toBe(90 * 86_400);
  expect((await world.audit()).at(-1)).toMatchObject({
    event: "email_code.redeem",
    outcome: "ok",
    cause: "signed_up",
    subject: await world.userIdOf(ada),
  });
});

test("a used code refunds its request's count (R2)", async () => {
  const ip = "198.51.100.7";
  for (let i = 0; i < 7; i += 1) {
    const address = `person${i}@example.com`;
    const browser = new Browser(world, { ip });
    expect((await browser.requestLink(address)).ok).toBe(true);
    expect((await browser.submitCode((await world.letterTo(address)).code, address)).ok).toBe(true);
    await browser.finishResponse();
  }
});

test("a disabled user is told so only after the right code (S5)", async () => {
  await new Browser(world).signIn(ada);
  const { browser, letter } = await waiting();
  await world.writeDirectly((tx) => tx.execute(sql`update users set disabled_at = now()`));
  expect(await browser.submitCode(wrong(letter.code), ada)).toEqual(refused("code_invalid"));
  expect(await browser.submitCode(letter.code, ada)).toEqual(refused("account_disabled"));
  expect(browser.session).toBeNull();
});

test("a sign-up that closes between request and code creates no account", async () => {
  const { browser, letter } = await waiting();
  const typed = await browser.run(
    redeemEmailCode,
    { email: ada, code: letter.code },
    { world: world.with({ env: testEnv({ SIGN_UP: "closed" }) }) },
  );
  expect(typed).toEqual(refused("sign_up_closed"));
  expect(await rows(world.db, sql`select 1 from users`)).toEqual([]);
});

test("whatever statement the database fails at: the person is signed in, or the code still works", async () => {
  const { browser, letter } = await waiting();
  const before = await dump(world, "limits");
  for (let after = 0; ; after += 1) {
    world.failDatabaseAfter(after);
    const result = await browser.submitCode(letter.code, ada);
    world.restoreDatabase();
    if (result.ok) break;
    expect(result).toEqual(refused("unavailable"));
    expect(await dump(world, "limits")).toBe(before);
    // Counted before the fault, and not part of this test.
    await world.writeDirectly((tx) => tx.execute(sql`delete from limits`));
  }
});

describe("concurrent requests", () => {
  test("two hundred guesses at one code: five are compared", async () => {
    const { browser, letter } = await waiting();
    const responses = await Promise.all(
      Array.from({ length: 200 }, (_, i) => {
        const tab = new Browser(world);
        tab.mailRequest = browser.mailRequest;
        return tab.submitCode(wrong(letter.code, i + 1), ada);
      }),
    );
    expect(responses.every(({ ok }) => !ok)).toBe(true);
    expect(responses.filter((a) => !a.ok && a.refusal.cause === "wrong")).toHaveLength(5);
    expect(responses.filter((a) => !a.ok && a.refusal.cause === "too_many")).toHaveLength(5);
    expect(await tries()).toEqual([{ tries: 5 }]);
  });

  test("the right code ten times: one is used, three repeat it, and there is one session", async () => {
    const { browser, letter } = await waiting();
    const responses = await Promise.all(
      Array.from({ length: 10 }, () => {
        const tab = new Browser(world);
        tab.mailRequest = browser.mailRequest;
        return tab.submitCode(letter.code, ada);
      }),
    );
    expect(responses.filter(({ ok }) => ok)).toHaveLength(1 + bounds.repeats);
    const used = (await world.audit()).filter(
      ({ event, outcome, cause }) =>
        event === "email_code.redeem" && outcome === "ok" && cause !== "repeated",
    );
    expect(used).toHaveLength(1);
    expect(await row(world.db, sql`select count(*)::int as n from sessions`)).toEqual({ n: 1 });
  });
});
