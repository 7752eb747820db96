import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { row, rows } from "@/db/rows";
import { listAuthProviders } from "@/lib/flows/account/list-auth-providers";
import { readSession } from "@/lib/flows/sessions/read-session";
import { days, hours } from "@/lib/core/duration";
import { bounds, intervals } from "@/lib/core/policy";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { refused, setUpWorld } from "@/test/support/setup";
import {
  DatabaseGone,
  type ReadLetter,
  testEnv,
  testKeys,
  type TestWorld,
} from "@/test/support/world";
import { redeemEmailCode } from "./redeem-email-code";
import { redeemMagicLink } from "./redeem-magic-link";

const world = await setUpWorld();
const closed = world.with({ env: testEnv({ SIGN_UP: "closed" }) });

const ada = "ada@example.com";
const leo = "leo@example.com";
const welcome = { ok: true, value: { next: "" } };

/** A browser that requested a link, and its email. */
const waiting = async (where: TestWorld = world, address = ada) => {
  const browser = new Browser(where);
  await browser.requestLink(address);
  return { browser, letter: await where.letterTo(address) };
};

const count = async (what: ReturnType<typeof sql>) =>
  (await row<{ n: number }>(world.db, sql`select count(*)::int as n from ${what}`))!.n;

const disable = () =>
  world.writeDirectly((tx) => tx.execute(sql`update users set disabled_at = now()`));

describe("a link's lifetime (L1)", () => {
  test.each([
    ["59:59", 3599, welcome],
    ["60:00", 3600, refused("link_invalid", { cause: "expired" })],
    ["60:01", 3601, refused("link_invalid", { cause: "expired" })],
  ])("opened %s after the email was sent", async (_, passed, outcome) => {
    await world.withFrozenTime(async (world) => {
      const { browser, letter } = await waiting(world);
      await world.advance(passed);
      expect(await browser.openLink(letter)).toEqual(outcome);
    });
  });

  test("the hour begins with the first attempt to send, not with the request and not with a later attempt", async () => {
    await world.withFrozenTime(async (world) => {
      const browser = new Browser(world);
      await browser.requestLink(ada);
      await world.advance(1800);
      const { token } = await world.letterTo(ada);
      await world.advance(3599);
      expect(await browser.openLink({ token })).toEqual(welcome);
    });
  });

  test("an operator may set another lifetime", async () => {
    const brief = testEnv({ LINK_LIFETIME_MINUTES: "5" });
    await world.withFrozenTime(async (world) => {
      const { browser, letter } = await waiting(world.with({ env: brief }));
      await world.advance(300);
      expect(await browser.openLink(letter)).toEqual(refused("link_invalid"));
    });
  });

  test("a clock of the app that is an hour wrong changes nothing", async () => {
    for (const wrong of [-hours(1), hours(1)]) {
      const off = world.with({ clock: { now: () => new Date(Date.now() + wrong * 1000) } });
      const { browser, letter } = await waiting(off, `ada${wrong}@example.com`);
      expect((await browser.openLink(letter)).ok).toBe(true);
    }
  });
});

describe("single use (L2, L3)", () => {
  /** Every kind of invalid link, opened in the requesting browser. */
  const dead: Record<
    string,
    () => Promise<{ browser: Browser; letter: Pick<ReadLetter, "token"> }>
  > = {
    async expired() {
      const asked = await waiting();
      await world.advance(3601);
      return asked;
    },
    async used() {
      const asked = await waiting();
      await asked.browser.openLink(asked.letter);
      // Until then its browser may repeat it.
      await world.advance(intervals.repeat);
      return asked;
    },
    async voided() {
      const first = await waiting();
      const second = await waiting();
      await second.browser.openLink(second.letter);
      return first;
    },
    async tampered() {
      const { browser, letter } = await waiting();
      const last = letter.token.at(-1) === "A" ? "B" : "A";
      return { browser, letter: { token: letter.token.slice(0, -1) + last } };
    },
    async shortened() {
      const { browser, letter } = await waiting();
      return { browser, letter: { token: letter.token.slice(0, -1) } };
    },
    async lengthened() {
      const { browser, letter } = await waiting();
      return { browser, letter: { token: `${letter.token}A` } };
    },
    async "in capitals"() {
      const { browser, letter } = await waiting();
      return { browser, letter: { token: letter.token.toUpperCase() } };
    },
    async empty() {
      const { browser } = await waiting();
      return { browser, letter: { token: "" } };
    },
    async "a session's token"() {
      const { browser, letter } = await waiting();
      await browser.openLink(letter);
      return { browser, letter: { token: browser.session! } };
    },
  };
  const causes: Record<string, string> = { expired: "expired", used: "used", voided: "voided" };

  test.each(Object.keys(dead))(
    "a link that is %s gets link_invalid; the reason is only in the audit log",
    async (kind) => {
      const { browser, letter } = await dead[kind]!();
      const before = await dump(world, "audit_events");
      browser.cookieChanges = {};
      const result = await browser.openLink(letter);
      expect(result).toEqual(refused("link_invalid"));
      expect(browser.cookieChanges).toEqual({});
      expect((await world.audit()).at(-1)).toMatchObject({
        event: "magic_link.redeem",
        outcome: "link_invalid",
        cause: causes[kind] ?? "unknown",
      });
      const unchanged = (text: string) =>
        text.split("\n").filter((textLine) => !/"(event_id|hits)"/.test(textLine));
      expect(unchanged(await dump(world, "audit_events"))).toEqual(unchanged(before));
    },
  );

  test("the first success voids the other links to the address, and no other user's (L4)", async () => {
    const first = await waiting();
    const second = await waiting();
    const others = await waiting(world, leo);
    expect(await second.browser.openLink(second.letter)).toEqual(welcome);
    expect(await first.browser.openLink(first.letter)).toEqual(
      refused("link_invalid", { cause: "voided" }),
    );
    expect(await first.browser.submitCode(first.letter.code, ada)).toEqual(refused("code_invalid"));
    expect(await others.browser.openLink(others.letter)).toEqual(welcome);
  });

  test("a used link's code is used up too", async () => {
    const { browser, letter } = await waiting();
    await browser.openLink(letter);
    expect(await browser.submitCode(letter.code, ada)).toEqual(refused("code_invalid"));
  });
});

