import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { row, rows } from "@/db/rows";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { count, disable, lettersOf, liveSecrets } from "@/test/support/queries";
import {
  failingHasher,
  overloadedHasher,
  slowHasher,
  countingHasher,
  otherPassword,
  ready,
  validPassword,
} from "@/test/support/passwords";
import { race } from "@/test/support/race";
import { refused, setUpWorld } from "@/test/support/setup";
import { testEnv } from "@/test/support/world";
import { requestSignUp } from "./request-sign-up";

const world = await setUpWorld();
const generous = world.with({
  env: testEnv({ EMAILS_PER_ADDRESS: "1000", EMAIL_REQUESTS_PER_IP: "1000" }),
});

const ada = "ada@example.com";
const leo = "leo@example.com";
/** A thousand and twenty-four characters of words. */
const long = "kettle voyage quarry lantern mosaic ".repeat(30).slice(0, 1_024);
const mailed = { ok: true, value: { email: ada } };
const welcome = { ok: true, value: { next: "" } };

test("signing up creates an attempt and an email, and no user (P1)", async () => {
  const browser = new Browser(world);
  expect(await browser.signUp(" ADA@example.com ", validPassword)).toEqual(mailed);
  expect(browser.cookieChanges).toEqual({ mailRequest: true });
  expect([await count(world, "users"), await count(world, "sessions")]).toEqual([0, 0]);
  const { code, message } = await world.letterTo(ada);
  expect(message.subject).toBe(`${code} is your Latchkey code`);
  expect(await lettersOf(world, ada)).toEqual(["sign_up_code sent"]);
  expect((await world.audit()).at(-1)).toMatchObject({
    event: "sign_up.request",
    outcome: "ok",
    subject: null,
    identifier: ada,
    ip: browser.ip,
  });
});

