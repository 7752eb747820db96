import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { row } from "@/db/rows";
import { readSession } from "@/lib/flows/sessions/read-session";
import { Browser } from "@/test/support/browser";
import { runDuringCommitOf } from "@/test/support/interleave";
import { claims, hosted, identitiesOf, keys, outcomeOf } from "@/test/support/oauth-fixtures";
import { count, disable, hashOf, liveSecrets, methodsOf } from "@/test/support/queries";
import { otherPassword, validPassword } from "@/test/support/passwords";
import { race } from "@/test/support/race";
import { refused, setUpWorld } from "@/test/support/setup";
import { testEnv } from "@/test/support/world";
import { linkProvider } from "@/lib/flows/account/link-provider";
import { unlinkProvider } from "@/lib/flows/account/unlink-provider";
import { confirmProvider } from "@/lib/flows/account/confirm-provider";
import { requestEmailChange } from "./email-change/request-email-change";
import { verifyEmailChange } from "./email-change/verify-email-change";
import { startLinkingProvider } from "@/lib/flows/oauth/start-linking-provider";
import { redeemPasswordReset } from "./password/redeem-password-reset";
import { redeemPasswordResetCode } from "./password/redeem-password-reset-code";
import { requestPasswordReset } from "./password/request-password-reset";
import { setPassword } from "./password/set-password";
import { redeemMagicLink } from "./sign-in/redeem-magic-link";
import { resendSignUpCode } from "./sign-up/resend-sign-up-code";
import { verifySignUp } from "./sign-up/verify-sign-up";

/**
 * Mallory comes first, and prepares what he can at Ada's address. Then Ada verifies her email, and
 * nothing of his survives that (A5). Of the five published classes of attacks one is not possible
 * yet: an unfinished e-mail change, as the app has none. The issue that builds it adds the test.
 */

const world = await setUpWorld({
  ...keys,
  EMAILS_PER_ADDRESS: "1000",
  EMAIL_REQUESTS_PER_IP: "1000",
});

const ada = "ada@example.com";
const welcome = { ok: true, value: { next: "" } };
const [hers, his] = [validPassword, otherPassword];

/** Mallory signed up at Ada's address; the code is in her mailbox. */
const startMallorySignUp = async () => {
  const mallory = new Browser(world);
  await mallory.signUp(ada, his, { remember: "on", next: "/account" });
  return { mallory, code: (await world.letterTo(ada)).code };
};

/** Ada's own sign-up. */
const startAdaSignUp = async () => {
  const browser = new Browser(world);
  await browser.signUp(ada, hers);
  return { browser, code: (await world.letterTo(ada)).code };
};

const requestAdaLink = async () => {
  const browser = new Browser(world);
  await browser.requestLink(ada);
  return { browser, letter: await world.letterTo(ada) };
};

const sessionOf = async (browser: Browser) => {
  const read = await browser.run(readSession);
  return read.ok ? (read.value?.email ?? null) : read.refusal.code;
};

/** All that Mallory can try, with all that he prepared, and with the code in case he learns it. */
const expectMalloryOut = async (mallory: Browser, code: string) => {
  expect(await sessionOf(mallory)).toBeNull();
  const elsewhere = new Browser(world);
  for (const browser of [mallory, elsewhere]) {
    expect(await browser.verify(code, ada)).toEqual(refused("code_invalid"));
    expect(await browser.submitCode(code, ada)).toEqual(refused("code_invalid"));
    expect(await browser.signInWithPassword(ada, his)).toEqual(refused("invalid_credentials"));
    expect(browser.session).toBeNull();
  }
  await world.advance(60);
  await mallory.run(resendSignUpCode, { email: ada });
  const fresh = (await world.deliver()).at(-1);
  expect(fresh?.text ?? "").not.toMatch(/\b\d{6}\b/);
};