describe("in a browser that did not request it (L5)", () => {
  test("nothing is consumed without the whole address", async () => {
    const { browser, letter } = await waiting();
    const scanner = new Browser(world);
    for (const typed of [
      undefined,
      "",
      "ada",
      "a**@example.com",
      leo,
      "ada@example.co",
      "x".repeat(900),
    ])
      expect(await scanner.openLink(letter, typed)).toEqual(
        refused("email_mismatch", { field: "email" }),
      );
    expect(scanner.session).toBeNull();
    expect(await count(sql`users`)).toBe(0);
    expect(await browser.openLink(letter)).toEqual(welcome);
  });

  test("with the address, however spelled, this browser is signed in, and no other", async () => {
    const { browser, letter } = await waiting();
    const phone = new Browser(world, { name: "safari/iphone" });
    expect(await phone.openLink(letter, " Ada@EXAMPLE.com ")).toEqual(welcome);
    expect(await phone.run(readSession)).toMatchObject({ ok: true, value: { email: ada } });
    expect(browser.session).toBeNull();
    expect(await browser.run(readSession)).toEqual({ ok: true, value: null });
  });

  test("mallory's link, forwarded to leo, does not sign leo in to mallory's account", async () => {
    const { letter } = await waiting(world, "mallory@example.com");
    const leos = new Browser(world);
    expect(await leos.openLink(letter, leo)).toEqual(refused("email_mismatch"));
    expect(leos.session).toBeNull();
  });

  test("a wrong address on an invalid link reveals no more than the right one", async () => {
    const { browser, letter } = await waiting();
    await browser.openLink(letter);
    const otherBrowser = new Browser(world);
    const wrong = await otherBrowser.openLink(letter, leo);
    const right = await otherBrowser.openLink(letter, ada);
    expect(wrong).toEqual(refused("link_invalid"));
    expect(right).toEqual(refused("link_invalid"));
  });
});

