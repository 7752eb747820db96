import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { row } from "@/db/rows";
import { readSession } from "@/lib/flows/sessions/read-session";
import { redeemMagicLink } from "@/lib/flows/sign-in/redeem-magic-link";
import { bounds, intervals } from "@/lib/core/policy";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import {
  count,
  disable,
  forgetLimits,
  hashOf,
  lettersOf,
  liveSecrets,
  methodsOf,
} from "@/test/support/queries";
import {
  failingHasher,
  overloadedHasher,
  countingHasher,
  otherPassword,
  validPassword,
} from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { type ReadLetter, testEnv, type TestWorld } from "@/test/support/world";
import { redeemPasswordReset } from "./redeem-password-reset";
import { redeemPasswordResetCode } from "./redeem-password-reset-code";
import { requestPasswordReset } from "./request-password-reset";

const world = await setUpWorld();

const ada = "ada@example.com";
const leo = "leo@example.com";
const welcome = { ok: true, value: { next: "" } };

/** Ada, who has forgotten her password, with the email and the browser that requested it. */
const forgetful = async (where: TestWorld = world) => {
  const hers = new Browser(world);
  await hers.signUpAndVerify(ada, otherPassword);
  return { hers, ...(await forgot(where)) };
};

const forgot = async (where: TestWorld = world, email = ada) => {
  const browser = new Browser(where);
  await browser.run(requestPasswordReset, { email });
  return { browser, letter: await where.letterTo(email) };
};

const reset = (
  browser: Browser,
  { token }: Pick<ReadLetter, "token">,
  {
    password = validPassword,
    ...more
  }: { password?: unknown; email?: string; world?: TestWorld } = {},
) => {
  const { world: where, ...typed } = more;
  const input = { token, password, ...typed };
  return browser.run(redeemPasswordReset, input, where ? { world: where } : {});
};

const sessionOf = async (browser: Browser) => {
  const read = await browser.run(readSession);
  return read.ok ? (read.value?.email ?? null) : read.refusal.code;
};

describe("the link from the email (P7)", () => {
  test("sets the new password and signs in; the old password no longer works", async () => {
    const { browser, letter } = await forgetful();
    expect(await reset(browser, letter)).toEqual(welcome);
    expect(await sessionOf(browser)).toBe(ada);
    expect(await row(world.db, sql`select method from sessions`)).toEqual({ method: "email" });
    expect(await new Browser(world).signInWithPassword(ada, otherPassword)).toEqual(
      refused("invalid_credentials"),
    );
    expect(await new Browser(world).signInWithPassword(ada, validPassword)).toEqual(welcome);
    expect(
      (await world.audit()).find(({ event }) => event === "password_reset.redeem"),
    ).toMatchObject({ outcome: "ok", subject: await world.userIdOf(ada), identifier: ada });
  });

  test("ends all other sessions and forgets the devices they were on (R6)", async () => {
    const { hers, browser, letter } = await forgetful();
    const phone = new Browser(world);
    await phone.signInWithPassword(ada, otherPassword);
    await reset(browser, letter);
    expect([await sessionOf(hers), await sessionOf(phone)]).toEqual([null, null]);
    expect([await count(world, "sessions"), await count(world, "known_devices")]).toEqual([1, 1]);
    // Her laptop is no known device any more: it shares the strangers' attempts.
    await forgetLimits(world);
    for (let n = 0; n < 10; n += 1) await new Browser(world).signInWithPassword(ada, otherPassword);
    expect(await hers.signInWithPassword(ada, validPassword)).toEqual(
      refused("too_many_attempts", { field: "password" }),
    );
  });

  test("voids every other pending link and code, and none of leo's (L4)", async () => {
    const { hers, browser, letter } = await forgetful();
    await world.limiter.clear();
    const second = await forgot();
    await hers.requestLink(ada);
    const link = await world.letterTo(ada);
    const leos = new Browser(world);
    await leos.requestLink(leo);
    await reset(browser, letter);
    expect(await liveSecrets(world, ada)).toEqual([]);
    expect(await hers.openLink(link)).toEqual(refused("link_invalid", { cause: "voided" }));
    expect(await hers.submitCode(link.code, ada)).toEqual(refused("code_invalid"));
    expect(await reset(second.browser, second.letter)).toEqual(
      refused("link_invalid", { cause: "voided" }),
    );
    expect(await leos.openLink(await world.letterTo(leo))).toEqual(welcome);
  });

  test("emails the owner which browser did it, and whether it was the first password (A2)", async () => {
    const { browser, letter } = await forgetful();
    await reset(browser, letter);
    const { message } = await world.letterTo(ada);
    expect(message.subject).toBe("Your Latchkey password was changed");
    expect(message.text).toContain("Firefox on Linux");
    expect(await lettersOf(world, ada)).toEqual([
      "sign_up_code sent",
      "password_reset sent",
      "password_chosen sent",
    ]);
    expect([...world.secrets.tokens].some((token) => message.text.includes(token))).toBe(false);
  });

  test("sets a first password for a user without one (L9)", async () => {
    const hers = new Browser(world);
    await hers.signIn(ada);
    await world.limiter.clear();
    const { browser, letter } = await forgot();
    expect(await reset(browser, letter)).toEqual(welcome);
    expect(await methodsOf(world, ada)).toEqual(["email", "magic_link"]);
    expect((await world.letterTo(ada)).message.subject).toBe("A password was set for Latchkey");
  });

  test("refunds its request's count (R2)", async () => {
    const ip = "198.51.100.7";
    for (let n = 0; n < 6; n += 1) {
      const email = `person${n}@example.com`;
      await new Browser(world).signIn(email);
      const browser = new Browser(world, { ip });
      expect((await browser.run(requestPasswordReset, { email })).ok).toBe(true);
      expect(await reset(browser, await world.letterTo(email))).toEqual(welcome);
      await browser.finishResponse();
    }
  });

  test("signs out the previous user of this browser (rotation)", async () => {
    const { browser, letter } = await forgetful();
    browser.session = null;
    await browser.signIn(leo);
    const his = new Browser(world);
    his.session = browser.session;
    expect(await reset(browser, letter)).toEqual(welcome);
    expect([await sessionOf(browser), await sessionOf(his)]).toEqual([ada, null]);
  });
});