describe("a password that mallory chose first (classic-federated merge)", () => {
  test("is void once ada opened a link, whichever browser requested it", async () => {
    const { mallory, code } = await startMallorySignUp();
    const { browser, letter } = await requestAdaLink();
    expect(await browser.openLink(letter)).toEqual(welcome);
    expect(await hashOf(world, ada)).toBeNull();
    expect(await methodsOf(world, ada)).toEqual(["magic_link"]);
    await expectMalloryOut(mallory, code);
  });

  test("is void once she typed a code for signing in", async () => {
    const { mallory, code } = await startMallorySignUp();
    const { browser, letter } = await requestAdaLink();
    expect(await browser.submitCode(letter.code, ada)).toEqual(welcome);
    await expectMalloryOut(mallory, code);
  });

  test("is void once she signed up herself: the password is hers", async () => {
    const { mallory, code } = await startMallorySignUp();
    const { browser, code: own } = await startAdaSignUp();
    expect(await browser.verify(own, ada)).toEqual(welcome);
    await expectMalloryOut(mallory, code);
    expect(await new Browser(world).signInWithPassword(ada, hers)).toEqual(welcome);
  });

  test("a link that mallory requested signs ada in, in her browser, and him nowhere", async () => {
    const { mallory, code } = await startMallorySignUp();
    await mallory.requestLink(ada, { remember: "on" });
    const letter = await world.letterTo(ada);
    const browser = new Browser(world);
    expect(await browser.openLink(letter)).toEqual(refused("email_mismatch"));
    expect(await browser.openLink(letter, ada)).toEqual(welcome);
    expect(browser.newSession.lifetime).toBe(30 * 86_400);
    await expectMalloryOut(mallory, code);
  });

  test("all his sign-ups are void, from before and after her request", async () => {
    const first = await startMallorySignUp();
    const { browser, letter } = await requestAdaLink();
    const later = [await startMallorySignUp(), await startMallorySignUp()];
    await browser.openLink(letter);
    expect(await liveSecrets(world, ada)).toEqual([]);
    await world.limiter.clear();
    for (const { mallory, code } of [first, ...later]) {
      expect(await mallory.verify(code, ada)).toEqual(refused("code_invalid"));
      expect(await mallory.signInWithPassword(ada, his)).toEqual(refused("invalid_credentials"));
    }
  });

  test("a reset that he requested before the account existed opens nothing afterwards", async () => {
    const mallory = new Browser(world);
    await mallory.run(requestPasswordReset, { email: ada });
    const codes = [...world.secrets.codes];
    const { browser, letter } = await requestAdaLink();
    await browser.openLink(letter);
    for (const code of codes)
      expect(
        await mallory.run(redeemPasswordResetCode, { email: ada, code, password: his }),
      ).toEqual(refused("code_invalid"));
  });
});

describe("a session that mallory kept open (unexpired session)", () => {
  test("he has none before the email verification, whatever he does", async () => {
    const { mallory } = await startMallorySignUp();
    expect(await mallory.signInWithPassword(ada, his)).toEqual(refused("sign_up_pending"));
    expect(mallory.session).toBeNull();
    expect([await count(world, "users"), await count(world, "sessions")]).toEqual([0, 0]);
    expect(await count(world, "known_devices")).toBe(0);
  });

  test("one that he got by a password ends when ada resets the password by email", async () => {
    await new Browser(world).signUpAndVerify(ada, his);
    const mallory = new Browser(world);
    await mallory.signInWithPassword(ada, his, { remember: "on" });
    const browser = new Browser(world);
    await browser.run(requestPasswordReset, { email: ada });
    const { code } = await world.letterTo(ada);
    await browser.run(redeemPasswordResetCode, { email: ada, code, password: hers });
    expect(await sessionOf(mallory)).toBeNull();
    expect(await mallory.signInWithPassword(ada, his)).toEqual(refused("invalid_credentials"));
    expect(await sessionOf(browser)).toBe(ada);
  });
});

describe("an address that mallory added to an account of his (trojan identifier)", () => {
  test("signed in as himself, he gains nothing at hers, and she nothing at his", async () => {
    const mallory = new Browser(world);
    await mallory.signUpAndVerify("mallory@example.com", his);
    await mallory.signUp(ada, his);
    const { code } = await world.letterTo(ada);
    const { browser, letter } = await requestAdaLink();
    await browser.openLink(letter);
    expect(await sessionOf(mallory)).toBe("mallory@example.com");
    expect(await mallory.verify(code, ada)).toEqual(refused("code_invalid"));
    expect(await methodsOf(world, ada)).toEqual(["magic_link"]);
    expect(await methodsOf(world, "mallory@example.com")).toEqual(["email"]);
  });

  test("other spellings of her address are her address", async () => {
    const mallory = new Browser(world);
    await mallory.signUp("ADA@Example.COM", his);
    const { code } = await world.letterTo(ada);
    const { browser, letter } = await requestAdaLink();
    await browser.openLink(letter);
    expect(await mallory.verify(code, "Ada@example.com")).toEqual(refused("code_invalid"));
    expect(await count(world, "users")).toBe(1);
  });
});

