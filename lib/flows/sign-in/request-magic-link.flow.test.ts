import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { rows } from "@/db/rows";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { refused, setUpWorld } from "@/test/support/setup";
import { testEnv, type TestWorld } from "@/test/support/world";
import { redeemMagicLink } from "./redeem-magic-link";
import { requestMagicLink } from "./request-magic-link";

const world = await setUpWorld();
const closed = world.with({ env: testEnv({ SIGN_UP: "closed" }) });
/** Limits that do not affect the rest of the test. */
const generous = world.with({
  env: testEnv({ EMAILS_PER_ADDRESS: "1000", EMAIL_REQUESTS_PER_IP: "1000" }),
});

const ada = "ada@example.com";
const leo = "leo@example.com";

const letters = (to: string) =>
  rows<{ kind: string; state: string; reason: string | null }>(
    world.db,
    sql`select kind, state, reason from outbox where to_address = ${to} order by created_at`,
  );

const liveLinks = async (of: string) =>
  (
    await rows<{ marked: boolean }>(
      world.db,
      sql`select from_known_device as marked from verifications where identifier = ${of}
          and not is_decoy and consumed_at is null and voided_at is null and expires_at > now()`,
    )
  ).map(({ marked }) => marked);

/** An account for this address, created as people create one. */
const signUp = async (address: string) => {
  const browser = new Browser(world);
  await browser.signIn(address);
  // Moves its counts out of the limits' windows.
  await world.advance(3 * 3600);
  return browser;
};

describe("what is stored of a link (L4)", () => {
  test("the token and the code are nowhere in the database, before and after the email was sent", async () => {
    const browser = new Browser(world);
    await browser.requestLink(ada);
    const queued = await dump(world);
    const { token, code } = await world.letterTo(ada);
    const sent = await dump(world);
    expect(token).toHaveLength(43);
    for (const text of [queued, sent]) {
      expect(text).not.toContain(token);
      expect(text).not.toMatch(new RegExp(`\\b${code}\\b(?!\\+)`));
    }
  });

  test("each request creates a new link and a new code", async () => {
    const browser = new Browser(world);
    await browser.requestLink(ada);
    const first = await world.letterTo(ada);
    await world.advance(60);
    await browser.requestLink(ada);
    const second = await world.letterTo(ada);
    expect(second.token).not.toBe(first.token);
    expect(second.message.id).not.toBe(first.message.id);
  });

  test("of five requested links, the latest three are valid", async () => {
    for (let i = 0; i < 5; i += 1) {
      await new Browser(generous).requestLink(ada);
      await world.deliver();
    }
    expect(await liveLinks(ada)).toHaveLength(3);
    const states = [];
    for (const letter of world.lettersTo(ada)) {
      const opened = new Browser(world);
      const result = await opened.openLink(letter, leo);
      states.push(result.ok ? "ok" : result.refusal.code);
    }
    expect(states).toEqual([
      "link_invalid",
      "link_invalid",
      "email_mismatch",
      "email_mismatch",
      "email_mismatch",
    ]);
  });

  test("strangers who request often do not void the link that ada requested from her own browser", async () => {
    const hers = await signUp(ada);
    await hers.requestLink(ada);
    const letter = await world.letterTo(ada);
    for (let i = 0; i < 10; i += 1) await new Browser(generous).requestLink(ada);
    expect(await liveLinks(ada)).toHaveLength(3);
    expect(await hers.openLink(letter)).toEqual({ ok: true, value: { next: "" } });
  });

  test("of three links requested from ada's own browser, strangers cannot void the newest two", async () => {
    const hers = await signUp(ada);
    for (let i = 0; i < 3; i += 1) {
      hers.mailRequest = null;
      await hers.requestLink(ada);
    }
    for (let i = 0; i < 10; i += 1) await new Browser(generous).requestLink(ada);
    expect((await liveLinks(ada)).filter((marked) => marked)).toHaveLength(2);
  });

  test("beyond the silent limit a stranger's request voids no link", async () => {
    const browser = new Browser(world);
    await browser.requestLink(ada);
    const letter = await world.letterTo(ada);
    for (let i = 0; i < 8; i += 1) await new Browser(world).requestLink(ada);
    expect((await browser.openLink(letter)).ok).toBe(true);
  });
});

