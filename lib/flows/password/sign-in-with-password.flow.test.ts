import { sql } from "drizzle-orm";
import { hash } from "@node-rs/argon2";
import { describe, expect, test } from "vitest";
import { row } from "@/db/rows";
import { days } from "@/lib/core/duration";
import { readSession } from "@/lib/flows/sessions/read-session";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { count, disable, forgetLimits, hashOf, methodsOf } from "@/test/support/queries";
import {
  failingHasher,
  overloadedHasher,
  slowHasher,
  countingHasher,
  otherPassword,
  validPassword,
} from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { testEnv } from "@/test/support/world";
import { signInWithPassword } from "./sign-in-with-password";

const world = await setUpWorld();

const ada = "ada@example.com";
const leo = "leo@example.com";
const welcome = { ok: true, value: { next: "" } };
const no = (cause?: string) => refused("invalid_credentials", cause ? { cause } : {});

/** Ada, with a password, and the browser she set it in. */
const joined = async (email = ada, password = validPassword) => {
  const browser = new Browser(world);
  await browser.signUpAndVerify(email, password);
  return browser;
};

describe("the right pair", () => {
  test("signs in, makes the device known, and records the method's use", async () => {
    await joined();
    await world.advance(100);
    const browser = new Browser(world);
    expect(await browser.signInWithPassword(" ADA@example.com", validPassword)).toEqual(welcome);
    expect(browser.cookieChanges).toMatchObject({ device: true });
    expect(await browser.run(readSession)).toMatchObject({ value: { email: ada } });
    expect(
      await row(
        world.db,
        sql`select last_used_at > now() - interval '50 s' as now
      from auth_providers where provider = 'email'`,
      ),
    ).toEqual({ now: true });
    expect((await world.audit()).at(-1)).toMatchObject({
      event: "password.sign_in",
      outcome: "ok",
      cause: null,
      subject: await world.userIdOf(ada),
      caller: null,
      identifier: ada,
      ip: browser.ip,
    });
    expect(await world.deliver()).toMatchObject([{ to: ada, subject: /^New sign-in/ }]);
  });

  test("for the wished session length, on the page she wanted", async () => {
    await joined();
    const browser = new Browser(world);
    expect(
      await browser.signInWithPassword(ada, validPassword, { remember: "on", next: "/account" }),
    ).toEqual({
      ok: true,
      value: { next: "/account" },
    });
    expect(browser.newSession.lifetime).toBe(days(90));
    await browser.signInWithPassword(ada, validPassword);
    expect(browser.newSession.lifetime).toBe(days(30));
  });

  test("with a new token each time; the previous one is invalid (rotation)", async () => {
    const browser = await joined();
    const thief = new Browser(world);
    thief.session = browser.session;
    await browser.signInWithPassword(ada, validPassword);
    expect(browser.session).not.toBe(thief.session);
    expect(await thief.run(readSession)).toMatchObject({ value: null });
    expect(await count(world, "sessions")).toBe(1);
  });

  test.each([
    ["é as one character and as two", "café royale voyage", "cafe\u0301 royale voyage"],
    ["ﬁ as one character and as two", "ﬁreﬂies at the quay", "fireflies at the quay"],
    ["full-width letters", "ｋｅｔｔｌｅ　ｖｏｙａｇｅ　ｑｕａｒｒｙ", "kettle voyage quarry"],
    ["emoji", "🔑🕯️🧭⚓🛶🪁🎐🧶🪴🫖🧊🪵", "🔑🕯️🧭⚓🛶🪁🎐🧶🪴🫖🧊🪵"],
  ])("%s are one password (NFKC)", async (_, chosen, typed) => {
    await joined(ada, chosen);
    expect(await new Browser(world).signInWithPassword(ada, typed)).toEqual(welcome);
  });

  test("spaces and capitals are part of it", async () => {
    await joined(ada, ` ${validPassword} `);
    for (const typed of [validPassword, ` ${validPassword}`, ` ${validPassword.toUpperCase()} `])
      expect(await new Browser(world).signInWithPassword(ada, typed)).toEqual(no("wrong"));
    expect(await new Browser(world).signInWithPassword(ada, ` ${validPassword} `)).toEqual(welcome);
  });

  test("of 1,024 characters matches; its first 1,023, or one more, do not", async () => {
    const long = "kettle voyage quarry lantern mosaic ".repeat(30).slice(0, 1_024);
    await joined(ada, long);
    expect(await new Browser(world).signInWithPassword(ada, long.slice(1))).toEqual(no("wrong"));
    expect(await new Browser(world).signInWithPassword(ada, `${long}!`)).toEqual(
      refused("password_too_long"),
    );
    expect(await new Browser(world).signInWithPassword(ada, long)).toEqual(welcome);
  });
});

