import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { row } from "@/db/rows";
import type { Db } from "@/db/client";
import type { Identifier } from "@/lib/core/identifier";
import { googleMethod } from "@/lib/methods/google";
import { createUserFromIdentity } from "@/lib/store/auth-providers";
import { createUserWithPassword, lockAddress, markEmailVerified } from "@/lib/store/users";
import { runDuringCommitOf } from "@/test/support/interleave";
import { listSessions } from "@/lib/flows/sessions/list-sessions";
import { readSession } from "@/lib/flows/sessions/read-session";
import { revokeSession } from "@/lib/flows/sessions/revoke-session";
import { lifetimes } from "@/lib/core/policy";
import { purge } from "@/lib/store/purge";
import { Browser } from "@/test/support/browser";
import { claims, hosted, keys } from "@/test/support/oauth-fixtures";
import { validPassword } from "@/test/support/passwords";
import { count, lettersOf, liveSecrets, secretsThatOpen, methodsOf } from "@/test/support/queries";
import { race } from "@/test/support/race";
import { refused, setUpWorld } from "@/test/support/setup";
import { requestEmailChange } from "./request-email-change";
import { undoEmailChange } from "./undo-email-change";
import { verifyEmailChange } from "./verify-email-change";

const world = await setUpWorld(keys);
const [ada, leo] = ["ada@example.com" as Identifier, "leo@example.com"];
const newAddress = "ada@new.example";
const changed = { ok: true, value: { email: newAddress } };

const verify = (browser: Browser, code: string, email = newAddress) =>
  browser.run(verifyEmailChange, { email, code });

/** A signed-in browser that has requested the change, and its code. */
async function waiting(from: string = ada, to = newAddress) {
  const browser = new Browser(world);
  await browser.signIn(from);
  await browser.run(requestEmailChange, { email: to });
  return { browser, code: (await world.letterTo(to)).code };
}

async function move(from: string = ada, to = newAddress) {
  const { browser, code } = await waiting(from, to);
  expect(await verify(browser, code, to)).toMatchObject({ ok: true });
  return browser;
}

const isThere = async (email: string) =>
  (await row(world.db, sql`select 1 from users where email = ${email}`)) !== undefined;

test("the code changes the address, the old one is told, and all sessions go on", async () => {
  const phone = new Browser(world);
  await phone.signUpAndVerify(ada, validPassword);
  const userId = await world.userIdOf(ada);
  const { browser, code } = await waiting();
  await phone.requestLink(ada);
  expect(await liveSecrets(world, ada)).not.toEqual([]);
  expect(await verify(browser, code)).toEqual(changed);
  expect(await world.userIdOf(newAddress)).toBe(userId);
  // Links to the old address are void, but for the one that undoes the change.
  expect(await secretsThatOpen(world, ada)).toEqual(["email_undo"]);
  for (const one of [phone, browser])
    expect(await one.run(readSession)).toMatchObject({ value: { email: newAddress, userId } });
  const { token, message } = await world.letterTo(ada);
  expect(token).not.toBe("");
  expect(message.text).toContain("a**@new.example");
  expect(message.text).not.toContain(newAddress);
  expect(await new Browser(world).signInWithPassword(ada, validPassword)).toEqual(
    refused("invalid_credentials"),
  );
  expect(await new Browser(world).signInWithPassword(newAddress, validPassword)).toMatchObject({
    ok: true,
  });
  expect((await world.audit()).find(({ event }) => event === "email_change.verify")).toMatchObject({
    outcome: "ok",
    subject: userId,
  });
});

test("the response may have been lost: its browser repeats it, and nothing happens again", async () => {
  const { browser, code } = await waiting();
  expect(await verify(browser, code)).toEqual(changed);
  expect(await verify(browser, code)).toEqual(changed);
  expect(await count(world, "email_changes")).toBe(1);
  expect(await lettersOf(world, ada)).toHaveLength(2);
});

