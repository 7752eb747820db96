import { describe, expect, test } from "vitest";
import { readSession } from "@/lib/flows/sessions/read-session";
import { revokeOtherSessions } from "@/lib/flows/sessions/revoke-other-sessions";
import { signOut } from "@/lib/flows/sessions/sign-out";
import { requestStepUp } from "@/lib/flows/step-up/request-step-up";
import { stepUpByLink } from "@/lib/flows/step-up/step-up-by-link";
import { redeemMagicLink } from "@/lib/flows/sign-in/redeem-magic-link";
import { Browser } from "@/test/support/browser";
import { runDuringCommitOf } from "@/test/support/interleave";
import { dump } from "@/test/support/invariants";
import { count, hashOf, lettersOf, liveSecrets, methodsOf } from "@/test/support/queries";
import {
  failingHasher,
  overloadedHasher,
  otherPassword,
  ready,
  validPassword,
} from "@/test/support/passwords";
import { race } from "@/test/support/race";
import { refused, setUpWorld } from "@/test/support/setup";
import { testEnv, type TestWorld } from "@/test/support/world";
import { redeemPasswordReset } from "./redeem-password-reset";
import { requestPasswordReset } from "./request-password-reset";
import { setPassword } from "./set-password";
import { signInWithPassword } from "./sign-in-with-password";

const world = await setUpWorld();
const generous = world.with({
  env: testEnv({ EMAILS_PER_ADDRESS: "1000", EMAIL_REQUESTS_PER_IP: "1000" }),
});

const ada = "ada@example.com";
const leo = "leo@example.com";
const welcome = { ok: true, value: { next: "" } };

const choose = (
  browser: Browser,
  password: unknown = validPassword,
  where: TestWorld = browser.world,
) => browser.run(setPassword, { password }, { world: where });

const sessionOf = async (browser: Browser) => {
  const read = await browser.run(readSession);
  return read.ok ? (read.value?.email ?? null) : read.refusal.code;
};

/** Ada, signed in just now by a link, without a password. */
const linked = async () => {
  const browser = new Browser(world);
  await browser.signIn(ada);
  return browser;
};

/** Ada, who has a password. */
const joined = async () => {
  const browser = new Browser(world);
  await browser.signUpAndVerify(ada, otherPassword);
  return browser;
};

test("a first password: a new sign-in method, and the owner gets an email (A2)", async () => {
  const browser = await linked();
  expect(await choose(browser)).toEqual({ ok: true, value: { first: true } });
  expect(await methodsOf(world, ada)).toEqual(["email", "magic_link"]);
  const { message } = await world.letterTo(ada);
  expect(message.subject).toBe("A password was set for Latchkey");
  expect(message.text).toContain("Firefox on Linux");
  expect((await world.audit()).at(-1)).toMatchObject({
    event: "password.set",
    outcome: "ok",
    subject: await world.userIdOf(ada),
    caller: await world.userIdOf(ada),
  });
  expect(await new Browser(world).signInWithPassword(ada, validPassword)).toEqual(welcome);
});

test("another password: the old one no longer works (P7)", async () => {
  const browser = await joined();
  expect(await choose(browser)).toEqual({ ok: true, value: { first: false } });
  expect((await world.letterTo(ada)).message.subject).toBe("Your Latchkey password was changed");
  expect(await new Browser(world).signInWithPassword(ada, otherPassword)).toEqual(
    refused("invalid_credentials"),
  );
  expect(await new Browser(world).signInWithPassword(ada, validPassword)).toEqual(welcome);
});

test("this browser stays signed in, with a new token; the old token is invalid (rotation)", async () => {
  const browser = await joined();
  const thief = new Browser(world);
  thief.session = browser.session;
  await choose(browser);
  expect(browser.session).not.toBe(thief.session);
  expect([await sessionOf(browser), await sessionOf(thief)]).toEqual([ada, null]);
});