describe("known and unknown addresses (L8)", () => {
  /** Everything about a request that could reveal an account. */
  const traits = async (where: TestWorld, address: string) => {
    const browser = new Browser(where);
    let result: unknown;
    const statements = await world.statementsOf(async () => {
      result = await browser.requestLink(address);
    });
    const { cookieChanges } = browser;
    return {
      result: JSON.parse(JSON.stringify(result).replaceAll(address, "…")) as unknown,
      // What the statements do, not whether a value is written as now() or as a parameter.
      statements: statements.map((text) => text.slice(0, 30)),
      cookieChanges,
    };
  };

  test.each([
    ["open", world],
    ["closed", closed],
  ])(
    "known and unknown addresses get one response, by the same statements: sign-up %s",
    async (_, where) => {
      await signUp(ada);
      const known = await traits(where, ada);
      const unknown = await traits(where, leo);
      expect(unknown).toEqual(known);
      expect(known.cookieChanges).toEqual({ mailRequest: true });
      expect(known.result).toEqual({ ok: true, value: { email: "…" } });
    },
  );

  test("a disabled account gets the same response as any other", async () => {
    await signUp(ada);
    await world.writeDirectly((tx) => tx.execute(sql`update users set disabled_at = now()`));
    expect(await traits(world, ada)).toEqual(await traits(world, leo));
  });

  test("an existing user gets the sign-in email, a new one the welcome email", async () => {
    await signUp(ada);
    await new Browser(world).requestLink(ada);
    await new Browser(world).requestLink(leo);
    await world.deliver();
    expect((await letters(ada)).at(-1)).toEqual({
      kind: "magic_link",
      state: "sent",
      reason: null,
    });
    expect(await letters(leo)).toEqual([{ kind: "sign_up_link", state: "sent", reason: null }]);
    expect(world.lettersTo(leo)[0]!.message.text).not.toBe(
      world.lettersTo(ada).at(-1)!.message.text,
    );
  });

  test("where sign-up is closed, a stranger's email is withheld, and its link is a decoy", async () => {
    await new Browser(closed).requestLink(leo);
    expect(await letters(leo)).toEqual([
      { kind: "sign_up_link", state: "dead", reason: "no_account" },
    ]);
    expect(await liveLinks(leo)).toEqual([]);
    expect(await world.deliver()).toEqual([]);
  });

  test("an existing user gets an email where sign-up is closed", async () => {
    await signUp(ada);
    await new Browser(closed).requestLink(ada);
    expect(await world.deliver()).toHaveLength(1);
  });
});