describe("the result", () => {
  test("the account is created on first use, verified, with its sign-in method", async () => {
    const { browser, letter } = await waiting();
    expect(await count(sql`users`)).toBe(0);
    await browser.openLink(letter);
    expect(
      await rows(
        world.db,
        sql`select u.email, u.email_verified_at is not null as verified, p.provider
            from users u join auth_providers p on p.user_id = u.id`,
      ),
    ).toEqual([{ email: ada, verified: true, provider: "magic_link" }]);
    const entries = await browser.run(listAuthProviders);
    expect(entries).toMatchObject({ ok: true, value: [{ provider: "magic_link" }] });
  });

  test("the log tells which user signed up and signed in, and from where", async () => {
    const first = new Browser(world, { ip: "203.0.113.9", name: "safari/mac" });
    await first.signIn(ada);
    await new Browser(world).signIn(ada);
    const subject = await world.userIdOf(ada);
    const redeemed = (await world.audit()).filter(({ event }) => event === "magic_link.redeem");
    expect(redeemed).toMatchObject([
      {
        outcome: "ok",
        cause: "signed_up",
        subject,
        identifier: ada,
        ip: "203.0.113.9",
        browser: "safari/mac",
      },
      { outcome: "ok", cause: null, subject, identifier: ada },
    ]);
  });

  test("the wanted page comes with the link", async () => {
    const browser = new Browser(world);
    await browser.requestLink(ada, { next: "/account/sessions" });
    const letter = await world.letterTo(ada);
    expect(await browser.openLink(letter)).toEqual({
      ok: true,
      value: { next: "/account/sessions" },
    });
  });

  test("a session of this browser's is replaced: the old token is invalid, other sessions stay", async () => {
    const browser = new Browser(world);
    await browser.signIn(ada);
    const elsewhere = new Browser(world);
    await elsewhere.signIn(ada);
    const old = browser.session!;
    await world.advance(60);
    await browser.signIn(ada);
    expect(browser.session).not.toBe(old);
    const thief = new Browser(world);
    thief.session = old;
    expect(await thief.run(readSession)).toEqual({ ok: true, value: null });
    expect(await elsewhere.run(readSession)).toMatchObject({ value: { email: ada } });
    expect(await count(sql`sessions`)).toBe(2);
  });

  test("signing in as leo in ada's browser ends ada's session there", async () => {
    const browser = new Browser(world);
    await browser.signIn(ada);
    await browser.signIn(leo);
    expect(await browser.run(readSession)).toMatchObject({ value: { email: leo } });
    expect(await count(sql`sessions`)).toBe(1);
  });

  test("sessions last a day unused and thirty days in all; remembered ones thirty and ninety (S1)", async () => {
    const plain = new Browser(world);
    await plain.signIn(ada);
    const keeping = new Browser(world);
    await keeping.signIn(ada, { remember: "on" });
    expect(plain.newSession.lifetime).toBe(days(30));
    expect(keeping.newSession.lifetime).toBe(days(90));
    expect(
      await rows(
        world.db,
        sql`select idle_seconds as idle, extract(epoch from ends_at - created_at)::int as ends
            from sessions order by ends`,
      ),
    ).toEqual([
      { idle: hours(24), ends: days(30) },
      { idle: days(30), ends: days(90) },
    ]);
  });

  test("“keep me signed in” applies to the browser it was ticked in (S1)", async () => {
    const browser = new Browser(world);
    await browser.requestLink(ada, { remember: "on" });
    const library = new Browser(world);
    await library.openLink(await world.letterTo(ada), ada);
    expect(library.newSession.lifetime).toBe(days(30));
    expect(await rows(world.db, sql`select idle_seconds as idle from sessions`)).toEqual([
      { idle: hours(24) },
    ]);
  });

  test("rotating TOKEN_KEY keeps links, codes and sessions valid (X8)", async () => {
    const { browser, letter } = await waiting();
    const coder = await waiting(world, leo);
    const rotated = world.with({
      env: testEnv({ TOKEN_KEY: testKeys.nextToken, TOKEN_KEY_PREVIOUS: testKeys.token }),
    });
    const redeemed = await browser.run(
      redeemMagicLink,
      { token: letter.token },
      { world: rotated },
    );
    const typed = await coder.browser.run(
      redeemEmailCode,
      { email: leo, code: coder.letter.code },
      { world: rotated },
    );
    expect([redeemed, typed]).toEqual([welcome, welcome]);
    expect(await browser.run(readSession, {}, { world: rotated })).toMatchObject({
      value: { email: ada },
    });
  });
});

describe("refusals after authentication", () => {
  test("a disabled user is told so only after authentication, and gets no session (S5)", async () => {
    await new Browser(world).signIn(ada);
    const { browser, letter } = await waiting();
    await disable();
    const before = await rows(world.db, sql`select * from auth_providers`);
    const stranger = new Browser(world);
    expect(await stranger.openLink(letter)).toEqual(refused("email_mismatch"));
    expect(await browser.openLink(letter)).toEqual(refused("account_disabled"));
    expect(browser.session).toBeNull();
    expect(await rows(world.db, sql`select * from auth_providers`)).toEqual(before);
    expect((await world.audit()).at(-1)).toMatchObject({
      outcome: "account_disabled",
      subject: await world.userIdOf(ada),
      identifier: ada,
    });
    expect(await browser.openLink(letter)).toEqual(refused("link_invalid", { cause: "used" }));
  });

  test("a sign-up that closes between request and use creates no account", async () => {
    const { browser, letter } = await waiting();
    browser.cookieChanges = {};
    const redeemed = await browser.run(redeemMagicLink, { token: letter.token }, { world: closed });
    expect(redeemed).toEqual(refused("sign_up_closed"));
    expect(browser.cookieChanges).toEqual({});
    expect(await count(sql`users`)).toBe(0);
    expect((await world.audit()).at(-1)).toMatchObject({
      outcome: "sign_up_closed",
      subject: null,
      identifier: ada,
    });
  });

  test("where sign-up is closed, an existing user signs in", async () => {
    await new Browser(world).signIn(ada);
    await world.advance(60);
    const browser = new Browser(closed);
    await browser.signIn(ada);
    expect(await browser.run(readSession)).toMatchObject({ value: { email: ada } });
  });
});