test("all other sessions end, and their devices are forgotten; leo's stay (P7, R6)", async () => {
  const browser = await joined();
  const [phone, tablet, his] = [new Browser(world), new Browser(world), new Browser(world)];
  await phone.signInWithPassword(ada, otherPassword);
  await tablet.signInWithPassword(ada, otherPassword);
  await his.signUpAndVerify(leo, otherPassword);
  await choose(browser);
  expect([await sessionOf(phone), await sessionOf(tablet)]).toEqual([null, null]);
  expect([await sessionOf(browser), await sessionOf(his)]).toEqual([ada, leo]);
  expect(await count(world, "known_devices")).toBe(2);
});

test("every pending link and code is voided: for sign-in, reset and step-up (L4)", async () => {
  const browser = await joined();
  const stranger = new Browser(generous);
  await stranger.requestLink(ada);
  const link = await world.letterTo(ada);
  await stranger.run(requestPasswordReset, { email: ada });
  const reset = await world.letterTo(ada);
  await browser.run(requestStepUp, {}, { world: generous });
  const stepUpLetter = await world.letterTo(ada);
  await choose(browser);
  expect(await liveSecrets(world, ada)).toEqual([]);
  expect(await stranger.openLink(link)).toEqual(refused("link_invalid", { cause: "voided" }));
  expect(await stranger.submitCode(link.code, ada)).toEqual(refused("code_invalid"));
  const input = { token: reset.token, password: validPassword };
  expect(await stranger.run(redeemPasswordReset, input)).toEqual(refused("link_invalid"));
  expect(await browser.run(stepUpByLink, { token: stepUpLetter.token })).toEqual(
    refused("link_invalid"),
  );
});

describe("requires a recent sign-in (A2)", () => {
  test.each([
    ["599 s", 599, { ok: true, value: { first: false } }],
    ["600 s", 600, refused("step_up_required")],
    ["601 s", 601, refused("step_up_required")],
  ])("%s after signing in", async (_, passed, outcome) => {
    await world.withFrozenTime(async (world) => {
      const browser = new Browser(world);
      await browser.signUpAndVerify(ada, otherPassword);
      await world.advance(passed);
      expect(await choose(browser)).toEqual(outcome);
    });
  });

  test("the app's own clock does not matter", async () => {
    const browser = await joined();
    const late = world.with({ clock: { now: () => new Date(Date.now() + 3_600_000) } });
    expect((await choose(browser, validPassword, late)).ok).toBe(true);
    await world.advance(601);
    const early = world.with({ clock: { now: () => new Date(Date.now() - 3_600_000) } });
    expect(await choose(browser, validPassword, early)).toEqual(refused("step_up_required"));
  });

  test("refused, nothing changed, and nothing was hashed", async () => {
    const browser = await joined();
    await world.advance(601);
    const before = await dump(world, "audit_counts");
    expect(await choose(browser, validPassword, failingHasher(world))).toEqual(
      refused("step_up_required"),
    );
    expect(browser.cookieChanges).toEqual({});
    expect(await dump(world, "audit_counts")).toBe(before);
  });

  test("step-up in one browser does not count for another", async () => {
    const laptop = await joined();
    await world.advance(601);
    const phone = new Browser(world);
    await phone.signInWithPassword(ada, otherPassword);
    expect(await choose(laptop)).toEqual(refused("step_up_required"));
  });

  test("a signed-out user is asked to sign in", async () => {
    expect(await choose(new Browser(world))).toEqual(refused("sign_in_required"));
  });
});

test.each([
  ["", "password_missing"],
  [null, "password_missing"],
  [[validPassword], "password_missing"],
  ["kettlevoyag", "password_too_short"],
  ["kv".repeat(513), "password_too_long"],
] as const)("%j is refused, and the old one stays", async (password, code) => {
  const browser = await joined();
  const before = await hashOf(world, ada);
  expect(await choose(browser, password)).toEqual(refused(code, { field: "password" }));
  expect(await hashOf(world, ada)).toBe(before);
  expect(await lettersOf(world, ada)).toEqual(["sign_up_code sent"]);
});