describe("in a browser that did not request it (L5)", () => {
  test("nothing is consumed before the whole address is typed, and nothing is hashed", async () => {
    const { letter } = await forgetful();
    const { world: counted, work } = countingHasher(world);
    const before = await hashOf(world, ada);
    for (const email of [undefined, "", "a**@example.com", leo, "ada"]) {
      const elsewhere = new Browser(counted);
      expect(await reset(elsewhere, letter, email === undefined ? {} : { email })).toEqual(
        refused("email_mismatch", { field: "email" }),
      );
      expect(elsewhere.cookieChanges).toEqual({});
    }
    expect(work).toEqual({ hashed: 0, compared: 0 });
    expect(await hashOf(world, ada)).toBe(before);
    expect(await liveSecrets(world, ada)).toEqual(["password_reset"]);
    expect(await reset(new Browser(world), letter, { email: " ADA@example.com " })).toEqual(
      welcome,
    );
  });

  test("mallory requests a reset for ada: the email is hers alone, and his browser opens nothing", async () => {
    await new Browser(world).signUpAndVerify(ada, otherPassword);
    const { browser: mallory } = await forgot();
    for (const token of [...world.secrets.tokens])
      if (world.lettersTo(ada).every((letter) => letter.token !== token))
        expect(await reset(mallory, { token }, { email: ada })).toEqual(refused("link_invalid"));
    expect((await new Browser(world).signInWithPassword(ada, otherPassword)).ok).toBe(true);
  });
});

describe("an invalid link is refused (L3)", () => {
  test.each([
    ["59:59", 3599, welcome],
    ["60:00", 3600, refused("link_invalid", { cause: "expired" })],
    ["60:01", 3601, refused("link_invalid", { cause: "expired" })],
  ])("opened %s after the email was sent (L1)", async (_, passed, outcome) => {
    await world.withFrozenTime(async (world) => {
      const hers = new Browser(world);
      await hers.signUpAndVerify(ada, otherPassword);
      await hers.run(requestPasswordReset, { email: ada });
      await world.advance(300);
      const letter = await world.letterTo(ada);
      await world.advance(passed);
      expect(await reset(hers, letter)).toEqual(outcome);
    });
  });

  test("used, tampered, unknown, or of another purpose", async () => {
    const { browser, letter } = await forgetful();
    await reset(browser, letter);
    // Until then its browser may repeat it.
    await world.advance(intervals.repeat);
    await browser.requestLink(leo);
    const link = await world.letterTo(leo);
    const tokens: [string, string][] = [
      [letter.token, "used"],
      [letter.token.slice(0, -1), "unknown"],
      [`${letter.token}A`, "unknown"],
      [letter.token.toUpperCase(), "unknown"],
      [link.token, "unknown"],
      [browser.session!, "unknown"],
      ["", "unknown"],
    ];
    for (const [token, cause] of tokens) {
      expect(await reset(browser, { token }, { email: ada })).toEqual(
        refused("link_invalid", { cause }),
      );
      expect((await world.audit()).at(-1)).toMatchObject({
        event: "password_reset.redeem",
        outcome: "link_invalid",
        cause,
      });
    }
    expect(await browser.run(redeemMagicLink, { token: letter.token, email: ada })).toEqual(
      refused("link_invalid", { cause: "unknown" }),
    );
    expect(await browser.openLink(link)).toEqual(welcome);
  });

  test("the token of a sign-up opens nothing here, whether or not it was sent", async () => {
    const mallory = new Browser(world);
    await mallory.signUp(ada, validPassword);
    for (const token of [...world.secrets.tokens])
      expect(await reset(mallory, { token }, { email: ada })).toEqual(
        refused("link_invalid", { cause: "unknown" }),
      );
    expect([await count(world, "users"), await count(world, "sessions")]).toEqual([0, 0]);
  });
});