describe("a code belongs to its session and browser", () => {
  test("not to another session of the same user, and not to a thief of the session", async () => {
    const { browser, code } = await waiting();
    const phone = new Browser(world);
    await phone.signIn(ada);
    phone.mailRequest = browser.mailRequest;
    const thief = new Browser(world);
    thief.session = browser.session;
    for (const other of [phone, thief, new Browser(world)])
      expect(await verify(other, code)).toMatchObject({ ok: false });
    expect(await verify(browser, code)).toEqual(changed);
  });

  test("and not to one that was ended", async () => {
    const { browser, code } = await waiting();
    const phone = new Browser(world);
    await phone.signIn(ada);
    const listed = await browser.run(listSessions);
    const { id } = (listed.ok && listed.value.find(({ current }) => current)) || {};
    await phone.run(revokeSession, { id });
    expect(await verify(browser, code)).toEqual(refused("sign_in_required"));
  });

  test("five attempts, whatever the address", async () => {
    const { browser, code } = await waiting();
    const wrong = code === "000000" ? "111111" : "000000";
    for (let n = 0; n < 5; n += 1)
      expect(await verify(browser, wrong)).toEqual(refused("code_invalid", { cause: "wrong" }));
    expect(await verify(browser, code)).toEqual(refused("too_many_attempts"));
  });

  test("ten minutes", async () => {
    await world.withFrozenTime(async (world) => {
      const browser = new Browser(world);
      await browser.signIn(ada);
      await browser.run(requestEmailChange, { email: newAddress });
      const { code } = await world.letterTo(newAddress);
      await world.advance(lifetimes.emailCode + 1);
      expect(await browser.run(verifyEmailChange, { email: newAddress, code })).toEqual(
        refused("code_invalid", { cause: "none" }),
      );
    });
  });
});

test("an address that got an account meanwhile stays there", async () => {
  const { browser, code } = await waiting();
  await new Browser(world).signUpAndVerify(newAddress, validPassword);
  expect(await verify(browser, code)).toEqual(refused("email_in_use"));
  expect(await isThere(ada)).toBe(true);
  expect(await browser.run(readSession)).toMatchObject({ value: { email: ada } });
});

test("an account whose address was never verified frees it: there is nothing to undo", async () => {
  const browser = new Browser(world);
  await browser.signInWithProvider("linkedin", claims("l-1", ada));
  await browser.run(requestEmailChange, { email: newAddress });
  expect(await verify(browser, (await world.letterTo(newAddress)).code)).toEqual(changed);
  expect((await world.letterTo(ada)).token).toBe("");
  // The owner of that address signs up, and the account of the stranger stays theirs.
  await new Browser(world).signIn(ada);
  expect(await methodsOf(world, ada)).toEqual(["magic_link"]);
});

describe("for 72 hours the old address is reserved", () => {
  const nobody: Record<string, () => Promise<unknown>> = {
    "by link": async () => {
      const browser = new Browser(world);
      expect(await browser.requestLink(ada)).toEqual({ ok: true, value: { email: ada } });
    },
    "with a password": async () => {
      const browser = new Browser(world);
      expect(await browser.signUp(ada, validPassword)).toEqual({ ok: true, value: { email: ada } });
    },
    "with Google": async () => {
      const browser = new Browser(world);
      expect(await browser.signInWithProvider("google", hosted("g-1", ada))).toMatchObject({
        value: { outcome: "ask_to_sign_in" },
      });
    },
    "by a change of another account's address": async () => {
      const browser = new Browser(world);
      await browser.signIn(leo);
      expect(await browser.run(requestEmailChange, { email: ada })).toMatchObject({ ok: true });
    },
  };

  test.each(Object.entries(nobody))("nobody gets it %s", async (_, attempt) => {
    await move();
    await world.letterTo(ada);
    await attempt();
    await world.deliver();
    await expect(world.letterTo(ada)).rejects.toThrow();
    expect(
      (await lettersOf(world, ada)).every((told) => !/code queued|link queued/.test(told)),
    ).toBe(true);
    expect(await isThere(ada)).toBe(false);
  });

  test("then it is free, and the purge forgets the change", async () => {
    await world.withFrozenTime(async (world) => {
      const browser = new Browser(world);
      await browser.signIn(ada);
      await browser.run(requestEmailChange, { email: newAddress });
      const { code } = await world.letterTo(newAddress);
      await browser.run(verifyEmailChange, { email: newAddress, code });
      const { token } = await world.letterTo(ada);
      await world.advance(lifetimes.emailUndo - 60);
      await new Browser(world).requestLink(ada);
      await expect(world.letterTo(ada)).rejects.toThrow();
      await purge(world.db);
      expect(await count(world, "email_changes")).toBe(1);
      await world.advance(120);
      expect(await browser.run(undoEmailChange, { token, email: ada })).toMatchObject({
        ok: false,
      });
      await new Browser(world).signIn(ada);
      await purge(world.db);
      expect(await count(world, "email_changes")).toBe(0);
    });
  });
});

