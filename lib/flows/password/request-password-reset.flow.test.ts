import { describe, expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { count, disable, forgetLimits, lettersOf, liveSecrets } from "@/test/support/queries";
import { validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { testEnv } from "@/test/support/world";
import { requestPasswordReset } from "./request-password-reset";

const world = await setUpWorld();

const ada = "ada@example.com";
const leo = "leo@example.com";
const mailed = { ok: true, value: { email: ada } };

const forgot = (browser: Browser, email: unknown = ada) =>
  browser.run(requestPasswordReset, { email });

test("a user gets a link and a code, and the old password works until one is used", async () => {
  await new Browser(world).signUpAndVerify(ada, validPassword);
  const browser = new Browser(world, { name: "safari/iphone" });
  expect(await forgot(browser, " ADA@example.com")).toEqual(mailed);
  expect(browser.cookieChanges).toEqual({ mailRequest: true });
  const { code, token, message } = await world.letterTo(ada);
  expect(message.subject).toMatch(/^\d{6} is your code to set a new password for Latchkey$/);
  expect(message.text).toContain(`/l/reset/${token}`);
  expect(message.text).toContain("Safari on iPhone");
  expect(code).toMatch(/^\d{6}$/);
  expect((await new Browser(world).signInWithPassword(ada, validPassword)).ok).toBe(true);
  expect(
    (await world.audit()).find(({ event }) => event === "password_reset.request"),
  ).toMatchObject({
    outcome: "ok",
    subject: await world.userIdOf(ada),
    identifier: ada,
    ip: browser.ip,
  });
});

test("a user without a password can set a first one by it (L9)", async () => {
  await new Browser(world).signIn(ada);
  await forgot(new Browser(world));
  await world.deliver();
  expect(await lettersOf(world, ada)).toEqual(["sign_up_link sent", "password_reset sent"]);
});

describe("known and unknown addresses (P7, L8)", () => {
  const see = async (email: string) => {
    const browser = new Browser(world);
    let outcome: unknown;
    const statements = await world.statementsOf(async () => {
      outcome = await forgot(browser, email);
    });
    const seen = JSON.stringify([outcome, browser.cookieChanges]).replaceAll(email, "…");
    return { seen, statements: statements.map((text) => text.slice(0, 30)) };
  };

  test.each([
    ["by link", () => new Browser(world).signIn(ada)],
    ["by password", () => new Browser(world).signUpAndVerify(ada, validPassword)],
    [
      "no more, being disabled,",
      async () => {
        await new Browser(world).signUpAndVerify(ada, validPassword);
        await disable(world, ada);
      },
    ],
    [
      "not yet, her sign-up waiting,",
      async () => {
        await new Browser(world).signUp(ada, validPassword);
      },
    ],
  ])(
    "ada, who signs in %s, gets the same response as a stranger, by the same statements",
    async (_, prepare) => {
      await prepare();
      expect(await see(ada)).toEqual(await see(leo));
    },
  );

  test("a stranger's email is withheld, and its link and code are decoys", async () => {
    await forgot(new Browser(world), leo);
    expect(await lettersOf(world, leo)).toEqual(["password_reset dead no_account"]);
    expect(await liveSecrets(world, leo)).toEqual([]);
    expect(await world.deliver()).toEqual([]);
  });

  test("a pending sign-up is no account, and its code is not sent again", async () => {
    await new Browser(world).signUp(ada, validPassword);
    await world.deliver();
    await forgot(new Browser(world));
    expect(await world.deliver()).toEqual([]);
    expect(await count(world, "users")).toBe(0);
  });
});

describe("limits", () => {
  test("a minute between two from one browser", async () => {
    const browser = new Browser(world);
    await forgot(browser);
    expect(await forgot(browser, "ADA@example.com")).toEqual(refused("resend_too_soon"));
    await world.advance(60);
    expect(await forgot(browser)).toEqual(mailed);
  });

  test("three emails an hour in all, the fourth withheld silently; a known device has a budget of its own", async () => {
    const hers = new Browser(world);
    await hers.signIn(ada);
    await world.limiter.clear();
    for (let n = 0; n < 2; n += 1) await new Browser(world).requestLink(ada);
    for (let n = 0; n < 2; n += 1) expect(await forgot(new Browser(world))).toEqual(mailed);
    expect(await lettersOf(world, ada)).toContain("password_reset dead over_limit");
    await world.deliver();
    await forgot(hers);
    expect(await world.deliver()).toHaveLength(1);
  });

  test("three valid links at most; strangers replace none of ada's own (L4)", async () => {
    const generous = world.with({
      env: testEnv({ EMAILS_PER_ADDRESS: "1000", EMAIL_REQUESTS_PER_IP: "1000" }),
    });
    const hers = new Browser(world);
    await hers.signIn(ada);
    await forgot(hers);
    for (let n = 0; n < 6; n += 1) await forgot(new Browser(generous));
    expect(await liveSecrets(world, ada)).toEqual(Array(3).fill("password_reset"));
  });

  test("the sixth from one IP is refused (R2)", async () => {
    const ip = "198.51.100.7";
    for (let n = 0; n < 5; n += 1)
      await forgot(new Browser(world, { ip }), `person${n}@example.com`);
    expect(await forgot(new Browser(world, { ip }))).toEqual(refused("too_many_requests"));
  });
});

test.each([
  ["", "email_missing"],
  [null, "email_missing"],
  [[ada], "email_missing"],
  ["ada", "email_invalid"],
  [`${ada}\r\nBcc: ${leo}`, "email_invalid"],
] as const)("%j is refused before anything is stored", async (email, code) => {
  expect(await forgot(new Browser(world), email)).toEqual(refused(code, { field: "email" }));
  expect([await count(world, "outbox"), await count(world, "limits")]).toEqual([0, 0]);
});

test("the page does not exist where passwords are disabled", async () => {
  const links = world.with({ env: testEnv({ SIGN_IN_METHODS: "magic_link" }) });
  expect(await forgot(new Browser(links))).toEqual(refused("not_found"));
});

test("whatever statement the database fails at, no part of it is stored", async () => {
  await new Browser(world).signUpAndVerify(ada, validPassword);
  const before = await dump(world, "limits");
  for (let after = 0; ; after += 1) {
    world.failDatabaseAfter(after);
    const result = await forgot(new Browser(world));
    world.restoreDatabase();
    if (result.ok) break;
    expect(result).toEqual(refused("unavailable"));
    expect(await dump(world, "limits")).toBe(before);
    await forgetLimits(world);
  }
  expect(await world.deliver()).toHaveLength(1);
});
