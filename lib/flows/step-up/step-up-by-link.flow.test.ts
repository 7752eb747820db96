import { describe, expect, test } from "vitest";
import { readPasswordStatus } from "@/lib/flows/password/read-password-status";
import { redeemPasswordReset } from "@/lib/flows/password/redeem-password-reset";
import { readSession } from "@/lib/flows/sessions/read-session";
import { bounds } from "@/lib/core/policy";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { count, forgetLimits, liveSecrets } from "@/test/support/queries";
import { validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import type { TestWorld } from "@/test/support/world";
import { requestStepUp } from "./request-step-up";
import { stepUpByLink } from "./step-up-by-link";

const world = await setUpWorld();

const ada = "ada@example.com";
const leo = "leo@example.com";
const succeeded = { ok: true, value: { next: "" } };

const stepUp = (browser: Browser, token: string) => browser.run(stepUpByLink, { token });

const waiting = async (where: TestWorld = world, email = ada) => {
  const browser = new Browser(where);
  await browser.signIn(email);
  await where.advance(601);
  await browser.run(requestStepUp);
  return { browser, letter: await where.letterTo(email) };
};

const isVerified = async (browser: Browser) => (await browser.run(readPasswordStatus)).ok;

test("ada opens the link where she is signed in, and gets a new session token", async () => {
  const { browser, letter } = await waiting();
  const thief = new Browser(world);
  thief.session = browser.session;
  expect(await stepUp(browser, letter.token)).toEqual(succeeded);
  expect(await isVerified(browser)).toBe(true);
  expect(await thief.run(readSession)).toMatchObject({ value: null });
  expect(await count(world, "sessions")).toBe(1);
  expect((await world.audit()).find(({ event }) => event === "step_up.link")).toMatchObject({
    outcome: "ok",
    subject: await world.userIdOf(ada),
  });
});

test("it works once, and voids the session's other step-up links and codes", async () => {
  const { browser, letter } = await waiting();
  await world.advance(60);
  await browser.run(requestStepUp);
  const second = await world.letterTo(ada);
  await stepUp(browser, letter.token);
  expect(await liveSecrets(world, ada)).toEqual([]);
  expect(await stepUp(browser, letter.token)).toEqual(refused("link_invalid", { cause: "used" }));
  expect(await stepUp(browser, second.token)).toEqual(refused("link_invalid", { cause: "voided" }));
});

test.each([
  ["9:59", 599, succeeded],
  ["10:01", 601, refused("link_invalid", { cause: "expired" })],
])("opened %s after the email was sent", async (_, passed, outcome) => {
  await world.withFrozenTime(async (world) => {
    const { browser, letter } = await waiting(world);
    await world.advance(passed);
    expect(await stepUp(browser, letter.token)).toEqual(outcome);
  });
});

test.each([
  ["599 s", 599, true],
  ["601 s", 601, false],
])("the step-up lasts ten minutes: %s", async (_, passed, good) => {
  await world.withFrozenTime(async (world) => {
    const { browser, letter } = await waiting(world);
    await stepUp(browser, letter.token);
    await world.advance(passed);
    expect(await isVerified(browser)).toBe(good);
  });
});

describe("works for the requesting session and browser, and nowhere else", () => {
  const elsewhere: Record<string, (hers: Browser) => Promise<Browser>> = {
    "another session of ada's": async () => {
      const phone = new Browser(world);
      await phone.signIn(ada);
      return phone;
    },
    "another session in the same browser": async (hers) => {
      const tab = new Browser(world);
      tab.mailRequest = hers.mailRequest;
      await tab.signIn(ada);
      return tab;
    },
    "mallory, who has the session's token but not the browser": (hers) => {
      const mallory = new Browser(world);
      mallory.session = hers.session;
      return Promise.resolve(mallory);
    },
    "leo in ada's browser": async (hers) => {
      const his = new Browser(world);
      his.mailRequest = hers.mailRequest;
      await his.signIn(leo);
      return his;
    },
  };

  test.each(Object.keys(elsewhere))("%s", async (who) => {
    const { browser, letter } = await waiting();
    const otherBrowser = await elsewhere[who]!(browser);
    expect(await stepUp(otherBrowser, letter.token)).toEqual(
      refused("link_invalid", { cause: "elsewhere" }),
    );
    expect((await world.audit()).at(-1)).toMatchObject({
      event: "step_up.link",
      outcome: "link_invalid",
      cause: "elsewhere",
    });
    expect(await isVerified(browser)).toBe(false);
    expect(await stepUp(browser, letter.token)).toEqual(succeeded);
  });

  test("typing the address does not help: there is no such field", async () => {
    const { letter } = await waiting();
    const phone = new Browser(world);
    await phone.signIn(ada);
    expect(await phone.run(stepUpByLink, { token: letter.token, email: ada })).toEqual(
      refused("invalid_input"),
    );
  });

  test("a signed-out user is asked to sign in, and nothing is consumed", async () => {
    const { browser, letter } = await waiting();
    expect(await stepUp(new Browser(world), letter.token)).toEqual(refused("sign_in_required"));
    expect(await stepUp(browser, letter.token)).toEqual(succeeded);
  });
});

test("it opens nothing else, and nothing else opens this", async () => {
  const { browser, letter } = await waiting();
  expect(await browser.openLink(letter, ada)).toEqual(
    refused("link_invalid", { cause: "unknown" }),
  );
  const input = { token: letter.token, email: ada, password: validPassword };
  expect(await browser.run(redeemPasswordReset, input)).toEqual(refused("link_invalid"));
  await browser.requestLink(ada);
  const link = await world.letterTo(ada);
  expect(await stepUp(browser, link.token)).toEqual(refused("link_invalid", { cause: "unknown" }));
  for (const token of [
    browser.session!,
    browser.mailRequest!,
    "",
    letter.token.slice(1),
    `${letter.token}A`,
  ])
    expect(await stepUp(browser, token)).toEqual(refused("link_invalid", { cause: "unknown" }));
  expect(await isVerified(browser)).toBe(false);
});

test("of twenty requests at once, one is the step-up, three repeat it, and all get one token", async () => {
  const { browser, letter } = await waiting();
  const { session, mailRequest } = browser;
  const tabs = Array.from({ length: 20 }, () =>
    Object.assign(new Browser(world), { session, mailRequest }),
  );
  const responses = await Promise.all(tabs.map((tab) => stepUp(tab, letter.token)));
  const succeeded = tabs.filter((_, n) => responses[n]!.ok);
  expect(succeeded).toHaveLength(1 + bounds.repeats);
  expect(new Set(succeeded.map((tab) => tab.session)).size).toBe(1);
  expect(await isVerified(succeeded[0]!)).toBe(true);
  expect(responses).not.toContainEqual(refused("unavailable"));
});

test("whatever statement the database fails at: the step-up is done, or the link still works", async () => {
  const { browser, letter } = await waiting();
  const before = await dump(world, "limits");
  for (let after = 0; ; after += 1) {
    world.failDatabaseAfter(after);
    const result = await stepUp(browser, letter.token);
    world.restoreDatabase();
    if (result.ok) break;
    expect(result).toEqual(refused("unavailable"));
    expect(await dump(world, "limits")).toBe(before);
    await forgetLimits(world);
  }
});
