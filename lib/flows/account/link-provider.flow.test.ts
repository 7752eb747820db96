import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { row } from "@/db/rows";
import { startLinkingProvider } from "@/lib/flows/oauth/start-linking-provider";
import { revokeOtherSessions } from "@/lib/flows/sessions/revoke-other-sessions";
import { signOut } from "@/lib/flows/sessions/sign-out";
import { redeemMagicLink } from "@/lib/flows/sign-in/redeem-magic-link";
import { stepUpByPassword } from "@/lib/flows/step-up/step-up-by-password";
import { Browser } from "@/test/support/browser";
import { runDuringCommitOf, withChangeBeforeWrite } from "@/test/support/interleave";
import {
  claims,
  hosted,
  identitiesOf,
  keys,
  pendingIdentity,
  writeIdentityDirectly,
  outcomeOf,
} from "@/test/support/oauth-fixtures";
import { dump } from "@/test/support/invariants";
import { count, disable, lettersOf } from "@/test/support/queries";
import { validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { testEnv, type TestWorld } from "@/test/support/world";
import { linkProvider } from "./link-provider";

const world = await setUpWorld({
  ...keys,
  EMAILS_PER_ADDRESS: "1000",
  EMAIL_REQUESTS_PER_IP: "1000",
});

const ada = "ada@example.com";
const leo = "leo@example.com";
const elsewhere = "ada@work.example";
const lost = (cause: string) => refused("oauth_state_invalid", { cause });
const connected = (next = "") => ({ ok: true, value: { provider: "google", next } });

const submitLink = (browser: Browser, where: TestWorld = browser.world) =>
  browser.run(linkProvider, { pendingIdentity: browser.pendingIdentity ?? "" }, { world: where });

const signedIn = async (email = ada, where: TestWorld = world) => {
  const browser = new Browser(where);
  await browser.signIn(email);
  return browser;
};

/** Ada started from her methods page, and is back. */
const completeLinkingAttempt = async (
  browser: Browser,
  identityClaims = claims("g-1", elsewhere),
) => {
  expect((await browser.run(startLinkingProvider, { provider: "google" })).ok).toBe(true);
  expect(outcomeOf(await browser.finishOAuth("google", identityClaims))).toBe("ask_to_link");
  return browser;
};

describe("ada submits Connect", () => {
  test("Google opens her account from now on, and she gets an email with the Google address (A2)", async () => {
    const browser = await completeLinkingAttempt(await signedIn());
    expect(await submitLink(browser)).toEqual(connected());
    expect(browser.cookieChanges).toEqual({ pendingIdentity: "ended" });
    expect(await identitiesOf(world, ada)).toEqual(["google g-1", "magic_link"]);
    const { message } = await world.letterTo(ada);
    expect(message.subject).toContain("Google");
    expect(message.text).toContain(elsewhere);
    expect(message.text).toContain("Firefox on Linux");
    expect(await lettersOf(world, elsewhere)).toEqual([]);
    expect((await world.audit()).at(-1)).toMatchObject({
      event: "auth_provider.link",
      outcome: "ok",
      cause: "google",
      subject: await world.userIdOf(ada),
    });
    expect(
      outcomeOf(await new Browser(world).signInWithProvider("google", claims("g-1", elsewhere))),
    ).toBe("sign_in");
  });

  test("after she used Google with an address that has an account, and signed in by link (O4)", async () => {
    await signedIn();
    const browser = new Browser(world);
    await browser.startOAuth("google", { next: "/account" });
    expect(outcomeOf(await browser.finishOAuth("google", claims("g-1", ada)))).toBe(
      "ask_to_sign_in",
    );
    expect(await submitLink(browser)).toEqual(refused("sign_in_required"));
    await world.deliver();
    await browser.signIn(ada);
    expect(await identitiesOf(world, ada)).toEqual(["magic_link"]);
    expect(await submitLink(browser)).toEqual(connected("/account"));
    expect(await identitiesOf(world, ada)).toEqual(["google g-1", "magic_link"]);
  });

  test("the Google address verifies nothing here, and changes nothing of hers", async () => {
    const person = () => row(world.db, sql`select to_jsonb(u) as all from users u`);
    const browser = await completeLinkingAttempt(await signedIn(), hosted("g-1", elsewhere));
    const before = await person();
    await submitLink(browser);
    expect(await person()).toEqual(before);
  });

  test("a provider that needed confirmation is confirmed by it (O3)", async () => {
    const browser = await signedIn();
    await writeIdentityDirectly(world, ada, "google", "g-1", { needsConfirmation: true });
    await completeLinkingAttempt(browser, claims("g-1", ada));
    expect(await submitLink(browser)).toEqual(connected());
    expect(await identitiesOf(world, ada)).toEqual(["google g-1", "magic_link"]);
  });
});

describe("the form works once, for the session that started, and in time", () => {
  test("submitted again, it finds no pending identity, and no second email is sent", async () => {
    const browser = await completeLinkingAttempt(await signedIn());
    const { pendingIdentity } = browser;
    await submitLink(browser);
    browser.pendingIdentity = pendingIdentity;
    expect(await submitLink(browser)).toEqual(lost("no_pending_identity"));
    expect(await world.deliver()).toHaveLength(1);
  });

  test("submitted twenty times at once, it links once and sends one email", async () => {
    const browser = await completeLinkingAttempt(await signedIn());
    const { pendingIdentity } = browser;
    const responses = await Promise.all(
      Array.from({ length: 20 }, () => browser.run(linkProvider, { pendingIdentity })),
    );
    expect(responses.filter(({ ok }) => ok)).toEqual([connected()]);
    expect(responses.filter(({ ok }) => !ok)).toEqual(Array(19).fill(lost("no_pending_identity")));
    expect(await world.deliver()).toHaveLength(1);
  });

  test.each<[string, (browser: Browser) => Promise<unknown>]>([
    ["leo's", (browser) => browser.signIn(leo)],
    ["ada's next one", (browser) => browser.signIn(ada)],
  ])("submitted by another session, %s, it links nothing", async (_, meanwhile) => {
    const browser = await completeLinkingAttempt(await signedIn());
    await meanwhile(browser);
    expect(await submitLink(browser)).toEqual(lost("other_session"));
    expect(await identitiesOf(world, ada)).toEqual(["magic_link"]);
    expect(await count(world, "auth_providers")).toBe(await count(world, "users"));
  });

  test("submitted signed out, it asks her to sign in", async () => {
    const browser = await completeLinkingAttempt(await signedIn());
    await browser.run(signOut);
    expect(await submitLink(browser)).toEqual(refused("sign_in_required"));
  });

  test("in another browser there is no pending identity, whatever user is signed in there", async () => {
    await completeLinkingAttempt(await signedIn());
    for (const pendingIdentity of [null, "", "x".repeat(43)]) {
      const phone = await signedIn();
      phone.pendingIdentity = pendingIdentity;
      expect(await submitLink(phone)).toEqual(lost("no_pending_identity"));
    }
  });

  test("on a shared machine, an identity from a sign-in belongs to the account with its address", async () => {
    await signedIn();
    const browser = new Browser(world);
    expect(outcomeOf(await browser.signInWithProvider("google", claims("g-1", ada)))).toBe(
      "ask_to_sign_in",
    );
    await browser.signIn(leo);
    expect(await submitLink(browser)).toEqual(lost("other_account"));
    expect(await identitiesOf(world, leo)).toEqual(["magic_link"]);
    await world.deliver();
    await browser.signIn(ada);
    expect(await submitLink(browser)).toEqual(connected());
  });

  test("before the callback there is no pending identity", async () => {
    const browser = await signedIn();
    await browser.run(startLinkingProvider, { provider: "google" });
    expect(await submitLink(browser)).toEqual(lost("no_pending_identity"));
  });

  test("under another token the session is the same (step-up)", async () => {
    const browser = new Browser(world);
    await browser.signUpAndVerify(ada, validPassword);
    await completeLinkingAttempt(browser);
    await browser.run(stepUpByPassword, { password: validPassword });
    expect(await submitLink(browser)).toEqual(connected());
  });

  test.each([
    ["9:59", 599, connected()],
    ["10:01", 601, lost("no_pending_identity")],
  ])("%s after the callback", async (_, passed, outcome) => {
    await world.withFrozenTime(async (world) => {
      const browser = new Browser(world);
      await browser.signUpAndVerify(ada, validPassword);
      await completeLinkingAttempt(browser);
      await world.advance(passed);
      await browser.run(stepUpByPassword, { password: validPassword });
      expect(await submitLink(browser)).toEqual(outcome);
    });
  });

  test.each([
    ["599 s", 599, connected()],
    ["601 s", 601, refused("step_up_required")],
  ])("linking requires a recent sign-in (A2): %s", async (_, passed, outcome) => {
    await world.withFrozenTime(async (world) => {
      const browser = await signedIn(ada, world);
      await world.advance(passed - 300);
      // An OAuth attempt for signing in requires no step-up.
      await browser.signInWithProvider("google", claims("g-1", ada));
      await world.advance(300);
      expect(await submitLink(browser)).toEqual(outcome);
      expect(await identitiesOf(world, ada)).toHaveLength(passed < 600 ? 2 : 1);
    });
  });
});

describe("an identity of another user stays that user's (A3)", () => {
  test("leo linked it meanwhile: she is told, nothing changes, and no email is sent", async () => {
    const browser = await completeLinkingAttempt(await signedIn());
    await signedIn(leo);
    await writeIdentityDirectly(world, leo, "google", "g-1");
    expect(await submitLink(browser)).toEqual(
      refused("identity_already_in_use", { provider: "google" }),
    );
    expect(await identitiesOf(world, ada)).toEqual(["magic_link"]);
    expect(await identitiesOf(world, leo)).toEqual(["google g-1", "magic_link"]);
    expect(await world.deliver()).toEqual([]);
    expect((await world.audit()).at(-1)).toMatchObject({
      event: "auth_provider.link",
      outcome: "identity_already_in_use",
      cause: "google",
    });
  });

  test("also while leo still has to confirm it", async () => {
    const browser = await completeLinkingAttempt(await signedIn());
    await signedIn(leo);
    await writeIdentityDirectly(world, leo, "google", "g-1", { needsConfirmation: true });
    expect(await submitLink(browser)).toEqual(refused("identity_already_in_use"));
    expect(await identitiesOf(world, leo)).toEqual(["google g-1 ?", "magic_link"]);
  });

  test.each([
    ["", false],
    [", unconfirmed", true],
  ])("with another Google account linked%s, that one stays (I2)", async (_, needsConfirmation) => {
    const browser = await completeLinkingAttempt(await signedIn());
    await writeIdentityDirectly(world, ada, "google", "g-2", { needsConfirmation });
    expect(await submitLink(browser)).toEqual(
      refused("provider_already_linked", { provider: "google" }),
    );
    expect(await identitiesOf(world, ada)).toEqual([
      needsConfirmation ? "google g-2 ?" : "google g-2",
      "magic_link",
    ]);
    expect(await pendingIdentity(world)).toEqual(["google g-1"]);
  });
});

test.each([
  ["its keys are not set", {}],
  ["it is not among the sign-in methods", { ...keys, SIGN_IN_METHODS: "magic_link,linkedin" }],
])("nothing is linked of a provider once %s", async (_, vars) => {
  const browser = await completeLinkingAttempt(await signedIn());
  expect(await submitLink(browser, world.with({ env: testEnv(vars) }))).toEqual(
    refused("not_found"),
  );
  expect(await identitiesOf(world, ada)).toEqual(["magic_link"]);
});

describe("at the same moment", () => {
  test("ada and leo submit for one identity: one of them gets it", async () => {
    for (let round = 0; round < 5; round += 1) {
      const hers = await completeLinkingAttempt(await signedIn());
      const his = await completeLinkingAttempt(await signedIn(leo));
      const responses = await Promise.all([submitLink(hers), submitLink(his)]);
      expect(responses.filter(({ ok }) => ok)).toHaveLength(1);
      expect(responses).toContainEqual(refused("identity_already_in_use", { provider: "google" }));
      expect(await count(world, "auth_providers")).toBe(3);
      await world.reset();
    }
  });

  test("ada submits for two Google accounts in two browsers: one is linked", async () => {
    for (let round = 0; round < 5; round += 1) {
      const home = await completeLinkingAttempt(await signedIn());
      const phone = await completeLinkingAttempt(await signedIn(), claims("g-2", elsewhere));
      const responses = await Promise.all([submitLink(home), submitLink(phone)]);
      expect(responses.filter(({ ok }) => ok)).toHaveLength(1);
      expect(responses).toContainEqual(refused("provider_already_linked", { provider: "google" }));
      await world.reset();
    }
  });

  test("ada submits for one in both browsers: it is linked, and both say so", async () => {
    const home = await completeLinkingAttempt(await signedIn());
    const phone = await completeLinkingAttempt(await signedIn());
    expect(await Promise.all([submitLink(home), submitLink(phone)])).toEqual([
      connected(),
      connected(),
    ]);
    expect(await identitiesOf(world, ada)).toEqual(["google g-1", "magic_link"]);
  });

  test("a new user signs up with the same identity: one of them gets it, and neither request hangs", async () => {
    for (let round = 0; round < 5; round += 1) {
      const browser = await completeLinkingAttempt(await signedIn());
      const stranger = new Browser(world);
      await stranger.startOAuth("google");
      const [linked, signedUp] = await Promise.all([
        submitLink(browser),
        stranger.finishOAuth("google", claims("g-1", elsewhere)),
      ]);
      expect(outcomeOf(signedUp)).toBe("sign_in");
      expect(linked.ok || linked.refusal.code).toBe(
        (await count(world, "users")) === 1 ? true : "identity_already_in_use",
      );
      await world.reset();
    }
  });

  test.each<[string, (home: Browser) => Promise<unknown>]>([
    ["all other sessions end", (home) => home.run(revokeOtherSessions)],
    ["the account is disabled", () => disable(world, ada)],
  ])("%s while the request is running: it links nothing", async (_, ends) => {
    const home = await signedIn();
    const mallory = await completeLinkingAttempt(await signedIn());
    const late = withChangeBeforeWrite(world, () => ends(home));
    expect(await submitLink(mallory, late)).toEqual(refused("sign_in_required"));
    expect(await identitiesOf(world, ada)).toEqual(["magic_link"]);
    expect(await lettersOf(world, ada)).not.toContainEqual(expect.stringMatching("provider"));
  });

  test("the email is verified by a link about to commit: an unverified session links nothing (A5)", async () => {
    const mallory = new Browser(world);
    await mallory.signInWithProvider("linkedin", claims("l-1", ada));
    await completeLinkingAttempt(mallory);
    const owner = new Browser(world);
    await owner.requestLink(ada);
    const { token } = await world.letterTo(ada);
    // The session is read before the link has committed, and ended by it.
    const late = withChangeBeforeWrite(world, () => owner.run(redeemMagicLink, { token }));
    expect(await submitLink(mallory, late)).toEqual(refused("sign_in_required"));
    expect(await identitiesOf(world, ada)).toEqual(["linkedin l-1 ?", "magic_link"]);
  });
});

test("in the other order, a linking about to commit is revoked by the verification", async () => {
  const mallory = new Browser(world);
  await mallory.signInWithProvider("linkedin", claims("l-1", ada));
  await completeLinkingAttempt(mallory);
  const owner = new Browser(world);
  await owner.requestLink(ada);
  const letter = await world.letterTo(ada);
  const [linked, verified] = await runDuringCommitOf(
    world,
    (world) => submitLink(mallory, world),
    () => owner.openLink(letter),
  );
  expect(linked.ok).toBe(true);
  expect(verified).toEqual({ ok: true, value: { next: "", needsConfirmation: true } });
  expect(await identitiesOf(world, ada)).toEqual(["google g-1 ?", "linkedin l-1 ?", "magic_link"]);
});

test("whatever statement the database fails at: the provider is linked, or nothing happened", async () => {
  const browser = await completeLinkingAttempt(await signedIn());
  const { pendingIdentity } = browser;
  const before = await dump(world);
  let after = 0;
  for (; ; after += 1) {
    world.failDatabaseAfter(after);
    const result = await submitLink(browser);
    world.restoreDatabase();
    if (result.ok) break;
    expect(result).toEqual(refused("unavailable"));
    expect(browser.pendingIdentity).toBe(pendingIdentity);
    expect(await dump(world)).toBe(before);
  }
  expect(after).toBeGreaterThan(6);
});