describe("two sign-ups at one address (sign-up take-over by code)", () => {
  test("each code works for its own sign-up and browser: ada's opens nothing of his, nor his of hers", async () => {
    const { mallory, code: theirs } = await startMallorySignUp();
    const { browser, code: own } = await startAdaSignUp();
    expect(await browser.verify(theirs, ada)).toEqual(refused("code_invalid", { cause: "wrong" }));
    expect(await mallory.verify(own, ada)).toEqual(refused("code_invalid", { cause: "wrong" }));
    expect(await new Browser(world).verify(theirs, ada)).toEqual(
      refused("code_invalid", { cause: "none" }),
    );
    expect(await count(world, "users")).toBe(0);
    expect(await browser.verify(own, ada)).toEqual(welcome);
    expect(await new Browser(world).signInWithPassword(ada, hers)).toEqual(welcome);
    expect(await new Browser(world).signInWithPassword(ada, his)).toEqual(
      refused("invalid_credentials"),
    );
  });

  test("typing his code, which takes access to the mailbox, creates his account and voids ada's sign-up", async () => {
    const { browser, code: own } = await startAdaSignUp();
    const { mallory, code } = await startMallorySignUp();
    expect(await mallory.verify(code, ada)).toEqual({ ok: true, value: { next: "/account" } });
    expect(await browser.verify(own, ada)).toEqual(refused("code_invalid", { cause: "none" }));
    expect(await browser.signInWithPassword(ada, hers)).toEqual(refused("invalid_credentials"));
  });
});

describe("the first one to verify the email by another method owns the account", () => {
  test("link first: the sign-up is void, the right code included", async () => {
    const { browser, code } = await startAdaSignUp();
    const { browser: phone, letter } = await requestAdaLink();
    expect(await phone.openLink(letter)).toEqual(welcome);
    expect(await browser.verify(code, ada)).toEqual(refused("code_invalid", { cause: "none" }));
    expect(await methodsOf(world, ada)).toEqual(["magic_link"]);
  });

  test("code first: the link signs in to the new account", async () => {
    const { browser, code } = await startAdaSignUp();
    const { browser: phone, letter } = await requestAdaLink();
    expect(await browser.verify(code, ada)).toEqual(welcome);
    expect(await phone.openLink(letter)).toEqual(welcome);
    expect(await methodsOf(world, ada)).toEqual(["email", "magic_link"]);
    expect(await count(world, "users")).toBe(1);
  });

  test("a link about to commit: the code comes too late", async () => {
    const { browser, code } = await startAdaSignUp();
    const { browser: phone, letter } = await requestAdaLink();
    const [redeemed, typed] = await runDuringCommitOf(
      world,
      (world) => phone.run(redeemMagicLink, { token: letter.token }, { world }),
      () => browser.verify(code, ada),
    );
    expect(redeemed).toEqual(welcome);
    expect(typed).toEqual(refused("code_invalid"));
    expect(await hashOf(world, ada)).toBeNull();
  });

  test("a code about to commit: the link signs in to its account", async () => {
    const { browser, code } = await startAdaSignUp();
    const { browser: phone, letter } = await requestAdaLink();
    const [typed, redeemed] = await runDuringCommitOf(
      world,
      (world) => browser.run(verifySignUp, { email: ada, code }, { world }),
      () => phone.openLink(letter),
    );
    expect([typed, redeemed]).toEqual([welcome, welcome]);
    expect(await methodsOf(world, ada)).toEqual(["email", "magic_link"]);
  });

  test("a sign-up that begins while a link is about to commit is void from the start", async () => {
    const { browser, letter } = await requestAdaLink();
    const mallory = new Browser(world);
    const [redeemed, signedUp] = await runDuringCommitOf(
      world,
      (world) => browser.run(redeemMagicLink, { token: letter.token }, { world }),
      () => mallory.signUp(ada, his),
    );
    expect([redeemed.ok, signedUp.ok]).toEqual([true, true]);
    await world.deliver();
    for (const code of [...world.secrets.codes]) {
      const typed = await mallory.verify(code, ada);
      expect(typed.ok).toBe(false);
    }
    expect(await hashOf(world, ada)).toBeNull();
  });

  race(
    "at the same moment, with mallory trying every code: one user, and never his password",
    async () => {
      const { mallory } = await startMallorySignUp();
      const { browser, code } = await startAdaSignUp();
      const { browser: phone, letter } = await requestAdaLink();
      await world.limiter.clear();
      const [typed, redeemed, ...others] = await Promise.all([
        browser.verify(code, ada),
        phone.openLink(letter),
        mallory.verify(code, ada),
        mallory.verify(letter.code, ada),
        mallory.signUp(ada, `${his}!`),
        new Browser(world).requestLink(ada),
      ]);
      expect([typed, redeemed, ...others]).not.toContainEqual(refused("unavailable"));
      expect(redeemed).toEqual(welcome);
      expect(mallory.session).toBeNull();
      expect(
        await row(
          world.db,
          sql`select count(*)::int as users, count(password_hash)::int as passwords from users`,
        ),
      ).toEqual({ users: 1, passwords: typed.ok ? 1 : 0 });
      await world.limiter.clear();
      for (const password of [his, `${his}!`])
        expect((await new Browser(world).signInWithPassword(ada, password)).ok).toBe(false);
      expect((await new Browser(world).signInWithPassword(ada, hers)).ok).toBe(typed.ok);
      await world.reset();
    },
  );
});

