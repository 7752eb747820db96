import { describe, expect, test } from "vitest";
import { sql } from "drizzle-orm";
import { readSession } from "@/lib/flows/sessions/read-session";
import { signOut } from "@/lib/flows/sessions/sign-out";
import { passwordMethod } from "@/lib/methods/password";
import { Browser } from "@/test/support/browser";
import { withChangeBeforeWrite } from "@/test/support/interleave";
import { keys, linksOff, writeIdentityDirectly } from "@/test/support/oauth-fixtures";
import { dump } from "@/test/support/invariants";
import { hashOf, lettersOf, methodsOf } from "@/test/support/queries";
import { otherPassword, validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { testEnv, type TestWorld } from "@/test/support/world";
import { removePassword } from "./remove-password";
import { setPassword } from "./set-password";

const world = await setUpWorld();
const passwordsOnly = world.with({ env: testEnv({ SIGN_IN_METHODS: "password" }) });

const ada = "ada@example.com";

const joined = async (where: TestWorld = world) => {
  const browser = new Browser(where);
  await browser.signUpAndVerify(ada, validPassword);
  return browser;
};

test("ada signs in by link from now on, and gets an email about it (A2)", async () => {
  const browser = await joined();
  await browser.signIn(ada);
  expect(await browser.run(removePassword)).toEqual({ ok: true, value: {} });
  expect(await methodsOf(world, ada)).toEqual(["magic_link"]);
  expect(await hashOf(world, ada)).toBeNull();
  const { message } = await world.letterTo(ada);
  expect(message.subject).toBe("Your Latchkey password was removed");
  expect(message.text).toContain("Firefox on Linux");
  expect((await world.audit()).at(-1)).toMatchObject({
    event: "password.remove",
    outcome: "ok",
    subject: await world.userIdOf(ada),
    caller: await world.userIdOf(ada),
  });
  expect(await new Browser(world).signInWithPassword(ada, validPassword)).toEqual(
    refused("invalid_credentials", { cause: "no_password" }),
  );
  expect(await browser.run(readSession)).toMatchObject({ value: { email: ada } });
});

test("a user who never used a link may remove it too while links are enabled (A4)", async () => {
  const browser = await joined();
  expect(await browser.run(removePassword)).toEqual({ ok: true, value: {} });
  await world.deliver();
  const phone = new Browser(world);
  await phone.signIn(ada);
  expect(await methodsOf(world, ada)).toEqual(["magic_link"]);
});

test("once removed it cannot be removed again, and another can be set", async () => {
  const browser = await joined();
  await browser.run(removePassword);
  expect(await browser.run(removePassword)).toEqual(refused("not_found"));
  expect(await lettersOf(world, ada)).toHaveLength(2);
  expect(await browser.run(setPassword, { password: otherPassword })).toEqual({
    ok: true,
    value: { first: true },
  });
  expect((await new Browser(world).signInWithPassword(ada, otherPassword)).ok).toBe(true);
});

describe("where links are disabled (A4)", () => {
  test("the last sign-in method stays", async () => {
    const browser = await joined(passwordsOnly);
    const before = await hashOf(world, ada);
    expect(await browser.run(removePassword)).toEqual(refused("last_sign_in_method"));
    expect(await hashOf(world, ada)).toBe(before);
    expect(await methodsOf(world, ada)).toEqual(["email"]);
    expect(await lettersOf(world, ada)).toEqual(["sign_up_code sent"]);
    expect((await world.audit()).at(-1)).toMatchObject({
      event: "password.remove",
      outcome: "last_sign_in_method",
    });
  });

  test("a link that was used before and a provider without keys do not count as methods", async () => {
    const browser = await joined();
    await world.writeDirectly((tx) =>
      tx.execute(sql`insert into auth_providers (user_id, provider, subject)
        select id, 'magic_link', null from users union all select id, 'google', 'g-1' from users`),
    );
    expect(await browser.run(removePassword, {}, { world: passwordsOnly })).toEqual(
      refused("last_sign_in_method"),
    );
  });

  test.each([
    ["a provider with keys", linksOff, false, true],
    ["an unconfirmed provider", linksOff, true, false],
    ["a provider without keys", { SIGN_IN_METHODS: "password" }, false, false],
    [
      "a provider that is switched off",
      { ...keys, SIGN_IN_METHODS: "password,linkedin" },
      false,
      false,
    ],
  ])("beside %s", async (_, vars, needsConfirmation, goes) => {
    const browser = await joined();
    await writeIdentityDirectly(world, ada, "google", "g-1", { needsConfirmation });
    const outcome = await browser.run(
      removePassword,
      {},
      { world: world.with({ env: testEnv(vars) }) },
    );
    expect(outcome).toEqual(goes ? { ok: true, value: {} } : refused("last_sign_in_method"));
    expect(await methodsOf(world, ada)).toEqual(goes ? ["google"] : ["email", "google"]);
  });

  test("of twenty removals at once, none succeeds", async () => {
    const browser = await joined(passwordsOnly);
    const responses = await Promise.all(
      Array.from({ length: 20 }, () => browser.run(removePassword)),
    );
    expect(responses).toEqual(Array(20).fill(refused("last_sign_in_method")));
  });
});

test("of twenty removals at once where links are enabled, one succeeds and sends one email", async () => {
  const browser = await joined();
  const responses = await Promise.all(
    Array.from({ length: 20 }, () => browser.run(removePassword)),
  );
  expect(responses.filter(({ ok }) => ok)).toHaveLength(1);
  expect(responses.filter((a) => !a.ok && a.refusal.code === "not_found")).toHaveLength(19);
  expect(await world.deliver()).toHaveLength(1);
});

describe("requires a recent sign-in", () => {
  test.each([
    ["599 s", 599, { ok: true, value: {} }],
    ["601 s", 601, refused("step_up_required")],
  ])("%s after signing in", async (_, passed, outcome) => {
    await world.withFrozenTime(async (world) => {
      const browser = await joined(world);
      await world.advance(passed);
      expect(await browser.run(removePassword)).toEqual(outcome);
    });
  });

  test("a signed-out user is asked to sign in", async () => {
    expect(await new Browser(world).run(removePassword)).toEqual(refused("sign_in_required"));
  });
});

test("a session that was signed out while the request is running removes nothing", async () => {
  const browser = await joined();
  const thief = new Browser(world);
  thief.session = browser.session;
  const late = withChangeBeforeWrite(world, () => browser.run(signOut));
  expect(await thief.run(removePassword, {}, { world: late })).toEqual(refused("sign_in_required"));
  expect(await methodsOf(world, ada)).toEqual(["email"]);
});

test("where passwords are disabled, none is removed, as no page offers it", async () => {
  const browser = await joined();
  const links = world.with({ env: testEnv({ SIGN_IN_METHODS: "magic_link" }) });
  const before = await hashOf(world, ada);
  expect(await browser.run(removePassword, {}, { world: links })).toEqual(
    refused("not_found", { method: passwordMethod.id }),
  );
  expect(await hashOf(world, ada)).toBe(before);
});

test("whatever statement the database fails at: the password is removed, or nothing happened", async () => {
  const browser = await joined();
  const before = await dump(world);
  for (let after = 0; ; after += 1) {
    world.failDatabaseAfter(after);
    const result = await browser.run(removePassword);
    world.restoreDatabase();
    if (result.ok) break;
    expect(result).toEqual(refused("unavailable"));
    expect(await dump(world)).toBe(before);
  }
});