describe("every other pair gets the same response after the same work (P5)", () => {
  const people: Record<string, () => Promise<unknown>> = {
    unknown: () => Promise.resolve(),
    no_password: () => new Browser(world).signIn(ada),
    wrong: () => joined(ada, otherPassword),
    disabled: async () => {
      await joined();
      await disable(world, ada);
    },
    "disabled, wrong": async () => {
      await joined(ada, otherPassword);
      await disable(world, ada);
    },
    "not verified": async () => {
      await new Browser(world).signUp(ada, validPassword);
    },
  };
  const causes: Record<string, string> = { "disabled, wrong": "wrong", "not verified": "unknown" };

  test("for any address, response, statements and comparisons equal those of an unknown one", async () => {
    const seen: Record<string, unknown> = {};
    for (const [who, prepare] of Object.entries(people)) {
      await prepare();
      const { world: counted, work } = countingHasher(world);
      const stranger = new Browser(counted);
      let told = "";
      const statements = await world.statementsOf(async () => {
        const outcome = await stranger.signInWithPassword(ada, validPassword);
        if (outcome.ok) throw new Error(`${who} was let in.`);
        expect(outcome).toEqual(no(causes[who] ?? who));
        const { reference: _, cause: __, ...refusal } = outcome.refusal;
        told = JSON.stringify([refusal, stranger.cookieChanges]);
      });
      seen[who] = { told, statements: statements.length, work };
      expect(await world.audit()).toContainEqual(
        expect.objectContaining({
          event: "password.sign_in",
          outcome: "invalid_credentials",
          cause: causes[who] ?? who,
          identifier: ada,
        }),
      );
      await world.reset();
    }
    for (const [who, row] of Object.entries(seen)) expect(row, who).toEqual(seen.unknown);
    expect(seen.unknown).toMatchObject({ work: { hashed: 0, compared: 1 } });
  });

  test("no session begins, and the previous user stays signed in", async () => {
    const browser = await joined(leo);
    await joined();
    expect(await browser.signInWithPassword(ada, otherPassword)).toEqual(no());
    expect(await browser.run(readSession)).toMatchObject({ value: { email: leo } });
  });
});

test.each([
  [{ email: "", password: validPassword }, "email_missing", "email"],
  [{ password: validPassword }, "email_missing", "email"],
  [{ email: "ada", password: validPassword }, "email_invalid", "email"],
  [{ email: ada, password: "" }, "password_missing", "password"],
  [{ email: ada }, "password_missing", "password"],
  [{ email: ada, password: [validPassword] }, "password_missing", "password"],
  [{ email: ada, password: { $ne: "" } }, "password_missing", "password"],
  [{ email: [ada], password: validPassword }, "email_missing", "email"],
] as const)("%j is refused, and costs no attempt", async (input, code, field) => {
  expect(await new Browser(world).run(signInWithPassword, input)).toEqual(refused(code, { field }));
  expect(await count(world, "limits")).toBe(0);
});

describe("a sign-up that waits for its code", () => {
  test("is mentioned in the browser that began it, with its password; elsewhere the pair is wrong", async () => {
    const browser = new Browser(world);
    await browser.signUp(ada, validPassword);
    expect(await browser.signInWithPassword(ada, validPassword)).toEqual(
      refused("sign_up_pending"),
    );
    expect(browser.session).toBeNull();
    expect(await browser.signInWithPassword(ada, otherPassword)).toEqual(no("unknown"));
    expect(await new Browser(world).signInWithPassword(ada, validPassword)).toEqual(no("unknown"));
    expect(await browser.signInWithPassword(leo, validPassword)).toEqual(no("unknown"));
  });

  test("is not mentioned once it has expired or was voided", async () => {
    const browser = new Browser(world);
    await browser.signUp(ada, validPassword);
    await world.advance(3600);
    expect(await browser.signInWithPassword(ada, validPassword)).toEqual(no("unknown"));
    await browser.signUp(ada, validPassword);
    await world.deliver();
    await new Browser(world).signIn(ada);
    expect(await browser.signInWithPassword(ada, validPassword)).toEqual(no("no_password"));
  });

  test("is mentioned for a decoy as well, so mallory learns nothing from it", async () => {
    await joined(leo, otherPassword);
    await world.limiter.clear();
    const see = async (email: string) => {
      const { world: counted, work } = countingHasher(world);
      const mallory = new Browser(counted);
      await mallory.signUp(email, validPassword);
      const outcome = await mallory.signInWithPassword(email, validPassword);
      return [outcome.ok || outcome.refusal.code, work];
    };
    expect(await see(leo)).toEqual(await see(ada));
  });

  test("does not matter when the account has the same password: it signs in", async () => {
    await joined();
    const browser = new Browser(world);
    await browser.signUp(ada, validPassword);
    expect(await browser.signInWithPassword(ada, validPassword)).toEqual(welcome);
  });
});

