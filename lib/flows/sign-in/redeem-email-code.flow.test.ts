import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { row, rows } from "@/db/rows";
import { readSession } from "@/lib/flows/sessions/read-session";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { refused, setUpWorld } from "@/test/support/setup";
import { testEnv, type TestWorld } from "@/test/support/world";
import { readWaiting } from "./read-pending-request";
import { redeemEmailCode } from "./redeem-email-code";

const world = await setUpWorld();
const generous = world.but({
  env: testEnv({ LETTERS_PER_ADDRESS: "1000", MAIL_REQUESTS_PER_IP: "1000" }),
});

const ada = "ada@example.com";
const leo = "leo@example.com";
const welcome = { ok: true, value: { next: "" } };

const waiting = async (where: TestWorld = world, address = ada) => {
  const browser = new Browser(where);
  await browser.ask(address);
  return { browser, letter: await where.letterTo(address) };
};

/** The n-th code that is not this one. */
const wrong = (code: string, n = 1) => String((Number(code) + n) % 1_000_000).padStart(6, "0");

const tries = () =>
  rows<{ tries: number }>(world.db, sql`select tries from verifications order by created_at`);

test.each([
  ["9:59", 599, welcome],
  ["10:00", 600, refused("code_wrong", { cause: "none" })],
  ["10:01", 601, refused("code_wrong", { cause: "none" })],
])("a code typed %s after the mail left (L1)", async (_, passed, answer) => {
  await world.whileTimeStands(async (world) => {
    const browser = new Browser(world);
    await browser.ask(ada);
    await world.age(300);
    const { code } = await world.letterTo(ada);
    await world.age(passed);
    expect(await browser.type(code, ada)).toEqual(answer);
  });
});

test("when the code is too old, the link of the same mail still works", async () => {
  const { browser, letter } = await waiting();
  await world.age(1800);
  expect(await browser.type(letter.code, ada)).toEqual(refused("code_wrong"));
  expect(await browser.press(letter)).toEqual(welcome);
});

describe("where a code works (L5)", () => {
  test("in the browser that asked, once, whatever is typed around the digits", async () => {
    const { browser, letter } = await waiting();
    const spaced = ` ${letter.code.slice(0, 3)}-${letter.code.slice(3)} `;
    expect(await browser.type(spaced, " ADA@example.com")).toEqual(welcome);
    expect(await browser.run(readSession)).toMatchObject({ value: { email: ada } });
    expect(await browser.type(letter.code, ada)).toEqual(refused("code_wrong"));
  });

  test("nowhere else, not even for somebody who reads the mail and knows the address", async () => {
    const { browser, letter } = await waiting();
    const other = new Browser(world);
    expect(await other.type(letter.code, ada)).toEqual(refused("code_wrong", { cause: "none" }));
    const asksToo = await waiting(world, leo);
    expect(await asksToo.browser.type(letter.code, ada)).toEqual(refused("code_wrong"));
    expect(await tries()).toEqual([{ tries: 0 }, { tries: 0 }]);
    expect(await browser.type(letter.code, ada)).toEqual(welcome);
  });

  test("under the address it was asked for", async () => {
    const { browser, letter } = await waiting();
    expect(await browser.type(letter.code, leo)).toEqual(refused("code_wrong"));
    expect(await tries()).toEqual([{ tries: 0 }]);
  });

  test("a second mail's code works, and so does the first one's while it lives", async () => {
    const { browser, letter: first } = await waiting();
    await world.age(60);
    await browser.ask(ada);
    await world.deliver();
    expect(await browser.type(first.code, ada)).toEqual(welcome);
    const [, second] = world.lettersTo(ada);
    expect(await browser.press(second!)).toEqual(refused("link_dead", { cause: "voided" }));
  });
});

