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
  told,
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

const openLink = (browser: Browser, where: TestWorld = browser.world) =>
  browser.run(linkProvider, { pendingIdentity: browser.pendingIdentity ?? "" }, { world: where });

const signedIn = async (email = ada, where: TestWorld = world) => {
  const browser = new Browser(where);
  await browser.signIn(email);
  return browser;
};

/** Ada set out from her methods page, and is back. */
const brought = async (browser: Browser, said = claims("g-1", elsewhere)) => {
  expect((await browser.run(startLinkingProvider, { provider: "google" })).ok).toBe(true);
  expect(told(await browser.finishOAuth("google", said))).toBe("ask_to_link");
  return browser;
};

describe("ada presses Connect", () => {
  test("Google opens her account from now on, and she is told, with the address it has there (A2)", async () => {
    const browser = await brought(await signedIn());
    expect(await openLink(browser)).toEqual(connected());
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
      told(await new Browser(world).signInWithProvider("google", claims("g-1", elsewhere))),
    ).toBe("sign_in");
  });

  test("after she came by Google to an address that has an account, and signed in by link (O4)", async () => {
    await signedIn();
    const browser = new Browser(world);
    await browser.startOAuth("google", { next: "/account" });
    expect(told(await browser.finishOAuth("google", claims("g-1", ada)))).toBe("ask_to_sign_in");
    expect(await openLink(browser)).toEqual(refused("sign_in_required"));
    await world.deliver();
    await browser.signIn(ada);
    expect(await identitiesOf(world, ada)).toEqual(["magic_link"]);
    expect(await openLink(browser)).toEqual(connected("/account"));
    expect(await identitiesOf(world, ada)).toEqual(["google g-1", "magic_link"]);
  });

  test("the address there proves nothing here, and changes nothing of hers", async () => {
    const person = () => row(world.db, sql`select to_jsonb(u) as all from users u`);
    const browser = await brought(await signedIn(), hosted("g-1", elsewhere));
    const before = await person();
    await openLink(browser);
    expect(await person()).toEqual(before);
  });

  test("one that is in question stays from now on (O3)", async () => {
    const browser = await signedIn();
    await writeIdentityDirectly(world, ada, "google", "g-1", { needsConfirmation: true });
    await brought(browser, claims("g-1", ada));
    expect(await openLink(browser)).toEqual(connected());
    expect(await identitiesOf(world, ada)).toEqual(["google g-1", "magic_link"]);
  });
});