test("the email has a code and no link, so no click activates a stranger's password (P1)", async () => {
  await new Browser(world).signUp(ada, validPassword);
  const { token, message } = await world.letterTo(ada);
  expect(token).toBe("");
  expect(message.text).not.toMatch(/\/l\//);
  expect(message.html).not.toMatch(/href="(?!mailto:)/);
});

describe("an address that has an account (P3)", () => {
  const visit = async (address: string) => {
    const browser = new Browser(world);
    let outcome: unknown;
    const statements = await world.statementsOf(async () => {
      outcome = await browser.signUp(address, validPassword);
    });
    const seen = JSON.stringify([outcome, browser.cookieChanges]).replaceAll(address, "…");
    return { browser, seen, statements: statements.length };
  };

  test("gets the same response as any other, by as many statements", async () => {
    await new Browser(world).signIn(ada);
    const { browser: _, ...known } = await visit(ada);
    expect(await visit(leo)).toMatchObject(known);
  });

  test("its owner gets a link and no code; she types her address, submits, and is signed in", async () => {
    await new Browser(world).signIn(ada);
    const { browser: mallory } = await visit(ada);
    const letter = await world.letterTo(ada);
    expect(letter.message.subject).toMatch(/^You already have an account at Latchkey \(.+ UTC\)$/);
    expect(letter.message.text).not.toMatch(/\b\d{6}\b/);
    const hers = new Browser(world);
    expect(await hers.openLink(letter)).toEqual(refused("email_mismatch"));
    expect(await hers.openLink(letter, ada)).toEqual(welcome);
    expect(mallory.session).toBeNull();
    expect((await world.audit()).find(({ event }) => event === "sign_up.request")).toMatchObject({
      outcome: "ok",
      subject: await world.userIdOf(ada),
    });
  });

  test("no code opens the decoy, not even a real one", async () => {
    await new Browser(world).signUpAndVerify(ada, otherPassword);
    world.secrets.codes.clear();
    const { browser: mallory } = await visit(ada);
    const [code, ...more] = world.secrets.codes;
    expect(more).toEqual([]);
    expect(await mallory.verify(code!, ada)).toEqual(refused("code_invalid", { cause: "wrong" }));
    expect(await mallory.submitCode(code!, ada)).toEqual(
      refused("code_invalid", { cause: "wrong" }),
    );
    expect(await new Browser(world).signInWithPassword(ada, otherPassword)).toEqual(welcome);
    expect(await new Browser(world).signInWithPassword(ada, validPassword)).toEqual(
      refused("invalid_credentials"),
    );
  });

  test("where links are disabled, the email has none, and says what to do", async () => {
    const passwords = world.with({ env: testEnv({ SIGN_IN_METHODS: "password" }) });
    await new Browser(passwords).signUpAndVerify(ada, otherPassword);
    await new Browser(passwords).signUp(ada, validPassword);
    const { token, message } = await world.letterTo(ada);
    expect(token).toBe("");
    expect(message.text).toMatch(/set a new one from the sign-in page/);
    expect(await liveSecrets(world, ada)).toEqual([]);
  });

  test("a disabled account gets the same response too", async () => {
    await new Browser(world).signIn(ada);
    await disable(world, ada);
    const { browser: _, ...known } = await visit(ada);
    expect(await visit(leo)).toMatchObject(known);
  });

  test("strangers who sign up often do not void the link that ada requested", async () => {
    const hers = new Browser(world);
    await hers.signIn(ada);
    await world.advance(60);
    await hers.requestLink(ada);
    const letter = await world.letterTo(ada);
    for (let n = 0; n < 6; n += 1) await new Browser(generous).signUp(ada, validPassword);
    expect(await hers.openLink(letter)).toEqual(welcome);
  });
});

describe("passwords (P6)", () => {
  test.each([
    ["nothing", "", "password_missing"],
    ["no text", undefined, "password_missing"],
    ["a list", [validPassword], "password_missing"],
    ["an object", { toString: validPassword }, "password_missing"],
    ["eleven characters", "kettlevoyag", "password_too_short"],
    ["eleven emoji", "🔑".repeat(11), "password_too_short"],
    ["eleven letters with separate accents", "kettlevoyage\u0301".slice(1), "password_too_short"],
    ["1,025 characters", "kv".repeat(512) + "!", "password_too_long"],
    ["1,025 characters after normalisation", "ﷺ".repeat(57), "password_too_long"],
    ["ten thousand characters", "kv".repeat(5_000), "password_too_long"],
    ["half a character", "kettle voyage \ud800 marble", "invalid_input"],
  ] as const)("%s: refused, nothing is emailed, nothing is hashed", async (_, password, code) => {
    const { world: counted, work } = countingHasher(world);
    const browser = new Browser(counted);
    expect(await browser.run(requestSignUp, { email: ada, password })).toEqual(
      refused(code, { field: "password" }),
    );
    expect(browser.cookieChanges).toEqual({});
    expect(work.hashed).toBe(0);
    expect([await count(world, "outbox"), await count(world, "verifications")]).toEqual([0, 0]);
  });

  test.each([
    ["twelve characters", "kettle voyag"],
    ["twelve emoji", "🔑🕯️🧭⚓🛶🪁🎐🧶🪴🫖🧊🪵"],
    ["1,024 characters", long],
    ["1,024 characters with separate accents", long.replaceAll("e", "é").normalize("NFD")],
    ["spaces at both ends", "   kettle voyage   "],
  ])("%s are accepted", async (_, password) => {
    expect(await new Browser(world).signUp(ada, password)).toEqual(mailed);
  });

  test("an operator may require longer ones, and the message states the length", async () => {
    const strict = world.with({ env: testEnv({ PASSWORD_MIN_LENGTH: "27" }) });
    const { checkStrength } = (await import("@/lib/adapters/passwords")).createPasswords(
      strict.env,
      world.log,
    );
    const browser = new Browser(strict.with({ passwords: { ...world.passwords, checkStrength } }));
    expect(await browser.signUp(ada, validPassword)).toEqual(
      refused("password_too_short", { minLength: 27 }),
    );
  });

  test("only the argon2id hash is stored, with today's parameters", async () => {
    await new Browser(slowHasher(world)).signUp(ada, validPassword);
    const [saved] = await rows<{ hash: string }>(
      world.db,
      sql`select password_hash as hash from verifications where purpose = 'sign_up'`,
    );
    expect(saved!.hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await dump(world)).not.toContain(validPassword);
  });
});

test("another password chosen in the same browser replaces the first (P1)", async () => {
  const browser = new Browser(world);
  await browser.signUp(ada, otherPassword);
  const first = await world.letterTo(ada);
  await world.advance(60);
  await browser.signUp(ada, validPassword);
  const second = await world.letterTo(ada);
  expect(await browser.verify(first.code, ada)).toEqual(refused("code_invalid"));
  expect(await browser.verify(second.code, ada)).toEqual(welcome);
  expect(await new Browser(world).signInWithPassword(ada, otherPassword)).toEqual(
    refused("invalid_credentials"),
  );
  expect(await new Browser(world).signInWithPassword(ada, validPassword)).toEqual(welcome);
});

test("an attempt of mallory's does not affect ada's", async () => {
  const hers = new Browser(world);
  await hers.signUp(ada, validPassword);
  const letter = await world.letterTo(ada);
  for (let n = 0; n < 8; n += 1) await new Browser(generous).signUp(ada, otherPassword);
  expect(await hers.verify(letter.code, ada)).toEqual(welcome);
});

describe("where sign-up is disabled", () => {
  test("closed sign-up is refused at once, before any work", async () => {
    const { world: closed, work } = countingHasher(
      world.with({ env: testEnv({ SIGN_UP: "closed" }) }),
    );
    const browser = new Browser(closed);
    expect(await browser.signUp(ada, validPassword)).toEqual(refused("sign_up_closed"));
    expect(work.hashed).toBe(0);
    expect(await lettersOf(world, ada)).toEqual([]);
    expect((await world.audit()).at(-1)).toMatchObject({
      event: "sign_up.request",
      outcome: "sign_up_closed",
    });
  });

  test("the page does not exist where passwords are disabled", async () => {
    const links = world.with({ env: testEnv({ SIGN_IN_METHODS: "magic_link" }) });
    expect(await new Browser(links).signUp(ada, validPassword)).toEqual(refused("not_found"));
    expect(await dump(world, "audit_counts")).toBe("");
  });
});

describe("limits", () => {
  test("the same browser can sign up again after a minute, not before", async () => {
    const browser = new Browser(world);
    await browser.signUp(ada, validPassword);
    expect(await browser.signUp("Ada@Example.com", validPassword)).toEqual(
      refused("resend_too_soon"),
    );
    await world.advance(60);
    expect(await browser.signUp(ada, validPassword)).toEqual(mailed);
  });

  test.each([
    ["with an account", true],
    ["without one", false],
  ])("the fourth email in an hour to an address %s is withheld silently (R1)", async (_, known) => {
    if (known) {
      await new Browser(world).signIn(ada);
      await world.limiter.clear();
    }
    const work = [];
    for (let n = 0; n < 4; n += 1) {
      const browser = new Browser(world);
      work.push(
        (await world.statementsOf(async () => void (await browser.signUp(ada, validPassword))))
          .length,
      );
      expect(browser.cookieChanges).toEqual({ mailRequest: true });
    }
    expect(new Set(work).size).toBe(1);
    expect(await world.deliver()).toHaveLength(3);
    expect((await lettersOf(world, ada)).at(-1)).toMatch(/ dead over_limit$/);
  });

  test("links and sign-ups share an address's three emails (R1)", async () => {
    for (let n = 0; n < 3; n += 1) await new Browser(world).requestLink(ada);
    await new Browser(world).signUp(ada, validPassword);
    expect(await lettersOf(world, ada)).toContain("sign_up_code dead over_limit");
  });

  test("a refused password counts as no email, and costs the next sign-up nothing", async () => {
    const browser = new Browser(world);
    for (let n = 0; n < 10; n += 1) {
      const outcome = await browser.signUp(ada, "password1234");
      expect(outcome).toMatchObject({ refusal: { code: "password_common" } });
      await browser.finishResponse();
    }
    expect(await browser.signUp(ada, validPassword)).toEqual(mailed);
    expect(await lettersOf(world, ada)).toEqual(["sign_up_code queued"]);
    expect(await browser.signUp(ada, "password1234")).toEqual(refused("resend_too_soon"));
  });

  test("the sixth from one IP is refused, before anything is hashed (R2)", async () => {
    const ip = "198.51.100.7";
    for (let n = 0; n < 5; n += 1)
      await new Browser(world, { ip }).signUp(`person${n}@example.com`, validPassword);
    const { world: counted, work } = countingHasher(world);
    expect(await new Browser(counted, { ip }).signUp(ada, validPassword)).toEqual(
      refused("too_many_requests"),
    );
    expect(work.hashed).toBe(0);
  });
});

describe("when hashing fails", () => {
  test("an overloaded hasher: busy, with a time to retry, and nothing is stored", async () => {
    const browser = new Browser(overloadedHasher(world));
    expect(await browser.signUp(ada, validPassword)).toEqual(
      refused("overloaded", { retryAfter: 2 as never }),
    );
    expect(browser.cookieChanges).toEqual({});
    expect([await count(world, "outbox"), await count(world, "verifications")]).toEqual([0, 0]);
  });

  test("a bug is thrown, and nothing is stored", async () => {
    await expect(new Browser(failingHasher(world)).signUp(ada, validPassword)).rejects.toThrow();
    expect(await dump(world, "limits")).toBe("");
  });
});

test("whatever statement the database fails at, no part of a sign-up is stored, and a retry works", async () => {
  const before = await dump(world, "limits");
  let after = 0;
  for (; ; after += 1) {
    world.failDatabaseAfter(after);
    const result = await new Browser(generous).signUp(ada, validPassword);
    world.restoreDatabase();
    if (result.ok) break;
    expect(result).toEqual(refused("unavailable"));
    expect(await dump(world, "limits")).toBe(before);
  }
  expect(after).toBeGreaterThan(5);
  expect(await world.deliver()).toHaveLength(1);
});

test("fifty at once for one address: three emails are sent, and there is still no user", async () => {
  const quick = await ready(world, validPassword);
  const responses = await Promise.all(
    Array.from({ length: 50 }, () => new Browser(quick).signUp(ada, validPassword)),
  );
  expect(responses.every(({ ok }) => ok)).toBe(true);
  expect(await world.deliver()).toHaveLength(3);
  expect(await count(world, "users")).toBe(0);
  expect(
    await row(world.db, sql`select count(*)::int as n from verifications where not is_decoy`),
  ).toEqual({ n: 3 });
});

race("mallory signs up again in many tabs while ada opens a link: no request hangs", async () => {
  const quick = await ready(generous, validPassword);
  await new Browser(world).signIn(ada);
  const tabs = Array.from({ length: 6 }, () => new Browser(quick));
  for (const mallory of tabs) await mallory.signUp(ada, validPassword);
  await world.advance(60);
  const hers = new Browser(generous);
  await hers.requestLink(ada);
  await world.deliver();
  const letter = world.lettersTo(ada).findLast(({ code }) => code !== "");
  const responses = await Promise.all([
    ...tabs.map((mallory) => mallory.signUp(ada, validPassword)),
    hers.openLink(letter!),
  ]);
  expect(responses).not.toContainEqual(refused("unavailable"));
  await world.reset();
});