describe("limits", () => {
  test("the fourth email in an hour is withheld silently, after the same work (R1)", async () => {
    const responses: unknown[] = [];
    const work = [];
    for (let i = 0; i < 4; i += 1) {
      const browser = new Browser(world);
      work.push(
        (await world.statementsOf(async () => responses.push(await browser.requestLink(ada))))
          .length,
      );
      expect(browser.cookieChanges).toEqual({ mailRequest: true });
    }
    expect(responses).toEqual(Array(4).fill({ ok: true, value: { email: ada } }));
    expect(new Set(work).size).toBe(1);
    expect(await world.deliver()).toHaveLength(3);
    expect((await letters(ada)).map(({ reason }) => reason)).toEqual([
      null,
      null,
      null,
      "over_limit",
    ]);
  });

  test("an hour later emails are sent again", async () => {
    for (let i = 0; i < 4; i += 1) await new Browser(world).requestLink(ada);
    await world.deliver();
    await world.advance(3600);
    await new Browser(world).requestLink(ada);
    expect(await world.deliver()).toHaveLength(1);
  });

  test("unknown addresses have the same limits", async () => {
    for (let i = 0; i < 4; i += 1) await new Browser(closed).requestLink(leo);
    expect((await letters(leo)).map(({ reason }) => reason)).toEqual([
      "no_account",
      "no_account",
      "no_account",
      "over_limit",
    ]);
  });

  test("whatever strangers request, ada's own browser still gets three emails an hour (R1)", async () => {
    const hers = await signUp(ada);
    for (let i = 0; i < 6; i += 1) await new Browser(world).requestLink(ada);
    await world.deliver();
    const sentPerRequest = [];
    for (let i = 0; i < 4; i += 1) {
      // As another tab without the cool-down: a browser has one request cookie, a new browser none.
      hers.mailRequest = null;
      await hers.requestLink(ada);
      sentPerRequest.push((await world.deliver()).length);
    }
    expect(sentPerRequest).toEqual([1, 1, 1, 0]);
  });

  test("a device that is known to ada is not known to leo", async () => {
    const hers = await signUp(ada);
    for (let i = 0; i < 3; i += 1) await new Browser(world).requestLink(leo);
    await hers.requestLink(leo);
    expect((await letters(leo)).at(-1)!.reason).toBe("over_limit");
  });

  test("the sixth request from one IP is refused, with a time to retry (R2)", async () => {
    const ip = "198.51.100.7";
    for (let i = 0; i < 5; i += 1)
      expect((await new Browser(world, { ip }).requestLink(`person${i}@example.com`)).ok).toBe(
        true,
      );
    const sixth = await new Browser(world, { ip }).requestLink(ada);
    expect(sixth).toEqual(
      refused("too_many_requests", {
        retryAfter: expect.toSatisfy((s: number) => s > 3500 && s <= 3600) as never,
      }),
    );
    expect(await letters(ada)).toEqual([]);
    expect((await new Browser(world).requestLink(ada)).ok).toBe(true);
    await world.advance(3600);
    expect((await new Browser(world, { ip }).requestLink(ada)).ok).toBe(true);
  });

  test("one household's IPv6 addresses share the budget of their /64", async () => {
    for (let i = 1; i <= 5; i += 1)
      await new Browser(world, { ip: `2001:db8:0:7::${i}` }).requestLink(`person${i}@example.com`);
    const neighbour = new Browser(world, { ip: "2001:db8:0:8::1" });
    const sixth = new Browser(world, { ip: "2001:0DB8::7:ffff:0:0:1" });
    expect(await sixth.requestLink(ada)).toEqual(refused("too_many_requests"));
    expect((await neighbour.requestLink(ada)).ok).toBe(true);
  });

  test("a request whose link is used is refunded (R2)", async () => {
    const ip = "198.51.100.7";
    for (let i = 0; i < 8; i += 1)
      await new Browser(world, { ip }).signIn(`person${i}@example.com`);
    for (let i = 0; i < 5; i += 1)
      await new Browser(world, { ip }).requestLink(`other${i}@example.com`);
    expect(await new Browser(world, { ip }).requestLink(ada)).toEqual(refused("too_many_requests"));
  });

  test("an expired count is not refunded at the expense of a later one (R2)", async () => {
    const lasting = world.with({ env: testEnv({ LINK_LIFETIME_MINUTES: "240" }) });
    const ip = "198.51.100.7";
    const hers = new Browser(lasting, { ip });
    await hers.requestLink(ada);
    await lasting.deliver();
    await world.advance(3700);
    for (let i = 0; i < 5; i += 1)
      await new Browser(lasting, { ip }).requestLink(`person${i}@example.com`);
    const [letter] = world.lettersTo(ada);
    expect((await hers.openLink(letter!)).ok).toBe(true);
    await hers.finishResponse();
    expect(await new Browser(lasting, { ip }).requestLink(leo)).toEqual(
      refused("too_many_requests"),
    );
  });

  test("ada's own browser has a budget of its own on a crowded IP (R2)", async () => {
    const hers = await signUp(ada);
    for (let i = 0; i < 6; i += 1)
      await new Browser(world, { ip: hers.ip }).requestLink(`person${i}@example.com`);
    const responses = [];
    for (let i = 0; i < 6; i += 1) {
      hers.mailRequest = null;
      responses.push((await hers.requestLink(ada)).ok);
    }
    expect(responses).toEqual([true, true, true, true, true, false]);
  });

  test("the same browser can request again for the same address after a minute, not before", async () => {
    const browser = new Browser(world);
    await browser.requestLink(ada);
    await world.advance(30);
    expect(await browser.requestLink(ada)).toEqual(
      refused("resend_too_soon", {
        retryAfter: expect.toSatisfy((s: number) => s > 0 && s <= 30) as never,
      }),
    );
    expect((await browser.requestLink(leo)).ok).toBe(true);
    await world.advance(30);
    expect((await browser.requestLink(ada)).ok).toBe(true);
  });

  test("another spelling of an address is the same address", async () => {
    const browser = new Browser(world);
    await browser.requestLink(ada);
    expect(await browser.requestLink(" ADA@Example.COM ")).toEqual(refused("resend_too_soon"));
  });

  test("refused requests are counted by hour, not recorded one by one (T3)", async () => {
    const browser = new Browser(world);
    await browser.requestLink(ada);
    await browser.requestLink(ada);
    await browser.requestLink(ada);
    expect(await world.audit()).toHaveLength(1);
    expect(await rows(world.db, sql`select event, outcome, count from audit_counts`)).toEqual([
      { event: "magic_link.request", outcome: "resend_too_soon", count: 2 },
    ]);
  });
});