describe("a press counts once, for the session that set out, and in time", () => {
  test("pressed again, nothing waits any more, and no second letter leaves", async () => {
    const browser = await brought(await signedIn());
    const { pendingIdentity } = browser;
    await openLink(browser);
    browser.pendingIdentity = pendingIdentity;
    expect(await openLink(browser)).toEqual(lost("no_pending_identity"));
    expect(await world.deliver()).toHaveLength(1);
  });

  test("pressed twenty times at once: connected once, one letter", async () => {
    const browser = await brought(await signedIn());
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
  ])("by another session, %s: nothing is connected", async (_, meanwhile) => {
    const browser = await brought(await signedIn());
    await meanwhile(browser);
    expect(await openLink(browser)).toEqual(lost("other_session"));
    expect(await identitiesOf(world, ada)).toEqual(["magic_link"]);
    expect(await count(world, "auth_providers")).toBe(await count(world, "users"));
  });

  test("by nobody: signed out, she is asked to sign in", async () => {
    const browser = await brought(await signedIn());
    await browser.run(signOut);
    expect(await openLink(browser)).toEqual(refused("sign_in_required"));
  });

  test("in another browser there is nothing to press, whoever is signed in there", async () => {
    await brought(await signedIn());
    for (const pendingIdentity of [null, "", "x".repeat(43)]) {
      const phone = await signedIn();
      phone.pendingIdentity = pendingIdentity;
      expect(await openLink(phone)).toEqual(lost("no_pending_identity"));
    }
  });

  test("at a shared machine: what nobody set out to connect is for the account of its own address", async () => {
    await signedIn();
    const browser = new Browser(world);
    expect(told(await browser.signInWithProvider("google", claims("g-1", ada)))).toBe(
      "ask_to_sign_in",
    );
    await browser.signIn(leo);
    expect(await openLink(browser)).toEqual(lost("other_account"));
    expect(await identitiesOf(world, leo)).toEqual(["magic_link"]);
    await world.deliver();
    await browser.signIn(ada);
    expect(await openLink(browser)).toEqual(connected());
  });

  test("before the return there is nothing to connect", async () => {
    const browser = await signedIn();
    await browser.run(startLinkingProvider, { provider: "google" });
    expect(await openLink(browser)).toEqual(lost("no_pending_identity"));
  });

  test("under another token the session is the same (step-up)", async () => {
    const browser = new Browser(world);
    await browser.join(ada, validPassword);
    await brought(browser);
    await browser.run(stepUpByPassword, { password: validPassword });
    expect(await openLink(browser)).toEqual(connected());
  });

  test.each([
    ["9:59", 599, connected()],
    ["10:01", 601, lost("no_pending_identity")],
  ])("%s after she came back", async (_, passed, outcome) => {
    await world.withFrozenTime(async (world) => {
      const browser = new Browser(world);
      await browser.join(ada, validPassword);
      await brought(browser);
      await world.advance(passed);
      await browser.run(stepUpByPassword, { password: validPassword });
      expect(await openLink(browser)).toEqual(outcome);
    });
  });

  test.each([
    ["599 s", 599, connected()],
    ["601 s", 601, refused("step_up_required")],
  ])("only for whoever proved just now that it is them (A2): %s", async (_, passed, outcome) => {
    await world.withFrozenTime(async (world) => {
      const browser = await signedIn(ada, world);
      await world.advance(passed - 300);
      // A trip for signing in asks for no proof.
      await browser.signInWithProvider("google", claims("g-1", ada));
      await world.advance(300);
      expect(await openLink(browser)).toEqual(outcome);
      expect(await identitiesOf(world, ada)).toHaveLength(passed < 600 ? 2 : 1);
    });
  });
});