test("with links disabled nothing differs: the code works for its sign-up only", async () => {
  const passwords = world.with({ env: testEnv({ SIGN_IN_METHODS: "password" }) });
  const mallory = new Browser(passwords);
  await mallory.signUp(ada, his);
  const { code: theirs } = await world.letterTo(ada);
  const browser = new Browser(passwords);
  await browser.signUp(ada, hers);
  const { code } = await world.letterTo(ada);
  expect(await browser.verify(theirs, ada)).toEqual(refused("code_invalid"));
  expect(await browser.verify(code, ada)).toEqual(welcome);
  expect(await mallory.verify(theirs, ada)).toEqual(refused("code_invalid"));
});

/** Mallory's own Google account; and one at LinkedIn with Ada's address. */
const byProvider = { google: claims("g-m", "mallory@example.com"), linkedin: claims("l-m", ada) };

/** Every method by which Ada can verify her email, in an unknown browser. */
const verifications: Record<string, () => Promise<Browser>> = {
  async "a link"() {
    const { browser, letter } = await requestAdaLink();
    expect(await browser.openLink(letter)).toEqual(needsConfirmation);
    return browser;
  },
  async "a code"() {
    const { browser, letter } = await requestAdaLink();
    expect(await browser.submitCode(letter.code, ada)).toEqual(needsConfirmation);
    return browser;
  },
  async "a reset link"() {
    const browser = new Browser(world);
    await browser.run(requestPasswordReset, { email: ada });
    const { token } = await world.letterTo(ada);
    expect(await browser.run(redeemPasswordReset, { token, password: hers })).toEqual(
      needsConfirmation,
    );
    return browser;
  },
  async "a reset code"() {
    const browser = new Browser(world);
    await browser.run(requestPasswordReset, { email: ada });
    const { code } = await world.letterTo(ada);
    const input = { email: ada, code, password: hers };
    expect(await browser.run(redeemPasswordResetCode, input)).toEqual(needsConfirmation);
    return browser;
  },
  async "the link in the email of another sign-up"() {
    const browser = new Browser(world);
    await browser.signUp(ada, hers);
    const letter = await world.letterTo(ada);
    expect(letter.message.text).not.toMatch(/\b\d{6}\b/);
    expect(await browser.openLink(letter)).toEqual(needsConfirmation);
    return browser;
  },
};
const needsConfirmation = { ok: true, value: { next: "", needsConfirmation: true } };