describe("a refused password consumes nothing", () => {
  test.each([
    ["", "password_missing"],
    [undefined, "password_missing"],
    [[validPassword], "password_missing"],
    ["kettlevoyag", "password_too_short"],
    ["kv".repeat(513), "password_too_long"],
  ] as const)("%j", async (password, code) => {
    const { browser, letter } = await forgetful();
    const input = { token: letter.token, password };
    expect(await browser.run(redeemPasswordReset, input)).toEqual(
      refused(code, { field: "password" }),
    );
    expect(await reset(browser, letter)).toEqual(welcome);
  });

  test("neither does an overloaded hasher, or a bug", async () => {
    const { browser, letter } = await forgetful();
    expect(await reset(browser, letter, { world: overloadedHasher(world) })).toEqual(
      refused("overloaded"),
    );
    await expect(reset(browser, letter, { world: failingHasher(world) })).rejects.toThrow();
    expect(await new Browser(world).signInWithPassword(ada, otherPassword)).toEqual(welcome);
    expect(await reset(browser, letter)).toEqual(welcome);
  });
});

test("a disabled user is told so after authentication, and nothing of the account changes (S5)", async () => {
  const { browser, letter } = await forgetful();
  const before = await hashOf(world, ada);
  await disable(world, ada);
  expect(await reset(new Browser(world), letter)).toEqual(refused("email_mismatch"));
  expect(await reset(browser, letter)).toEqual(refused("account_disabled"));
  expect(browser.session).toBeNull();
  expect(await hashOf(world, ada)).toBe(before);
  expect(await world.deliver()).toEqual([]);
  expect(await reset(browser, letter)).toEqual(refused("link_invalid", { cause: "used" }));
});

test("the page does not exist where passwords are disabled", async () => {
  const { browser, letter } = await forgetful();
  const links = world.with({ env: testEnv({ SIGN_IN_METHODS: "magic_link" }) });
  expect(await reset(browser, letter, { world: links })).toEqual(refused("not_found"));
});

test("an IP may confirm sixty links an hour (R3)", async () => {
  const ip = "198.51.100.7";
  const mallory = new Browser(world, { ip });
  for (let n = 0; n < 60; n += 1) await reset(mallory, { token: "x".repeat(43) });
  const { letter } = await forgetful();
  expect(await reset(mallory, letter, { email: ada })).toEqual(refused("too_many_requests"));
});

test("whatever statement the database fails at: the password is new, or the link still works", async () => {
  const { browser, letter } = await forgetful();
  const before = await dump(world, "limits");
  let after = 0;
  for (; ; after += 1) {
    world.failDatabaseAfter(after);
    const result = await reset(browser, letter);
    world.restoreDatabase();
    if (result.ok) break;
    expect(result).toEqual(refused("unavailable"));
    expect(browser.session).toBeNull();
    expect(await dump(world, "limits")).toBe(before);
    await forgetLimits(world);
  }
  expect(after).toBe(6);
});

test("of twenty requests at once, one sets the password, three repeat it, and one email is sent", async () => {
  const { browser, letter } = await forgetful();
  const tabs = Array.from({ length: 20 }, () => {
    const tab = new Browser(world);
    tab.mailRequest = browser.mailRequest;
    return tab;
  });
  const responses = await Promise.all(tabs.map((tab) => reset(tab, letter)));
  expect(responses.filter(({ ok }) => ok)).toHaveLength(1 + bounds.repeats);
  const set = (await world.audit()).filter(
    ({ event, outcome, cause }) => [event, outcome, cause].join() === "password_reset.redeem,ok,",
  );
  expect(set).toHaveLength(1);
  const live = await Promise.all(tabs.map((tab) => tab.run(readSession)));
  expect(live.filter((read) => read.ok && read.value)).toHaveLength(1);
  expect(responses).not.toContainEqual(refused("unavailable"));
  expect(await count(world, "sessions")).toBe(1);
  expect(await world.deliver()).toHaveLength(1);
});

test("of link and code of one email at once, one works", async () => {
  for (let round = 0; round < 5; round += 1) {
    const { browser, letter } = await forgetful();
    const tab = new Browser(world);
    tab.mailRequest = browser.mailRequest;
    const input = { email: ada, code: letter.code, password: validPassword };
    const responses = await Promise.all([
      reset(browser, letter),
      tab.run(redeemPasswordResetCode, input),
    ]);
    expect(responses.filter(({ ok }) => ok)).toHaveLength(1);
    expect(responses).not.toContainEqual(refused("unavailable"));
    expect(await count(world, "sessions")).toBe(1);
    await world.reset();
  }
});