describe("tries", () => {
  test("after five wrong codes the right one is refused too; the link still works (L5)", async () => {
    const { browser, letter } = await waiting();
    for (let i = 1; i <= 5; i += 1)
      expect(await browser.type(wrong(letter.code, i), ada)).toEqual(
        refused("code_wrong", { field: "code", cause: "wrong" }),
      );
    expect(await browser.type(letter.code, ada)).toEqual(
      refused("code_tries_spent", { cause: "spent" }),
    );
    expect(await tries()).toEqual([{ tries: 5 }]);
    expect(await browser.press(letter)).toEqual(welcome);
  });

  test("the fifth try may be the right one", async () => {
    const { browser, letter } = await waiting();
    for (let i = 1; i <= 4; i += 1) await browser.type(wrong(letter.code, i), ada);
    expect(await browser.type(letter.code, ada)).toEqual(welcome);
  });

  test("a refused try stays spent and has its audit row", async () => {
    const { browser, letter } = await waiting();
    await browser.type(wrong(letter.code), ada);
    expect(await tries()).toEqual([{ tries: 1 }]);
    expect((await world.audit()).at(-1)).toMatchObject({
      event: "email_code.redeem",
      outcome: "code_wrong",
      cause: "wrong",
      identifier: ada,
      ip: browser.ip,
    });
  });

  test("ten codes an hour for an address, whatever is resent, whichever browser and IP (R3)", async () => {
    const answers = [];
    for (let i = 0; i < 12; i += 1) {
      const { browser, letter } = await waiting(generous);
      const typed = await browser.type(wrong(letter.code), ada);
      answers.push(typed.ok ? "ok" : typed.refusal.code);
    }
    expect(answers).toEqual([
      ...Array<string>(10).fill("code_wrong"),
      "code_tries_spent",
      "code_tries_spent",
    ]);
    const { browser, letter } = await waiting(generous);
    expect(await browser.type(letter.code, ada)).toEqual(
      refused("code_tries_spent", {
        retryAfter: expect.toSatisfy((s: number) => s > 3500) as never,
      }),
    );
    expect(await browser.press(letter)).toEqual(welcome);
  });

  test("twenty codes a day (R3)", async () => {
    const hour = async () => {
      let refusedAt = 0;
      const { browser, letter } = await waiting(generous);
      for (; refusedAt < 11; refusedAt += 1) {
        const typed = await browser.type(wrong(letter.code), ada);
        if (!typed.ok && typed.refusal.cause === undefined) break;
      }
      await world.age(3600);
      return refusedAt;
    };
    expect([await hour(), await hour(), await hour()]).toEqual([10, 10, 0]);
    await world.age(22 * 3600);
    expect(await hour()).toBe(10);
  });

  test("an address that never asked has the same budget (R3)", async () => {
    const answers = [];
    for (let i = 0; i < 11; i += 1) {
      const typed = await new Browser(world).type("123456", leo);
      answers.push(typed.ok ? "ok" : typed.refusal.code);
    }
    expect(answers).toEqual([...Array<string>(10).fill("code_wrong"), "code_tries_spent"]);
  });

  test("another spelling of an address shares its budget", async () => {
    for (let i = 0; i < 10; i += 1)
      await new Browser(world).type("123456", i % 2 ? "Ada@Example.com" : ` ${ada}`);
    expect(await new Browser(world).type("123456", ada)).toEqual(refused("code_tries_spent"));
  });

  test("an IP types sixty codes an hour, whatever the addresses (R3)", async () => {
    const ip = "198.51.100.7";
    for (let i = 0; i < 60; i += 1)
      await new Browser(world, { ip }).type("123456", `person${i}@example.com`);
    const { browser, letter } = await waiting();
    browser.ip = ip;
    expect(await browser.type(letter.code, ada)).toEqual(refused("too_many_requests"));
    expect(await tries()).toEqual([{ tries: 0 }]);
  });
});

test("nobody learns from tries whether an account, or a letter, is behind an address (L8)", async () => {
  const closed = world.but({ env: testEnv({ SIGN_UP: "closed" }) });
  await new Browser(world).signIn(ada);
  await world.age(3600);
  const answersFor = async (address: string) => {
    const browser = new Browser(closed);
    await browser.ask(address);
    const { code } = address === ada ? await world.letterTo(ada) : { code: "500000" };
    const answers = [];
    for (let i = 1; i <= 7; i += 1) {
      let typed: unknown;
      const statements = await world.statementsOf(async () => {
        typed = await browser.type(wrong(code, i), address);
      });
      const { refusal } = typed as { refusal: { code: string; field?: string } };
      answers.push([refusal.code, refusal.field, statements.length]);
    }
    const waiting = await browser.run(readWaiting);
    return { answers, waiting: waiting.ok && waiting.value.codeSpent, handover: browser.handover };
  };
  const known = await answersFor(ada);
  expect(known.answers.map(([code]) => code)).toEqual([
    ...Array<string>(5).fill("code_wrong"),
    "code_tries_spent",
    "code_tries_spent",
  ]);
  expect(await answersFor(leo)).toEqual(known);
  for (let i = 0; i < 3; i += 1) await new Browser(closed).ask("mallory@example.com");
  // Her fourth letter of the hour: withheld for another reason, and tried alike.
  expect(await answersFor("mallory@example.com")).toEqual(known);
});

