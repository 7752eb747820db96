import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { digest } from "@/lib/core/crypto";
import { isRefusalCode } from "@/lib/core/errors";
import { bounds } from "@/lib/core/policy";
import { refuse } from "@/lib/core/result";
import { exportAccount } from "@/lib/flows/account-data/export-account";
import { unlockMethods } from "@/lib/flows/account/unlock-methods";
import { deleteAccount } from "@/lib/flows/deletion/delete-account";
import { restoreByLink } from "@/lib/flows/deletion/restore-by-link";
import { requestEmailChange } from "@/lib/flows/email-change/request-email-change";
import { undoEmailChange } from "@/lib/flows/email-change/undo-email-change";
import { verifyEmailChange } from "@/lib/flows/email-change/verify-email-change";
import { startLinkingProvider } from "@/lib/flows/oauth/start-linking-provider";
import { startOAuth } from "@/lib/flows/oauth/start-oauth";
import { redeemPasswordReset } from "@/lib/flows/password/redeem-password-reset";
import { redeemPasswordResetCode } from "@/lib/flows/password/redeem-password-reset-code";
import { requestPasswordReset } from "@/lib/flows/password/request-password-reset";
import { setPassword } from "@/lib/flows/password/set-password";
import { reportSession } from "@/lib/flows/sessions/report-session";
import { weakPasswordRefusals } from "@/lib/flows/shared/weak-password";
import { requestSignUp } from "@/lib/flows/sign-up/request-sign-up";
import { requestStepUp } from "@/lib/flows/step-up/request-step-up";
import { stepUpByCode } from "@/lib/flows/step-up/step-up-by-code";
import { stepUpByLink } from "@/lib/flows/step-up/step-up-by-link";
import { stepUpByPassword } from "@/lib/flows/step-up/step-up-by-password";
import type { AnyFlow } from "@/lib/runtime/flow";
import { sessionReader } from "@/lib/runtime/run-flow";
import { Browser } from "@/test/support/browser";
import { withChangeBeforeWrite } from "@/test/support/interleave";
import { keys } from "@/test/support/oauth-fixtures";
import { otherPassword, validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";

/** Refusals that need another request at the same moment, an outage or a setting: each is an event all the same. */

const world = await setUpWorld(keys);
const [ada, moved] = ["ada@example.com", "ada@new.example"];

async function signedUp() {
  const browser = new Browser(world);
  await browser.signUpAndVerify(ada, validPassword);
  return browser;
}

const change = (statement: ReturnType<typeof sql>) =>
  world.writeDirectly((tx) => tx.execute(statement));

const newestEvent = async () => (await world.audit()).at(-1);

/** What each flow needs of a user who has just signed up. */
const readyInputs: [AnyFlow, (browser: Browser) => Promise<Record<string, string>>][] = [
  [stepUpByPassword, () => Promise.resolve({ password: validPassword })],
  [
    stepUpByCode,
    async (browser) => {
      await browser.run(requestStepUp);
      return { code: (await world.letterTo(ada)).code };
    },
  ],
  [
    stepUpByLink,
    async (browser) => {
      await browser.run(requestStepUp);
      return { token: (await world.letterTo(ada)).token };
    },
  ],
  [unlockMethods, () => Promise.resolve({})],
  [
    verifyEmailChange,
    async (browser) => {
      await browser.run(requestEmailChange, { email: moved });
      return { email: moved, code: (await world.letterTo(moved)).code };
    },
  ],
  [deleteAccount, () => Promise.resolve({ email: ada })],
  [reportSession, () => Promise.resolve({ event: "1" })],
];

test.each(readyInputs.map(([flow, ready]) => [flow.name, flow, ready] as const))(
  "%s changes nothing in a session that has ended since the request began",
  async (name, flow, ready) => {
    const browser = await signedUp();
    const input = await ready(browser);
    const late = withChangeBeforeWrite(world, () => change(sql`delete from sessions`));
    expect(await browser.run<never, unknown, never>(flow as never, input, { world: late })).toEqual(
      refused("sign_in_required"),
    );
    expect(await newestEvent()).toMatchObject({ event: name, outcome: "sign_in_required" });
  },
);

test("an account that was erased since the request began has no file", async () => {
  const browser = await signedUp();
  const readSession = async () => {
    const session = await sessionReader(world, digest("session", browser.session!))();
    await change(sql`delete from users`);
    return session;
  };
  expect(await browser.run(exportAccount, {}, { readSession })).toEqual(
    refused("sign_in_required"),
  );
  expect(await newestEvent()).toMatchObject({ outcome: "sign_in_required" });
});

describe.each(Object.keys(weakPasswordRefusals).filter(isRefusalCode))("%s", (code) => {
  const passwords = { ...world.passwords, checkStrength: () => Promise.resolve(refuse(code)) };
  const weak = world.with({ passwords });
  const password = otherPassword;

  test("in a sign-up, in the account and in a reset is an event, and changes nothing", async () => {
    const stranger = new Browser(world);
    expect(await stranger.run(requestSignUp, { email: ada, password }, { world: weak })).toEqual(
      refused(code),
    );
    const browser = await signedUp();
    expect(await browser.run(setPassword, { password }, { world: weak })).toEqual(refused(code));
    await browser.run(requestPasswordReset, { email: ada });
    const { token, code: typed } = await world.letterTo(ada);
    expect(await browser.run(redeemPasswordReset, { token, password }, { world: weak })).toEqual(
      refused(code),
    );
    const byCode = { email: ada, code: typed, password };
    expect(await browser.run(redeemPasswordResetCode, byCode, { world: weak })).toEqual(
      refused(code),
    );
    const events = (await world.audit()).filter(({ outcome }) => outcome === code);
    expect(events.map(({ event }) => event)).toEqual([
      "sign_up.request",
      "password.set",
      "password_reset.redeem",
      "password_reset.redeem_code",
    ]);
    expect(await browser.run(redeemPasswordReset, { token, password })).toMatchObject({ ok: true });
  });
});

test("a reset by code of an account that was erased since the request began", async () => {
  const browser = await signedUp();
  await browser.run(requestPasswordReset, { email: ada });
  const { code } = await world.letterTo(ada);
  const late = withChangeBeforeWrite(world, () => change(sql`delete from users`));
  const input = { email: ada, code, password: otherPassword };
  expect(await browser.run(redeemPasswordResetCode, input, { world: late })).toEqual(
    refused("link_invalid", { cause: "no_account" }),
  );
});

test("a step-up whose code was guessed at too often, where the limit of the session is higher", async () => {
  const browser = await signedUp();
  await browser.run(requestStepUp);
  const { code } = await world.letterTo(ada);
  const limitMax = { ...world.env.limitMax, stepUpsPerSession: 100, codesPerHour: 100 };
  const patient = world.with({ env: { ...world.env, limitMax } });
  const wrong = code === "123456" ? "654321" : "123456";
  for (let n = 0; n < bounds.codeAttempts; n += 1)
    expect(await browser.run(stepUpByCode, { code: wrong }, { world: patient })).toEqual(
      refused("code_invalid"),
    );
  expect(await browser.run(stepUpByCode, { code }, { world: patient })).toEqual(
    refused("too_many_attempts"),
  );
  expect(await newestEvent()).toMatchObject({ event: "step_up.code", cause: "too_many" });
});

test("a change of the address whose reservation has ended, although the link has not", async () => {
  const browser = await signedUp();
  await browser.run(requestEmailChange, { email: moved });
  const { code } = await world.letterTo(moved);
  await browser.run(verifyEmailChange, { email: moved, code });
  const { token } = await world.letterTo(ada);
  await change(sql`update email_changes set reserved_until = now()`);
  expect(await browser.run(undoEmailChange, { token })).toEqual(refused("undo_too_late"));
});

test("a deletion that was taken back, although its link was not voided", async () => {
  const browser = await signedUp();
  await browser.run(deleteAccount, { email: ada });
  const { token } = await world.letterTo(ada);
  await change(sql`update users set delete_at = null`);
  expect(await browser.run(restoreByLink, { token })).toEqual(refused("undo_too_late"));
});

test.each(["provider_unavailable", "provider_failed"] as const)(
  "an OAuth attempt that the provider does not let begin: %s",
  async (code) => {
    const browser = await signedUp();
    const authorize = () => Promise.resolve(refuse(code, { cause: "timeout" }));
    const without = world.with({ oauth: { ...world.oauth, authorize } });
    for (const flow of [startOAuth, startLinkingProvider]) {
      expect(
        await browser.run<never, unknown, never>(
          flow as never,
          { provider: "google" },
          {
            world: without,
          },
        ),
      ).toEqual(refused(code));
      expect(await newestEvent()).toMatchObject({ event: flow.name, outcome: code });
    }
  },
);