/** Every statement that creates a user. */
const creators: Record<string, (tx: Db) => Promise<unknown>> = {
  "a first sign-in by link": (tx) => markEmailVerified(tx, ada, { mayCreate: true }),
  "a completed sign-up": (tx) => createUserWithPassword(tx, ada, null),
  "a first sign-in with a provider": async (tx) => {
    await lockAddress(tx, ada);
    return createUserFromIdentity(tx, {
      provider: googleMethod.id,
      subject: "g-1",
      email: ada,
      emailAssurance: "authoritative",
    });
  },
};

test.each(Object.entries(creators))(
  "%s creates no user for a reserved address, not even while the change commits",
  async (_, create) => {
    const { browser, code } = await waiting();
    const [result, created] = await runDuringCommitOf(
      world,
      (world) => browser.run(verifyEmailChange, { email: newAddress, code }, { world }),
      () => world.writeDirectly(create),
    );
    expect([result, created]).toEqual([changed, null]);
    expect(await world.writeDirectly(create)).toBeNull();
    expect(await count(world, "users")).toBe(1);
  },
);

race("two changes to one address at once leave one clean result", async () => {
  const [adas, leos] = [
    await waiting(ada, "both@new.example"),
    await waiting(leo, "both@new.example"),
  ];
  const results = await Promise.all([
    verify(adas.browser, adas.code, "both@new.example"),
    verify(leos.browser, leos.code, "both@new.example"),
  ]);
  const told = results.map((result) => (result.ok ? "ok" : result.refusal.code));
  expect(told.toSorted()).toEqual(["email_in_use", "ok"]);
  const [loser] = told[0] === "ok" ? [leo] : [ada];
  expect(await isThere(loser!)).toBe(true);
  expect(await isThere("both@new.example")).toBe(true);
  expect(await count(world, "email_changes")).toBe(1);
  await world.reset();
});

race("a sign-up and a change at once leave one user with the address", async () => {
  const { browser, code } = await waiting();
  const newcomer = new Browser(world);
  await newcomer.signUp(newAddress, validPassword);
  const signUp = await world.letterTo(newAddress);
  const [changed, signedUp] = await Promise.all([
    verify(browser, code),
    newcomer.verify(signUp.code, newAddress),
  ]);
  expect([changed.ok, signedUp.ok].filter(Boolean)).toHaveLength(1);
  expect(await isThere(ada)).toBe(!changed.ok);
  await world.reset();
});

race("a link to the old address and a change at once create no second account", async () => {
  const { browser, code } = await waiting();
  const phone = new Browser(world);
  await phone.requestLink(ada);
  const letter = await world.letterTo(ada);
  const [changed] = await Promise.all([verify(browser, code), phone.openLink(letter)]);
  expect(changed.ok).toBe(true);
  expect(await isThere(ada)).toBe(false);
  expect(await count(world, "users")).toBe(1);
  await world.reset();
});