test("an overloaded hasher or a bug changes nothing", async () => {
  const browser = await joined();
  const { session } = browser;
  const before = await hashOf(world, ada);
  expect(await choose(browser, validPassword, overloadedHasher(world))).toEqual(
    refused("overloaded"),
  );
  await expect(choose(browser, validPassword, failingHasher(world))).rejects.toThrow();
  expect(browser.session).toBe(session);
  expect(await sessionOf(browser)).toBe(ada);
  expect(await hashOf(world, ada)).toBe(before);
});

test("a session that was signed out while the password was hashed changes nothing", async () => {
  const browser = await joined();
  const thief = new Browser(world);
  thief.session = browser.session;
  const before = await hashOf(world, ada);
  const { passwords } = world;
  const slow = world.with({
    passwords: {
      ...passwords,
      async hash(password) {
        await browser.run(signOut);
        return passwords.hash(password);
      },
    },
  });
  expect(await choose(thief, validPassword, slow)).toEqual(refused("sign_in_required"));
  expect(await hashOf(world, ada)).toBe(before);
  expect(await world.deliver()).toEqual([]);
});

test("the page does not exist where passwords are disabled", async () => {
  const browser = await linked();
  const links = world.with({ env: testEnv({ SIGN_IN_METHODS: "magic_link" }) });
  expect(await choose(browser, validPassword, links)).toEqual(refused("not_found"));
});

test("whatever statement the database fails at: the password is new, or nothing happened", async () => {
  const browser = await joined();
  const before = await dump(world);
  for (let after = 0; ; after += 1) {
    const { session } = browser;
    world.failDatabaseAfter(after);
    const result = await choose(browser);
    world.restoreDatabase();
    if (result.ok) break;
    expect(result).toEqual(refused("unavailable"));
    expect(browser.session).toBe(session);
    expect(await dump(world)).toBe(before);
  }
});