/** Mallory is signed in at Ada's address, and adds a password, a phone and his own Google. */
const createMalloryAccount = async () => {
  const mallory = new Browser(world);
  expect(outcomeOf(await mallory.signInWithProvider("linkedin", byProvider.linkedin))).toBe(
    "sign_in",
  );
  expect((await mallory.run(setPassword, { password: his })).ok).toBe(true);
  expect((await mallory.run(startLinkingProvider, { provider: "google" })).ok).toBe(true);
  await mallory.finishOAuth("google", byProvider.google);
  const { pendingIdentity } = mallory;
  expect((await mallory.run(linkProvider, { pendingIdentity })).ok).toBe(true);
  const phone = new Browser(world);
  await phone.signInWithPassword(ada, his, { remember: "on" });
  await world.deliver();
  expect([await sessionOf(mallory), await sessionOf(phone)]).toEqual([ada, ada]);
  return { mallory, phone };
};

const expectSignInRefused = async (...browsers: Browser[]) => {
  for (const browser of browsers) {
    expect(await sessionOf(browser)).toBeNull();
    browser.session = null;
    expect(await browser.signInWithPassword(ada, his)).toEqual(refused("invalid_credentials"));
    for (const provider of ["google", "linkedin"] as const) {
      expect(outcomeOf(await browser.signInWithProvider(provider, byProvider[provider]))).toBe(
        "ask_to_sign_in",
      );
      const { pendingIdentity } = browser;
      expect((await browser.run(linkProvider, { pendingIdentity })).ok).toBe(false);
      expect(browser.session).toBeNull();
    }
  }
};

describe.each(Object.entries(verifications))("ada verifies her email by %s", (by, verifyEmail) => {
  const isReset = by.startsWith("a reset");

  test("mallory, who signed in at her address with a provider, loses all that he added (non-verifying provider, trojan identifier, unexpired session)", async () => {
    const { mallory, phone } = await createMalloryAccount();
    const browser = await verifyEmail();
    expect(await identitiesOf(world, ada)).toEqual([
      ...(isReset ? ["email"] : []),
      "google g-m ?",
      "linkedin l-m ?",
      ...(isReset ? [] : ["magic_link"]),
    ]);
    expect(await count(world, "sessions")).toBe(1);
    expect(await count(world, "known_devices")).toBe(1);
    await expectSignInRefused(mallory, phone, new Browser(world));
    expect(await sessionOf(browser)).toBe(ada);
    expect(await count(world, "users")).toBe(1);
  });

  test("she can disconnect his providers permanently", async () => {
    await createMalloryAccount();
    const browser = await verifyEmail();
    for (const provider of ["google", "linkedin"])
      expect((await browser.run(unlinkProvider, { provider })).ok).toBe(true);
    expect(await methodsOf(world, ada)).toEqual([isReset ? "email" : "magic_link"]);
    expect(
      outcomeOf(await new Browser(world).signInWithProvider("google", byProvider.google)),
    ).toBe("sign_in");
    expect(await methodsOf(world, "mallory@example.com")).toEqual(["google"]);
  });
});