describe("what is somebody else's stays theirs (A3)", () => {
  test("taken by leo meanwhile: she is told so, nothing is changed, and nobody is written to", async () => {
    const browser = await brought(await signedIn());
    await signedIn(leo);
    await writeIdentityDirectly(world, leo, "google", "g-1");
    expect(await openLink(browser)).toEqual(
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

  test("also where it is in question at leo's", async () => {
    const browser = await brought(await signedIn());
    await signedIn(leo);
    await writeIdentityDirectly(world, leo, "google", "g-1", { needsConfirmation: true });
    expect(await openLink(browser)).toEqual(refused("identity_already_in_use"));
    expect(await identitiesOf(world, leo)).toEqual(["google g-1 ?", "magic_link"]);
  });

  test.each([
    ["", false],
    [", in question", true],
  ])("another Google account is connected%s: that one stays (I2)", async (_, needsConfirmation) => {
    const browser = await brought(await signedIn());
    await writeIdentityDirectly(world, ada, "google", "g-2", { needsConfirmation });
    expect(await openLink(browser)).toEqual(
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
  ["its keys are gone", {}],
  ["it is not among the ways in", { ...keys, SIGN_IN_METHODS: "magic_link,linkedin" }],
])("nothing is connected of a provider once %s", async (_, vars) => {
  const browser = await brought(await signedIn());
  expect(await openLink(browser, world.with({ env: testEnv(vars) }))).toEqual(refused("not_found"));
  expect(await identitiesOf(world, ada)).toEqual(["magic_link"]);
});

describe("at the same moment", () => {
  test("ada and leo press for one identity: one has it", async () => {
    for (let round = 0; round < 5; round += 1) {
      const hers = await brought(await signedIn());
      const his = await brought(await signedIn(leo));
      const responses = await Promise.all([openLink(hers), openLink(his)]);
      expect(responses.filter(({ ok }) => ok)).toHaveLength(1);
      expect(responses).toContainEqual(refused("identity_already_in_use", { provider: "google" }));
      expect(await count(world, "auth_providers")).toBe(3);
      await world.reset();
    }
  });

  test("ada presses for two Google accounts in two browsers: one is connected", async () => {
    for (let round = 0; round < 5; round += 1) {
      const home = await brought(await signedIn());
      const phone = await brought(await signedIn(), claims("g-2", elsewhere));
      const responses = await Promise.all([openLink(home), openLink(phone)]);
      expect(responses.filter(({ ok }) => ok)).toHaveLength(1);
      expect(responses).toContainEqual(refused("provider_already_linked", { provider: "google" }));
      await world.reset();
    }
  });

  test("and for one in both: it is connected, and both are told so", async () => {
    const home = await brought(await signedIn());
    const phone = await brought(await signedIn());
    expect(await Promise.all([openLink(home), openLink(phone)])).toEqual([
      connected(),
      connected(),
    ]);
    expect(await identitiesOf(world, ada)).toEqual(["google g-1", "magic_link"]);
  });

  test("somebody signs up by the very identity: theirs or hers, and nobody waits for ever", async () => {
    for (let round = 0; round < 5; round += 1) {
      const browser = await brought(await signedIn());
      const stranger = new Browser(world);
      await stranger.startOAuth("google");
      const [pressed, came] = await Promise.all([
        openLink(browser),
        stranger.finishOAuth("google", claims("g-1", elsewhere)),
      ]);
      expect(told(came)).toBe("sign_in");
      expect(pressed.ok || pressed.refusal.code).toBe(
        (await count(world, "users")) === 1 ? true : "identity_already_in_use",
      );
      await world.reset();
    }
  });

  test.each<[string, (home: Browser) => Promise<unknown>]>([
    ["all other sessions end", (home) => home.run(revokeOtherSessions)],
    ["the account is switched off", () => disable(world, ada)],
  ])("%s while the press is on its way: it connects nothing", async (_, ends) => {
    const home = await signedIn();
    const mallory = await brought(await signedIn());
    const late = withChangeBeforeWrite(world, () => ends(home));
    expect(await openLink(mallory, late)).toEqual(refused("sign_in_required"));
    expect(await identitiesOf(world, ada)).toEqual(["magic_link"]);
    expect(await world.deliver()).toEqual([]);
  });

  test("the mailbox is proven by a link about to commit: a planted session connects nothing (A5)", async () => {
    const mallory = new Browser(world);
    await mallory.signInWithProvider("linkedin", claims("l-1", ada));
    await brought(mallory);
    const owner = new Browser(world);
    await owner.requestLink(ada);
    const { token } = await world.letterTo(ada);
    // The session is read before the link has committed, and ended by it.
    const late = withChangeBeforeWrite(world, () => owner.run(redeemMagicLink, { token }));
    expect(await openLink(mallory, late)).toEqual(refused("sign_in_required"));
    expect(await identitiesOf(world, ada)).toEqual(["linkedin l-1 ?", "magic_link"]);
  });
});

test("both ways round: a press about to commit is gone with what was planted", async () => {
  const mallory = new Browser(world);
  await mallory.signInWithProvider("linkedin", claims("l-1", ada));
  await brought(mallory);
  const owner = new Browser(world);
  await owner.requestLink(ada);
  const letter = await world.letterTo(ada);
  const [pressed, proven] = await runDuringCommitOf(
    world,
    (world) => openLink(mallory, world),
    () => owner.openLink(letter),
  );
  expect(pressed.ok).toBe(true);
  expect(proven).toEqual({ ok: true, value: { next: "", needsConfirmation: true } });
  expect(await identitiesOf(world, ada)).toEqual(["google g-1 ?", "linkedin l-1 ?", "magic_link"]);
});

test("whatever statement the database fails at: connected, or nothing happened", async () => {
  const browser = await brought(await signedIn());
  const { pendingIdentity } = browser;
  const before = await dump(world);
  let after = 0;
  for (; ; after += 1) {
    world.failDatabaseAfter(after);
    const result = await openLink(browser);
    world.restoreDatabase();
    if (result.ok) break;
    expect(result).toEqual(refused("unavailable"));
    expect(browser.pendingIdentity).toBe(pendingIdentity);
    expect(await dump(world)).toBe(before);
  }
  expect(after).toBeGreaterThan(6);
});