test("a code signs in like its link: account, log, kept session, wanted page", async () => {
  const browser = new Browser(world);
  await browser.ask(ada, { keep: "on", next: "/account" });
  const { code } = await world.letterTo(ada);
  expect(await browser.type(code, ada)).toEqual({ ok: true, value: { next: "/account" } });
  expect(browser.grant.lifetime).toBe(90 * 86_400);
  expect((await world.audit()).at(-1)).toMatchObject({
    event: "email_code.redeem",
    outcome: "ok",
    cause: "signed_up",
    subject: await world.userIdOf(ada),
  });
});

test("a code that is used gives its request's count back (R2)", async () => {
  const ip = "198.51.100.7";
  for (let i = 0; i < 7; i += 1) {
    const address = `person${i}@example.com`;
    const browser = new Browser(world, { ip });
    expect((await browser.ask(address)).ok).toBe(true);
    expect((await browser.type((await world.letterTo(address)).code, address)).ok).toBe(true);
    await browser.settle();
  }
});

test("a disabled person is told so only after the right code (S5)", async () => {
  await new Browser(world).signIn(ada);
  const { browser, letter } = await waiting();
  await world.plant((tx) => tx.execute(sql`update users set disabled_at = now()`));
  expect(await browser.type(wrong(letter.code), ada)).toEqual(refused("code_wrong"));
  expect(await browser.type(letter.code, ada)).toEqual(refused("account_disabled"));
  expect(browser.session).toBeNull();
});

test("sign-up that closes between asking and typing makes no account", async () => {
  const { browser, letter } = await waiting();
  const typed = await browser.run(
    redeemEmailCode,
    { email: ada, code: letter.code },
    { world: world.but({ env: testEnv({ SIGN_UP: "closed" }) }) },
  );
  expect(typed).toEqual(refused("sign_up_closed"));
  expect(await rows(world.db, sql`select 1 from users`)).toEqual([]);
});

test("whatever statement the database fails at: either the person is in, or the code still works", async () => {
  const { browser, letter } = await waiting();
  const before = await dump(world, "limits");
  for (let after = 0; ; after += 1) {
    world.breakDatabase(after);
    const result = await browser.type(letter.code, ada);
    world.mendDatabase();
    if (result.ok) break;
    expect(result).toEqual(refused("unavailable"));
    expect(await dump(world, "limits")).toBe(before);
    // Counted before the fault, and no part of what is asked here.
    await world.plant((tx) => tx.execute(sql`delete from limits`));
  }
});

describe("all at once", () => {
  test("two hundred guesses at one code: five are compared", async () => {
    const { browser, letter } = await waiting();
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) => {
        const tab = new Browser(world);
        tab.asking = browser.asking;
        return tab.type(wrong(letter.code, i + 1), ada);
      }),
    );
    expect(answers.every(({ ok }) => !ok)).toBe(true);
    expect(answers.filter((a) => !a.ok && a.refusal.cause === "wrong")).toHaveLength(5);
    expect(answers.filter((a) => !a.ok && a.refusal.cause === "spent")).toHaveLength(5);
    expect(await tries()).toEqual([{ tries: 5 }]);
  });

  test("the right code ten times: one session", async () => {
    const { browser, letter } = await waiting();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => {
        const tab = new Browser(world);
        tab.asking = browser.asking;
        return tab.type(letter.code, ada);
      }),
    );
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
    expect(await row(world.db, sql`select count(*)::int as n from sessions`)).toEqual({ n: 1 });
  });
});