test("an IP may confirm sixty links an hour, and then has to wait (R3)", async () => {
  const browser = new Browser(world);
  const responses = [];
  for (let i = 0; i < 61; i += 1) {
    const redeemed = await browser.openLink({ token: `guess${i}` });
    responses.push(redeemed.ok ? "ok" : redeemed.refusal.code);
  }
  expect(responses).toEqual([...Array<string>(60).fill("link_invalid"), "too_many_requests"]);
  await world.advance(3600);
  expect(await browser.openLink({ token: "guess" })).toEqual(refused("link_invalid"));
});

describe("when the database fails", () => {
  test("at any statement, the person is signed in, or the link still works (I3)", async () => {
    const { browser, letter } = await waiting();
    const before = await dump(world, "limits");
    let after = 0;
    for (; ; after += 1) {
      world.failDatabaseAfter(after);
      const result = await browser.openLink(letter);
      world.restoreDatabase();
      if (result.ok) break;
      expect(result).toEqual(refused("unavailable"));
      expect(await dump(world, "limits")).toBe(before);
    }
    expect(after).toBe(5);
    expect(await browser.run(readSession)).toMatchObject({ value: { email: ada } });
  });

  test("a count that cannot be refunded does not stop the sign-in", async () => {
    const { letter, browser } = await waiting();
    const limiter = {
      ...world.limiter,
      refund: () => Promise.reject(new DatabaseGone("gone")),
    };
    const redeemed = await browser.run(
      redeemMagicLink,
      { token: letter.token },
      { world: world.with({ limiter }) },
    );
    expect(redeemed).toEqual(welcome);
    expect(browser.session).not.toBeNull();
    await browser.finishResponse();
  });
});

describe("concurrent requests", () => {
  test("a link that is opened a hundred times: one session, one effect and three repetitions in the log", async () => {
    const { browser, letter } = await waiting();
    const mailRequest = browser.mailRequest;
    const tabs = Array.from({ length: 100 }, () => {
      // One cookie jar on many networks, as the test is not about the limit.
      const tab = new Browser(world);
      tab.mailRequest = mailRequest;
      return tab;
    });
    const responses = await Promise.all(tabs.map((tab) => tab.openLink(letter)));
    expect(responses.filter(({ ok }) => ok)).toHaveLength(1 + bounds.repeats);
    expect(responses.filter(({ ok }) => !ok)).toEqual(
      Array(99 - bounds.repeats).fill(refused("link_invalid", { cause: "used" })),
    );
    expect(await count(sql`sessions`)).toBe(1);
    const live = await Promise.all(tabs.map((tab) => tab.run(readSession)));
    expect(live.filter((read) => read.ok && read.value)).toHaveLength(1);
    const redeemed = sql`audit_events where event = 'magic_link.redeem' and outcome = 'ok'`;
    expect(await count(sql`${redeemed} and cause = 'repeated'`)).toBe(bounds.repeats);
    expect(await count(redeemed)).toBe(1 + bounds.repeats);
  });

  test("ada opens three links of hers at the same moment: one signs in, the others are void", async () => {
    for (let round = 0; round < 5; round += 1) {
      const address = `ada${round}@example.com`;
      const asked = [];
      for (let i = 0; i < 3; i += 1) asked.push(await waiting(world, address));
      const responses = await Promise.all(
        asked.map(({ browser, letter }) => browser.openLink(letter)),
      );
      expect(responses.map((outcome) => (outcome.ok ? "ok" : outcome.refusal.code)).sort()).toEqual(
        ["link_invalid", "link_invalid", "ok"],
      );
    }
  });

  test("link and code of one email at the same moment: one session", async () => {
    for (let round = 0; round < 5; round += 1) {
      const { browser, letter } = await waiting(world, `ada${round}@example.com`);
      const twin = new Browser(world);
      twin.mailRequest = browser.mailRequest;
      const responses = await Promise.all([
        browser.openLink(letter),
        twin.submitCode(letter.code, `ada${round}@example.com`),
      ]);
      expect(responses.filter(({ ok }) => ok)).toHaveLength(1);
      expect(responses).not.toContainEqual(refused("unavailable"));
    }
  });

  test("opening a link while others request one for the same address: every request gets a response", async () => {
    for (let round = 0; round < 5; round += 1) {
      const address = `ada${round}@example.com`;
      const { browser, letter } = await waiting(world, address);
      await waiting(world, address);
      const responses = await Promise.all([
        browser.openLink(letter),
        ...Array.from({ length: 5 }, () => new Browser(world).requestLink(address)),
      ]);
      expect(responses).not.toContainEqual(refused("unavailable"));
    }
  });
});