describe("hashes made with other parameters (P6)", () => {
  const needsRehash = async () => {
    await joined();
    const old = await hash(validPassword, { memoryCost: 8_192, timeCost: 1, parallelism: 1 });
    await world.writeDirectly((tx) => tx.execute(sql`update users set password_hash = ${old}`));
    return old;
  };

  test("are replaced at the next sign-in, and only then", async () => {
    const old = await needsRehash();
    const today = slowHasher(world);
    expect(await new Browser(today).signInWithPassword(ada, otherPassword)).toEqual(no("wrong"));
    expect(await hashOf(world, ada)).toBe(old);
    expect(await new Browser(today).signInWithPassword(ada, validPassword)).toEqual(welcome);
    const renewed = await hashOf(world, ada);
    expect(renewed).toMatch(/m=19456,t=2,p=1/);
    const { world: counted, work } = countingHasher(today);
    expect(await new Browser(counted).signInWithPassword(ada, validPassword)).toEqual(welcome);
    expect(work).toEqual({ hashed: 0, compared: 1 });
    expect(await hashOf(world, ada)).toBe(renewed);
  });

  test("wait for a quieter hour when the hasher is overloaded; ada is signed in", async () => {
    const old = await needsRehash();
    const { hash: full } = overloadedHasher(world).passwords;
    const rushed = world.with({ passwords: { ...world.passwords, hash: full } });
    expect(await new Browser(rushed).signInWithPassword(ada, validPassword)).toEqual(welcome);
    expect(await hashOf(world, ada)).toBe(old);
  });
});

describe("attempts (R3)", () => {
  /** How many wrong attempts are accepted before the limit is stated. */
  const wrongUntilLimited = async (attempt: () => Promise<unknown>) => {
    for (let n = 0; n < 40; n += 1) {
      const outcome = (await attempt()) as { refusal?: { code: string } };
      if (outcome.refusal?.code === "too_many_attempts") return n;
    }
    return Infinity;
  };

  test.each([
    ["that has an account", true],
    ["that has none", false],
  ])("ten in a quarter of an hour from unknown devices, for an address %s", async (_, known) => {
    if (known) await joined();
    const { world: counted, work } = countingHasher(world);
    const spelling = [ada, " ADA@example.com", "Ada@Example.COM"];
    let n = 0;
    expect(
      await wrongUntilLimited(() =>
        new Browser(counted).signInWithPassword(spelling[(n += 1) % 3]!, otherPassword),
      ),
    ).toBe(10);
    expect(work.compared).toBe(10);
    const late = await new Browser(counted).signInWithPassword(ada, validPassword);
    expect(late).toEqual(
      refused("too_many_attempts", {
        field: "password",
        retryAfter: expect.toSatisfy((s: number) => s > 850 && s <= 900) as never,
      }),
    );
    expect(work.compared).toBe(10);
  });

  test("after these, ada still signs in on her own device, and by link on any", async () => {
    const hers = await joined();
    await wrongUntilLimited(() => new Browser(world).signInWithPassword(ada, otherPassword));
    expect(await hers.signInWithPassword(ada, validPassword)).toEqual(welcome);
    expect(await new Browser(world).signInWithPassword(ada, validPassword)).toEqual(
      refused("too_many_attempts", { field: "password" }),
    );
    const phone = new Browser(world);
    await phone.signIn(ada);
    expect(await phone.run(readSession)).toMatchObject({ value: { email: ada } });
    expect(await phone.signInWithPassword(ada, validPassword)).toEqual(welcome);
  });

  test("ada's known device has ten of its own; a device that is known to leo does not", async () => {
    const hers = await joined();
    const his = await joined(leo);
    expect(await wrongUntilLimited(() => hers.signInWithPassword(ada, otherPassword))).toBe(10);
    expect(await wrongUntilLimited(() => his.signInWithPassword(ada, otherPassword))).toBe(10);
    expect(await his.signInWithPassword(leo, validPassword)).toEqual(welcome);
    const { device } = hers;
    const stolenName = new Browser(world);
    stolenName.device = device!.slice(0, -1) + (device!.endsWith("A") ? "B" : "A");
    expect(await stolenName.signInWithPassword(ada, validPassword)).toEqual(
      refused("too_many_attempts", { field: "password" }),
    );
  });

  test("thirty from one IP, whatever the addresses and devices", async () => {
    const hers = await joined();
    const ip = "198.51.100.7";
    let n = 0;
    expect(
      await wrongUntilLimited(() =>
        new Browser(world, { ip }).signInWithPassword(
          `person${(n += 1)}@example.com`,
          otherPassword,
        ),
      ),
    ).toBe(30);
    const home = hers.ip;
    hers.ip = ip;
    expect(await hers.signInWithPassword(ada, validPassword)).toEqual(
      refused("too_many_attempts", { field: "password" }),
    );
    hers.ip = home;
    expect(await hers.signInWithPassword(ada, validPassword)).toEqual(welcome);
  });

  test("ten more after a quarter of an hour", async () => {
    await joined();
    await wrongUntilLimited(() => new Browser(world).signInWithPassword(ada, otherPassword));
    await world.advance(840);
    expect(await new Browser(world).signInWithPassword(ada, validPassword)).toEqual(
      refused("too_many_attempts", { field: "password" }),
    );
    await world.advance(61);
    expect(await new Browser(world).signInWithPassword(ada, validPassword)).toEqual(welcome);
  });

  test("a right one in between refills nothing", async () => {
    await joined();
    for (let n = 0; n < 9; n += 1) await new Browser(world).signInWithPassword(ada, otherPassword);
    expect(await new Browser(world).signInWithPassword(ada, validPassword)).toEqual(welcome);
    expect(await new Browser(world).signInWithPassword(ada, otherPassword)).toEqual(
      refused("too_many_attempts", { field: "password" }),
    );
  });

  test("refusals are counted, not recorded one by one (T3)", async () => {
    for (let n = 0; n < 14; n += 1) await new Browser(world).signInWithPassword(ada, otherPassword);
    expect((await world.audit()).length).toBe(10);
    expect(
      await row(
        world.db,
        sql`select sum(count)::int as n from audit_counts
      where event = 'password.sign_in' and outcome = 'too_many_attempts'`,
      ),
    ).toEqual({ n: 4 });
  });

  test("of two hundred at once, ten are compared (I10)", async () => {
    await joined();
    const { world: counted, work } = countingHasher(world);
    const responses = await Promise.all(
      Array.from({ length: 200 }, () =>
        new Browser(counted).signInWithPassword(ada, otherPassword),
      ),
    );
    expect(work.compared).toBe(10);
    expect(responses.filter((a) => !a.ok && a.refusal.code === "invalid_credentials")).toHaveLength(
      10,
    );
  });
});