describe("ada's own provider from before (O3)", () => {
  /** Ada herself signed in with LinkedIn. */
  const signInByLinkedIn = async () => {
    const browser = new Browser(world);
    expect(outcomeOf(await browser.signInWithProvider("linkedin", claims("l-ada", ada)))).toBe(
      "sign_in",
    );
    return browser;
  };

  test("can be confirmed, and opens her account again", async () => {
    await signInByLinkedIn();
    const browser = await verifications["a link"]!();
    expect((await browser.run(confirmProvider, { provider: "linkedin" })).ok).toBe(true);
    expect(await identitiesOf(world, ada)).toEqual(["linkedin l-ada", "magic_link"]);
    expect(await sessionOf(await signInByLinkedIn())).toBe(ada);
  });

  test("can be linked once more, which confirms it as well", async () => {
    await signInByLinkedIn();
    const browser = new Browser(world);
    await verifications["a link"]!();
    expect(outcomeOf(await browser.signInWithProvider("linkedin", claims("l-ada", ada)))).toBe(
      "ask_to_sign_in",
    );
    const { pendingIdentity } = browser;
    await browser.signIn(ada);
    expect((await browser.run(linkProvider, { pendingIdentity })).ok).toBe(true);
    expect(await identitiesOf(world, ada)).toEqual(["linkedin l-ada", "magic_link"]);
  });

  test("needs confirmation after the first verification that signs her in; one while the account is disabled does not count", async () => {
    await signInByLinkedIn();
    await disable(world, ada);
    const { browser, letter } = await requestAdaLink();
    expect(await browser.openLink(letter)).toEqual(refused("account_disabled"));
    await world.writeDirectly((tx) => tx.execute(sql`update users set disabled_at = null`));
    const later = await requestAdaLink();
    expect(await later.browser.openLink(later.letter)).toEqual(needsConfirmation);
    expect(await identitiesOf(world, ada)).toEqual(["linkedin l-ada ?", "magic_link"]);
  });

  test("needs no confirmation in a browser that the account knows: everything stays", async () => {
    const browser = await signInByLinkedIn();
    await browser.run(setPassword, { password: hers });
    await world.deliver();
    const { session } = browser;
    await browser.requestLink(ada);
    const letter = await world.letterTo(ada);
    expect(await browser.openLink(letter)).toEqual(welcome);
    expect(await identitiesOf(world, ada)).toEqual(["email", "linkedin l-ada", "magic_link"]);
    expect(await hashOf(world, ada)).not.toBeNull();
    expect(browser.session).not.toBe(session);
    expect(
      outcomeOf(await new Browser(world).signInWithProvider("linkedin", claims("l-ada", ada))),
    ).toBe("sign_in");
  });

  test("needs no confirmation after any later verification, in any browser", async () => {
    const home = await signInByLinkedIn();
    await home.signIn(ada);
    const { browser, letter } = await requestAdaLink();
    expect(await browser.openLink(letter)).toEqual(welcome);
    expect(await identitiesOf(world, ada)).toEqual(["linkedin l-ada", "magic_link"]);
    expect(await sessionOf(home)).toBe(ada);
  });

  test("needs no confirmation where Google is authoritative: signing in with it verified the email", async () => {
    const home = new Browser(world);
    expect(outcomeOf(await home.signInWithProvider("google", hosted("g-ada", ada)))).toBe(
      "sign_in",
    );
    const { browser, letter } = await requestAdaLink();
    expect(await browser.openLink(letter)).toEqual(welcome);
    expect(await identitiesOf(world, ada)).toEqual(["google g-ada", "magic_link"]);
    expect(await sessionOf(home)).toBe(ada);
  });
});

describe("a merge by address (classic-federated merge)", () => {
  test("mallory chose a password first; ada signs in with an authoritative Google: it is void", async () => {
    const { mallory, code } = await startMallorySignUp();
    const browser = new Browser(world);
    expect(outcomeOf(await browser.signInWithProvider("google", hosted("g-ada", ada)))).toBe(
      "sign_in",
    );
    expect(await hashOf(world, ada)).toBeNull();
    expect(await identitiesOf(world, ada)).toEqual(["google g-ada"]);
    await expectMalloryOut(mallory, code);
    expect(await sessionOf(browser)).toBe(ada);
  });

  test("mallory chose a password first; ada signs in with a provider that only verified her address: he gains nothing", async () => {
    const { mallory, code } = await startMallorySignUp();
    const browser = new Browser(world);
    expect(outcomeOf(await browser.signInWithProvider("linkedin", claims("l-ada", ada)))).toBe(
      "sign_in",
    );
    expect(await mallory.signInWithPassword(ada, his)).toEqual(refused("sign_up_pending"));
    expect(await mallory.verify(code, ada)).toEqual(refused("already_signed_up"));
    expect(await hashOf(world, ada)).toBeNull();
    expect([await sessionOf(browser), await sessionOf(mallory)]).toEqual([ada, null]);
  });

  test("mallory signed in with a provider first; ada signs in with hers: nothing is merged, and her email decides", async () => {
    const { mallory, phone } = await createMalloryAccount();
    const browser = new Browser(world);
    expect(outcomeOf(await browser.signInWithProvider("google", hosted("g-ada", ada)))).toBe(
      "ask_to_sign_in",
    );
    expect(browser.session).toBeNull();
    expect(await identitiesOf(world, ada)).toEqual(["email", "google g-m", "linkedin l-m"]);
    const { pendingIdentity } = browser;
    await browser.requestLink(ada);
    expect(await browser.openLink(await world.letterTo(ada))).toEqual(needsConfirmation);
    await expectSignInRefused(mallory, phone);
    // His Google is linked, so she disconnects it first.
    expect(await browser.run(linkProvider, { pendingIdentity })).toEqual(
      refused("provider_already_linked"),
    );
    await browser.run(unlinkProvider, { provider: "google" });
    expect((await browser.run(linkProvider, { pendingIdentity })).ok).toBe(true);
    expect(await identitiesOf(world, ada)).toEqual([
      "google g-ada",
      "linkedin l-m ?",
      "magic_link",
    ]);
    expect(
      outcomeOf(await new Browser(world).signInWithProvider("google", hosted("g-ada", ada))),
    ).toBe("sign_in");
  });
});

