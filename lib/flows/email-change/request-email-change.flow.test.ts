import { expect, test } from "vitest";
import { intervals } from "@/lib/core/policy";
import { redeemPasswordReset } from "@/lib/flows/password/redeem-password-reset";
import { requestPasswordReset } from "@/lib/flows/password/request-password-reset";
import { setPassword } from "@/lib/flows/password/set-password";
import { revokeOtherSessions } from "@/lib/flows/sessions/revoke-other-sessions";
import { signOut } from "@/lib/flows/sessions/sign-out";
import { Browser } from "@/test/support/browser";
import { validPassword } from "@/test/support/passwords";
import { lettersOf, liveSecrets } from "@/test/support/queries";
import { refused, setUpWorld } from "@/test/support/setup";
import { testEnv } from "@/test/support/world";
import { readPendingEmailChange } from "./read-pending-email-change";
import { requestEmailChange } from "./request-email-change";
import { verifyEmailChange } from "./verify-email-change";

const world = await setUpWorld();
const [ada, leo, mallory] = ["ada@example.com", "leo@example.com", "mallory@example.com"];
const newAddress = "ada@new.example";

const signedIn = async (email = ada) => {
  const browser = new Browser(world);
  await browser.signIn(email);
  return browser;
};

const request = (browser: Browser, email: unknown = newAddress) =>
  browser.run(requestEmailChange, { email });

const verify = (browser: Browser, code: string, email = newAddress) =>
  browser.run(verifyEmailChange, { email, code });

/** Leo moves to another address, so that his first one is reserved. */
async function moveLeo() {
  const browser = await signedIn(leo);
  await request(browser, "leo@new.example");
  const { code } = await world.letterTo("leo@new.example");
  expect(await verify(browser, code, "leo@new.example")).toMatchObject({ ok: true });
  return browser;
}

test("a code goes to the new address, and nothing changes before it is entered", async () => {
  const browser = await signedIn();
  expect(await request(browser)).toEqual({ ok: true, value: { email: newAddress } });
  const { code, token, message } = await world.letterTo(newAddress);
  expect(code).toMatch(/^\d{6}$/);
  expect(token).toBe("");
  expect(message.text).not.toContain(ada);
  expect(await world.userIdOf(ada)).toBeTruthy();
  expect(await liveSecrets(world, newAddress)).toEqual(["email_change"]);
});

test("it needs a step-up", async () => {
  const browser = await signedIn();
  await world.advance(intervals.stepUp);
  expect(await request(browser)).toEqual(refused("step_up_required"));
  expect(await new Browser(world).run(requestEmailChange, { email: newAddress })).toEqual(
    refused("sign_in_required"),
  );
});

test("the user's own addresses are told apart, and cost no email", async () => {
  const browser = await moveLeo();
  for (let n = 0; n < 6; n += 1) {
    await world.advance(60);
    expect(await request(browser, " LEO@new.example")).toEqual(
      refused("email_unchanged", { field: "email" }),
    );
    await browser.finishResponse();
  }
  expect(await request(browser, leo)).toEqual(refused("email_reserved", { field: "email" }));
  expect(await request(browser, "not an address")).toEqual(refused("email_invalid"));
});

test("taken, reserved and free addresses get the same response by as many statements", async () => {
  await moveLeo();
  await signedIn(mallory);
  const seen = [];
  for (const [n, email] of [newAddress, mallory, leo].entries()) {
    const browser = await signedIn(`user${n}@example.com`);
    let result: unknown;
    const statements = await world.statementsOf(async () => {
      result = await request(browser, email);
    });
    expect(result).toEqual({ ok: true, value: { email } });
    const pending = await browser.run(readPendingEmailChange);
    expect(pending).toMatchObject({ value: { email, codeSpent: false } });
    const wrong = [];
    for (let i = 0; i < 6; i += 1) {
      const outcome = await verify(browser, "000000", email);
      wrong.push(outcome.ok || outcome.refusal.code);
    }
    seen.push({ statements: statements.length, given: browser.cookieChanges, wrong });
  }
  expect(seen[1]).toEqual(seen[0]);
  expect(seen[2]).toEqual(seen[0]);
  expect(await lettersOf(world, newAddress)).toEqual(["email_change_code sent"]);
  expect((await lettersOf(world, mallory)).at(-1)).toBe("email_taken sent");
  expect((await lettersOf(world, leo)).at(-1)).toBe("email_change_code dead reserved");
});

test("the owner of a taken address is told, without a code", async () => {
  await signedIn(mallory);
  await request(await signedIn(), mallory);
  const { code, token, message } = await world.letterTo(mallory);
  expect([code, token]).toEqual(["", ""]);
  expect(message.subject).toContain("already in use");
  expect(message.text).not.toContain(ada);
});

test("one change is pending: another request voids the first", async () => {
  const browser = await signedIn();
  await request(browser);
  const { code } = await world.letterTo(newAddress);
  const phone = await signedIn();
  await request(phone, "ada@third.example");
  expect(await verify(browser, code)).toEqual(refused("code_invalid", { cause: "none" }));
  const third = await world.letterTo("ada@third.example");
  expect(await verify(phone, third.code, "ada@third.example")).toMatchObject({ ok: true });
});

test("strangers' requests for the same address do not void it, however many are sent", async () => {
  const browser = await signedIn();
  await request(browser);
  const { code } = await world.letterTo(newAddress);
  const generous = world.with({ env: testEnv({ EMAILS_PER_ADDRESS: "50" }) });
  for (let n = 0; n < 4; n += 1) {
    const stranger = new Browser(generous);
    await stranger.signIn(`user${n}@example.com`);
    await request(stranger);
  }
  expect(await verify(browser, code)).toMatchObject({ ok: true });
});

const ends: Record<string, (browser: Browser) => Promise<{ readonly ok: boolean }>> = {
  "setting a password in the same session": (browser) =>
    browser.run(setPassword, { password: validPassword }),
  "setting a password in another session": async () =>
    (await signedIn()).run(setPassword, { password: validPassword }),
  "a password reset": async (browser) => {
    await browser.run(requestPasswordReset, { email: ada });
    const { token } = await world.letterTo(ada);
    return browser.run(redeemPasswordReset, { token, password: validPassword });
  },
  "signing out everywhere else": (browser) => browser.run(revokeOtherSessions),
  "signing out": (browser) => browser.run(signOut),
};

test.each(Object.entries(ends))("%s kills a pending change", async (name, end) => {
  const browser = await signedIn();
  await request(browser);
  const { code } = await world.letterTo(newAddress);
  const { session } = browser;
  expect(await end(browser)).toMatchObject({ ok: true });
  if (name === "signing out") browser.session = session;
  expect(await verify(browser, code)).toMatchObject({ ok: false });
  expect(await world.userIdOf(ada)).toBeTruthy();
});