describe("concurrent requests", async () => {
  const quick = await ready(generous, validPassword);

  /** A second tab of the same browser. */
  const tabOf = ({ session, device }: Browser) =>
    Object.assign(new Browser(world), { session, device });
  /** How often Ada was told of a new password. */
  const tellings = async () =>
    (await lettersOf(world, ada)).filter((letter) => letter.startsWith("password_chosen")).length;

  race(
    "a change and a sign-in: no session by the old password after the change (P7)",
    async (round) => {
      const hers = await joined();
      const mallory = new Browser(world);
      const [changed] = await Promise.all([
        choose(hers, validPassword, quick),
        mallory.signInWithPassword(ada, otherPassword),
      ]);
      expect(changed.ok).toBe(true);
      expect(await sessionOf(mallory), `round ${round}`).toBeNull();
      expect(await count(world, "sessions")).toBe(1);
      await world.reset();
    },
  );

  test.each(["another", "a first"])(
    "%s password sent twice at once is one change with one letter",
    async (which) => {
      const hers = await (which === "another" ? joined() : linked());
      const tab = tabOf(hers);
      const [first, second] = await runDuringCommitOf(
        world,
        (world) => choose(hers, validPassword, world),
        () => choose(tab),
      );
      expect([first, second]).toMatchObject([{ ok: true }, { ok: true }]);
      expect(tab.session).toBe(hers.session);
      expect(await sessionOf(hers)).toBe(ada);
      expect(await tellings()).toBe(1);
      expect((await world.audit()).at(-1)).toMatchObject({ cause: "repeated", outcome: "ok" });
    },
  );

  test("of two passwords sent at once each is set, and told", async () => {
    const hers = await joined();
    const tab = tabOf(hers);
    const [first, second] = await runDuringCommitOf(
      world,
      (world) => choose(hers, validPassword, world),
      () => tab.run(setPassword, { password: "another fine harbour at dusk" }),
    );
    expect([first.ok, second.ok]).toEqual([true, true]);
    expect(await tellings()).toBe(2);
  });

  test("the change ends a sign-in that is about to commit", async () => {
    const hers = await joined();
    const mallory = new Browser(world);
    const [entered, changed] = await runDuringCommitOf(
      world,
      (world) =>
        mallory.run(signInWithPassword, { email: ada, password: otherPassword }, { world }),
      () => choose(hers),
    );
    expect([entered.ok, changed.ok]).toEqual([true, true]);
    expect(await sessionOf(mallory)).toBeNull();
    expect(await count(world, "sessions")).toBe(1);
  });

  test("a sign-in is refused while a change is about to commit", async () => {
    const hers = await joined();
    const mallory = new Browser(world);
    const [changed, entered] = await runDuringCommitOf(
      world,
      (world) => choose(hers, validPassword, world),
      () => mallory.signInWithPassword(ada, otherPassword),
    );
    expect(changed.ok).toBe(true);
    expect(entered).toEqual(refused("invalid_credentials"));
    expect(await count(world, "sessions")).toBe(1);
  });

  test("the change ends the session of a link that is about to commit", async () => {
    const hers = await joined();
    const phone = new Browser(world);
    await phone.requestLink(ada);
    const { token } = await world.letterTo(ada);
    const [redeemed, changed] = await runDuringCommitOf(
      world,
      (world) => phone.run(redeemMagicLink, { token }, { world }),
      () => choose(hers),
    );
    expect([redeemed.ok, changed.ok]).toEqual([true, true]);
    expect(await sessionOf(phone)).toBeNull();
  });

  race("a change and a link: no deadlock, and one of both orders (L4)", async (round) => {
    const hers = await joined();
    const phone = new Browser(generous);
    await phone.requestLink(ada);
    const link = await world.letterTo(ada);
    // Both void a stranger's sign-up at the address.
    for (let n = 0; n < 3; n += 1) await new Browser(generous).signUp(ada, validPassword);
    const [changed, redeemed] = await Promise.all([
      choose(hers, validPassword, quick),
      phone.openLink(link),
    ]);
    expect(changed).not.toEqual(refused("unavailable"));
    expect(redeemed).not.toEqual(refused("unavailable"));
    expect(changed.ok).toBe(true);
    // Opened before the change, the link's session ended with it; opened after, the link was void.
    expect(await sessionOf(phone), `round ${round}`).toBeNull();
    await world.reset();
  });

  race("two browsers at once: one of them changes it, and one session remains", async () => {
    const laptop = await joined();
    const phone = new Browser(world);
    await phone.signInWithPassword(ada, otherPassword);
    const responses = await Promise.all([
      choose(laptop, validPassword, quick),
      choose(phone, validPassword, quick),
    ]);
    expect(responses).not.toContainEqual(refused("unavailable"));
    expect(responses.filter(({ ok }) => ok)).toHaveLength(1);
    expect(await count(world, "sessions")).toBe(1);
    await world.reset();
  });

  race("a change while other browsers sign out all others: no deadlock", async () => {
    const laptop = await joined();
    const phones = [new Browser(generous), new Browser(generous), new Browser(generous)];
    for (const phone of phones) await phone.signInWithPassword(ada, otherPassword);
    await laptop.signInWithPassword(ada, otherPassword);
    const responses = await Promise.all([
      choose(laptop, validPassword, quick),
      ...phones.map((phone) => phone.run(revokeOtherSessions)),
    ]);
    expect(responses).not.toContainEqual(refused("unavailable"));
    // The first one ended all other sessions, whose requests were refused.
    expect(await count(world, "sessions")).toBe(1);
    await world.reset();
  });

  race("a change here, a reset and a step-up elsewhere: no deadlock", async () => {
    const laptop = await joined();
    const phone = new Browser(generous);
    await phone.signInWithPassword(ada, otherPassword);
    const lost = new Browser(generous);
    await lost.run(requestPasswordReset, { email: ada });
    const reset = await world.letterTo(ada);
    await phone.run(requestStepUp);
    const stepUpLetter = await world.letterTo(ada);
    const responses = await Promise.all([
      choose(laptop, validPassword, quick),
      lost.run(
        redeemPasswordReset,
        { token: reset.token, password: validPassword },
        { world: quick },
      ),
      phone.run(stepUpByLink, { token: stepUpLetter.token }),
    ]);
    expect(responses).not.toContainEqual(refused("unavailable"));
    expect(await count(world, "sessions")).toBe(1);
    await world.reset();
  });
});