describe("a provider that verifies nothing (non-verifying provider)", () => {
  test.each([false, "true", 1, undefined, null])(
    "email_verified %j at her address: no account, no session, and no pending identity",
    async (email_verified) => {
      const mallory = new Browser(world);
      for (const provider of ["google", "linkedin"] as const)
        expect(
          outcomeOf(
            await mallory.signInWithProvider(provider, claims("x-m", ada, { email_verified })),
          ),
        ).toBe("provider_email_unverified");
      expect([await count(world, "users"), mallory.session]).toEqual([0, null]);
      const { browser, letter } = await requestAdaLink();
      expect(await browser.openLink(letter)).toEqual(welcome);
      expect(await methodsOf(world, ada)).toEqual(["magic_link"]);
      for (const provider of ["google", "linkedin"] as const)
        expect(
          outcomeOf(
            await mallory.signInWithProvider(provider, claims("x-m", ada, { email_verified })),
          ),
        ).toBe("provider_email_unverified");
    },
  );
});

describe("ada verifies her email at the very moment when mallory", () => {
  const racing: Record<string, (mallory: Browser) => Promise<unknown>> = {
    "sets another password": (mallory) => mallory.run(setPassword, { password: `${his}!` }),
    "links his Google": async (mallory) => {
      const { pendingIdentity } = mallory;
      return mallory.run(linkProvider, { pendingIdentity });
    },
    "signs in with LinkedIn again": (mallory) =>
      mallory.signInWithProvider("linkedin", byProvider.linkedin),
  };

  test.each(Object.entries(racing))("%s: he has nothing after it", async (_, act) => {
    for (let round = 0; round < 6; round += 1) {
      const mallory = new Browser(world);
      await mallory.signInWithProvider("linkedin", byProvider.linkedin);
      await mallory.run(startLinkingProvider, { provider: "google" });
      await mallory.finishOAuth("google", byProvider.google);
      const { browser, letter } = await requestAdaLink();
      const [result, redeemed] = await Promise.all([act(mallory), browser.openLink(letter)]);
      expect(result).not.toEqual(refused("unavailable"));
      // A new password voids the links: if he was first, she requests another.
      const isVoid = !redeemed.ok && redeemed.refusal.code === "link_invalid";
      const again = isVoid ? await requestAdaLink() : null;
      expect(again ? await again.browser.openLink(again.letter) : redeemed).toEqual(
        needsConfirmation,
      );
      expect(await hashOf(world, ada)).toBeNull();
      expect(await sessionOf(mallory)).toBeNull();
      expect((await identitiesOf(world, ada)).filter((method) => !method.endsWith("?"))).toEqual([
        "magic_link",
      ]);
      await world.reset();
    }
  });
});

test("an e-mail change that mallory has begun is void once ada verifies her address (unexpired e-mail change)", async () => {
  const mallory = new Browser(world);
  await mallory.signInWithProvider("linkedin", byProvider.linkedin);
  const email = "mallory@evil.example";
  await mallory.run(requestEmailChange, { email });
  const { code } = await world.letterTo(email);
  const { browser, letter } = await requestAdaLink();
  expect(await browser.openLink(letter)).toEqual(needsConfirmation);
  expect(await mallory.run(verifyEmailChange, { email, code })).toEqual(
    refused("sign_in_required"),
  );
  expect(await sessionOf(browser)).toBe(ada);
});