test("the page does not exist where passwords are disabled", async () => {
  await joined();
  const links = world.with({ env: testEnv({ SIGN_IN_METHODS: "magic_link" }) });
  expect(await new Browser(links).signInWithPassword(ada, validPassword)).toEqual(
    refused("not_found"),
  );
});

describe("when hashing fails", () => {
  test("an overloaded hasher: busy, with a time to retry, and only the count is stored", async () => {
    await joined();
    await forgetLimits(world);
    const before = await dump(world, "audit_counts");
    const stranger = new Browser(overloadedHasher(world));
    expect(await stranger.signInWithPassword(ada, validPassword)).toEqual(
      refused("overloaded", { retryAfter: 2 as never }),
    );
    expect(stranger.cookieChanges).toEqual({});
    expect([await count(world, "sessions"), await count(world, "known_devices")]).toEqual([1, 1]);
    await forgetLimits(world);
    expect(await dump(world, "audit_counts")).toBe(before);
    expect(await dump(world, "limits")).toMatch(/"outcome": "overloaded"/);
  });

  test("a bug is thrown, and nothing is stored", async () => {
    await joined();
    const before = await dump(world, "limits");
    await expect(
      new Browser(failingHasher(world)).signInWithPassword(ada, validPassword),
    ).rejects.toThrow();
    expect(await dump(world, "limits")).toBe(before);
  });
});

test("whatever statement the database fails at: ada is signed in, or nothing happened", async () => {
  await joined();
  const before = await dump(world, "limits");
  const browser = new Browser(world);
  let after = 0;
  for (; ; after += 1) {
    world.failDatabaseAfter(after);
    const result = await browser.signInWithPassword(ada, validPassword);
    world.restoreDatabase();
    if (result.ok) break;
    expect(result).toEqual(refused("unavailable"));
    expect(browser.session).toBeNull();
    expect(await dump(world, "limits")).toBe(before);
    await forgetLimits(world);
  }
  expect(after).toBe(4);
  expect(await methodsOf(world, ada)).toEqual(["email"]);
});