test("the audit row names the account by id; the address is only in its details", async () => {
  await signUp(ada);
  const browser = new Browser(world, { name: "safari/iphone", ip: "203.0.113.9" });
  await browser.requestLink(ada);
  await browser.requestLink(leo);
  const [known, unknown] = (await world.audit()).slice(-2);
  expect(known).toEqual({
    event: "magic_link.request",
    outcome: "ok",
    cause: null,
    subject: await world.userIdOf(ada),
    caller: null,
    session: null,
    ip: "203.0.113.9",
    browser: "safari/iphone",
    reason: null,
    identifier: ada,
  });
  expect(unknown).toMatchObject({ outcome: "ok", subject: null, identifier: leo });
  const events = await rows<{ text: string }>(
    world.db,
    sql`select to_jsonb(e)::text as text from audit_events e`,
  );
  expect(events.map(({ text }) => text).join()).not.toMatch(/@/);
});

test.each([
  ["", "email_missing", undefined],
  ["   ", "email_missing", undefined],
  ["ada", "email_invalid", "other"],
  ["ada@example.com, leo@example.com", "email_invalid", "several"],
  ["ada@example.com\r\nBcc: leo", "email_invalid", "space"],
  ["“ada”@example.com", "email_invalid", "letters"],
  ["ａda@example.com", "email_invalid", "letters"],
  ["ada@exam\u200bple.com", "email_invalid", "invisible"],
] as const)(
  "an address such as %j is refused with its problem before anything is stored or counted",
  async (typed, code, problem) => {
    const browser = new Browser(world);
    const refusal = await browser.requestLink(typed);
    expect(refusal).toEqual(refused(code, { field: "email" }));
    expect(refusal.ok ? null : refusal.refusal.problem).toBe(problem);
    expect(await rows(world.db, sql`select 1 from outbox union all select 1 from limits`)).toEqual(
      [],
    );
  },
);

test.each(["\u00a0ada@example.com\u200b", "\u200eada@example.com\u200f", "ada@example.com\t"])(
  "an address pasted as %j is read without what is invisible at its ends",
  async (typed) => {
    expect(await new Browser(world).requestLink(typed)).toEqual({
      ok: true,
      value: { email: ada },
    });
  },
);

test("whatever statement the database fails at, no part of a request is stored, and a retry works", async () => {
  const before = await dump(world, "limits");
  let after = 0;
  for (; ; after += 1) {
    world.failDatabaseAfter(after);
    const result = await new Browser(generous).requestLink(ada);
    world.restoreDatabase();
    if (result.ok) break;
    expect(result).toEqual(refused("unavailable"));
    expect(await dump(world, "limits")).toBe(before);
  }
  expect(after).toBe(4);
  expect(await world.deliver()).toHaveLength(1);
});

describe("concurrent requests", () => {
  test("fifty requests for one address: three emails are sent, three links are valid", async () => {
    const responses = await Promise.all(
      Array.from({ length: 50 }, () => new Browser(world).requestLink(ada)),
    );
    expect(responses.every(({ ok }) => ok)).toBe(true);
    expect(await world.deliver()).toHaveLength(3);
    expect(await liveLinks(ada)).toHaveLength(3);
    expect((await letters(ada)).filter(({ reason }) => reason === "over_limit")).toHaveLength(47);
  });

  test("fifty requests with a limit above fifty: three links are valid", async () => {
    await Promise.all(Array.from({ length: 50 }, () => new Browser(generous).requestLink(ada)));
    expect(await liveLinks(ada)).toHaveLength(3);
  });

  test("fifty requests from one IP: five are allowed", async () => {
    const responses = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        new Browser(world, { ip: "198.51.100.7" }).requestLink(`person${i}@example.com`),
      ),
    );
    expect(responses.filter(({ ok }) => ok)).toHaveLength(5);
  });

  test("fifty double clicks in one browser: one email", async () => {
    const browser = new Browser(world);
    browser.mailRequest = world.random.token();
    const responses = await Promise.all(Array.from({ length: 50 }, () => browser.requestLink(ada)));
    expect(responses.filter(({ ok }) => ok)).toHaveLength(1);
  });
});

test("a link requested here works here although its email was opened elsewhere first", async () => {
  const browser = new Browser(world);
  await browser.requestLink(ada);
  const { token } = await world.letterTo(ada);
  expect(await new Browser(world).run(redeemMagicLink, { token })).toEqual(
    refused("email_mismatch"),
  );
  expect((await browser.run(redeemMagicLink, { token })).ok).toBe(true);
});

test("a request from another site sends no email", async () => {
  const browser = new Browser(world);
  expect(await browser.run(requestMagicLink, { email: ada }, { sameOrigin: false })).toEqual(
    refused("cross_site"),
  );
  expect(await letters(ada)).toEqual([]);
});
