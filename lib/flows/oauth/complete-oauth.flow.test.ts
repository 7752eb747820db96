import { callbackUrlWith } from "@/test/support/world";
import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { row } from "@/db/rows";
import { linkProvider } from "@/lib/flows/account/link-provider";
import { unlinkProvider } from "@/lib/flows/account/unlink-provider";
import { listSessions } from "@/lib/flows/sessions/list-sessions";
import { readSession } from "@/lib/flows/sessions/read-session";
import { signOut } from "@/lib/flows/sessions/sign-out";
import { redeemMagicLink } from "@/lib/flows/sign-in/redeem-magic-link";
import { stepUpByPassword } from "@/lib/flows/step-up/step-up-by-password";
import { intervals } from "@/lib/core/policy";
import { Browser } from "@/test/support/browser";
import { runDuringCommitOf } from "@/test/support/interleave";
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
import { count, disable, forgetLimits, hashOf, methodsOf } from "@/test/support/queries";
import { methodId } from "@/test/support/methods";
import { otherPassword, validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { testEnv, type TestWorld } from "@/test/support/world";
import { startLinkingProvider } from "./start-linking-provider";
import { completeOAuth } from "./complete-oauth";

const world = await setUpWorld({
  ...keys,
  EMAILS_PER_ADDRESS: "1000",
  EMAIL_REQUESTS_PER_IP: "1000",
});

const ada = "ada@example.com";
const leo = "leo@example.com";
const google = (more: Record<string, unknown> = {}) => ({ ...claims("g-1", ada), ...more });
const lost = refused("oauth_state_invalid", { provider: "google", cause: "unknown" });

const sessionOf = async (browser: Browser) => {
  const read = await browser.run(readSession);
  return read.ok ? (read.value?.email ?? null) : read.refusal.code;
};

const signedIn = async (email = ada, where: TestWorld = world) => {
  const browser = new Browser(where);
  await browser.signIn(email);
  return browser;
};

/** Ada, who signed up with Google before. */
const joined = async (where: TestWorld = world) => {
  const browser = new Browser(where);
  expect(outcomeOf(await browser.signInWithProvider("google", google()))).toBe("sign_in");
  return browser;
};

const startLinking = async (browser: Browser) => {
  expect((await browser.run(startLinkingProvider, { provider: "google" })).ok).toBe(true);
};

const connect = (browser: Browser) =>
  browser.run(linkProvider, { pendingIdentity: browser.pendingIdentity ?? "" });

describe("ada signs in with Google", () => {
  test("for the first time: she is signed in, and this browser is known from now on (O3)", async () => {
    const browser = await joined();
    expect(browser.cookieChanges).toMatchObject({ device: true, oauthAttempt: "ended" });
    expect(await sessionOf(browser)).toBe(ada);
    expect(await identitiesOf(world, ada)).toEqual(["google g-1"]);
    expect(await count(world, "known_devices")).toBe(1);
    expect(await browser.run(listSessions)).toMatchObject({ value: [{ method: "google" }] });
    expect(await world.deliver()).toEqual([]);
  });

  test("again: only the time of her last visit changes (A1)", async () => {
    await joined();
    const usedAt = () =>
      row<Record<string, string>>(
        world.db,
        sql`select created_at, last_used_at from auth_providers`,
      );
    await world.advance(100);
    const before = await usedAt();
    await joined();
    const after = await usedAt();
    expect(after).toMatchObject({ created_at: before!.created_at });
    expect(after!.last_used_at).not.toEqual(before!.last_used_at);
    expect([await count(world, "users"), await count(world, "auth_providers")]).toEqual([1, 1]);
  });

  test("with a new token each time; the previous one is invalid (fixation)", async () => {
    const browser = await joined();
    const thief = new Browser(world);
    thief.session = browser.session;
    await browser.signInWithProvider("google", google());
    expect(browser.session).not.toBe(thief.session);
    expect([await sessionOf(browser), await sessionOf(thief)]).toEqual([ada, null]);
  });

  test("no other claim of Google's is stored: no name, picture or tokens (O6)", async () => {
    const identityClaims = {
      name: "Canary Name",
      picture: "https://canary.example/p",
      at_hash: "canary",
    };
    const browser = new Browser(world);
    await browser.signInWithProvider(
      "google",
      google({ ...identityClaims, nested: { deep: ["canary"] } }),
    );
    await browser.signInWithProvider("linkedin", { ...google(identityClaims), sub: "l-1" });
    expect(await dump(world)).not.toMatch(/canary/i);
  });
});

describe("a callback without claims (O5)", () => {
  test.each([
    ["provider_cancelled", "access_denied", undefined],
    ["provider_unavailable", "timeout", intervals.providerRetryAfter],
    ["provider_failed", "signature", undefined],
  ] as const)(
    "%s: she is told, the attempt is over, and nothing happened",
    async (failure, cause, retryAfter) => {
      const browser = new Browser(world);
      await browser.startOAuth("google");
      const oauthAttempt = browser.oauthAttempt!;
      expect(await browser.finishOAuthWith("google", { failure, cause })).toEqual(
        refused(failure, { provider: "google", retryAfter: retryAfter as never }),
      );
      expect(browser.cookieChanges).toEqual({ oauthAttempt: "ended" });
      expect((await world.audit()).at(-1)).toMatchObject({
        event: "oauth.complete",
        outcome: failure,
        cause: `google:${cause}`,
      });
      browser.oauthAttempt = oauthAttempt;
      expect(await browser.finishOAuth("google", google())).toEqual(lost);
      expect(await count(world, "users")).toBe(0);
    },
  );

  test.each(["code", "state", "cookie"])(
    "with another %s than the attempt's: she is told, and the attempt goes on, as it may be another request's",
    async (cause) => {
      const browser = new Browser(world);
      await browser.startOAuth("google");
      const oauthAttempt = browser.oauthAttempt!;
      expect(
        await browser.finishOAuthWith("google", { failure: "oauth_state_invalid", cause }),
      ).toEqual(refused("oauth_state_invalid", { provider: "google", cause }));
      expect(browser.cookieChanges).toEqual({ oauthAttempt: "ended" });
      expect((await world.audit()).at(-1)).toMatchObject({
        event: "oauth.complete",
        outcome: "oauth_state_invalid",
        cause: `google:${cause}`,
      });
      browser.oauthAttempt = oauthAttempt;
      expect(outcomeOf(await browser.finishOAuth("google", google()))).toBe("sign_in");
    },
  );

  test("without any parameters: she is told, no provider is asked, and the attempt goes on", async () => {
    const browser = new Browser(world);
    await browser.startOAuth("google");
    const { oauthAttempt } = browser;
    for (const query of ["", "?", "?callbackUrl=x", "#code=x&state=y"])
      expect(
        await browser.run(completeOAuth, {
          provider: "google",
          oauthAttempt: "",
          callbackUrl: `http://localhost:3000/api/auth/callback/google${query}`,
        }),
      ).toEqual(refused("provider_failed", { provider: "google", cause: "no_parameters" }));
    expect((await world.audit()).at(-1)).toMatchObject({
      event: "oauth.complete",
      outcome: "provider_failed",
      cause: "google:no_parameters",
    });
    browser.oauthAttempt = oauthAttempt;
    expect(outcomeOf(await browser.finishOAuth("google", google()))).toBe("sign_in");
  });

  test("a signed-in user stays signed in, and the requested linking is not done", async () => {
    const browser = await signedIn();
    await startLinking(browser);
    const callbackResult = { failure: "provider_cancelled", cause: "access_denied" } as const;
    await browser.finishOAuthWith("google", callbackResult);
    expect(await sessionOf(browser)).toBe(ada);
    expect(await methodsOf(world, ada)).toEqual(["magic_link"]);
  });

  test.each([
    ["no identity", {}],
    ["a number", { sub: 1 }],
    ["an object", { sub: { $ne: null } }],
    ["a NUL", { sub: "g-1\0" }],
    ["256 characters", { sub: "1".repeat(256) }],
  ])("claims with %s open nothing", async (_, more) => {
    const browser = new Browser(world);
    const { sub: __, ...rest } = google();
    expect(await browser.signInWithProvider("google", { ...rest, ...more })).toEqual(
      refused("provider_failed", { provider: "google", cause: "claims" }),
    );
    expect([await count(world, "users"), await pendingIdentity(world)]).toEqual([0, []]);
  });

  test.each([null, [], "", "/api/auth/callback/google", {}])(
    "%j is no callback URL, and ends no attempt",
    async (callbackUrl) => {
      const browser = new Browser(world);
      await browser.startOAuth("google");
      const { oauthAttempt } = browser;
      const outcome = await browser.run(completeOAuth, {
        provider: "google",
        oauthAttempt,
        callbackUrl,
      });
      expect(outcome).toEqual(refused("invalid_input"));
      expect(outcomeOf(await browser.finishOAuth("google", google()))).toBe("sign_in");
    },
  );
});

describe("requests to a provider", () => {
  /** Completes with an exchange that counts its requests to the provider. */
  const countedExchange = (world: TestWorld) => {
    const exchanged = { times: 0 };
    const counted = world.with({
      oauth: {
        ...world.oauth,
        exchange: async () => {
          exchanged.times += 1;
          return { claims: google() };
        },
      },
    });
    const callbackUrl = callbackUrlWith("google", { claims: google() });
    const finishOAuth = (browser: Browser, oauthAttempt = browser.oauthAttempt ?? "") =>
      browser.run(
        completeOAuth,
        { provider: "google", oauthAttempt, callbackUrl },
        { world: counted },
      );
    return { exchanged, finishOAuth };
  };

  test("are made only for an open attempt: not without one, after it, or too late", async () => {
    await world.withFrozenTime(async (world) => {
      const { exchanged, finishOAuth } = countedExchange(world);
      expect(await finishOAuth(new Browser(world))).toEqual(lost);
      const elsewhere = new Browser(world);
      await elsewhere.startOAuth("linkedin");
      expect(await finishOAuth(elsewhere)).toEqual(lost);
      const late = new Browser(world);
      await late.startOAuth("google");
      await world.advance(601);
      expect(await finishOAuth(late)).toEqual(lost);
      expect(exchanged.times).toBe(0);
      const browser = new Browser(world);
      await browser.startOAuth("google");
      const { oauthAttempt } = browser;
      expect(outcomeOf(await finishOAuth(browser))).toBe("sign_in");
      await finishOAuth(browser, oauthAttempt!);
      await world.advance(61);
      expect(await finishOAuth(browser, oauthAttempt!)).toEqual(lost);
      expect(exchanged.times).toBe(1);
    });
  });

  test("are limited per network, whatever its attempts", async () => {
    const { exchanged, finishOAuth } = countedExchange(world);
    const browser = new Browser(world);
    await browser.startOAuth("google");
    for (let n = 0; n < 30; n += 1) await finishOAuth(browser, "x".repeat(43));
    expect(await finishOAuth(browser)).toMatchObject({ refusal: { code: "too_many_requests" } });
    expect(exchanged.times).toBe(0);
  });
});

test("a refused user still knows the page to return to", async () => {
  for (const callbackResult of [
    { failure: "provider_cancelled", cause: "access_denied" },
    { claims: {} },
    { claims: claims("g-1", ada, { email_verified: false }) },
  ] as const) {
    const browser = new Browser(world);
    await browser.startOAuth("google", { next: "/account/sessions" });
    expect(await browser.finishOAuthWith("google", callbackResult)).toMatchObject({
      refusal: { next: "/account/sessions" },
    });
  }
});

test("signing in first may use another provider: the pending identity is still there (O4)", async () => {
  const home = await signedIn();
  await home.signInWithProvider("linkedin", claims("l-1", ada));
  expect((await connect(home)).ok).toBe(true);
  const browser = new Browser(world);
  expect(outcomeOf(await browser.signInWithProvider("google", google()))).toBe("ask_to_sign_in");
  await browser.startOAuth("linkedin");
  await browser.finishOAuthWith("linkedin", {
    failure: "provider_cancelled",
    cause: "access_denied",
  });
  expect(outcomeOf(await browser.signInWithProvider("linkedin", claims("l-1", ada)))).toBe(
    "sign_in",
  );
  expect((await connect(browser)).ok).toBe(true);
  expect(await identitiesOf(world, ada)).toEqual(["google g-1", "linkedin l-1", "magic_link"]);
});

describe("an OAuth attempt works in one browser, for one provider, once, and in time (O1)", () => {
  test.each([
    ["9:59", 599, "sign_in"],
    ["10:01", 601, "oauth_state_invalid"],
  ])("%s after the start", async (_, passed, outcome) => {
    await world.withFrozenTime(async (world) => {
      const browser = new Browser(world);
      await browser.startOAuth("google");
      await world.advance(passed);
      expect(outcomeOf(await browser.finishOAuth("google", google()))).toBe(outcome);
      expect(browser.session !== null).toBe(outcome === "sign_in");
    });
  });

  test("the app's own clock does not matter", async () => {
    const browser = new Browser(world);
    await browser.startOAuth("google");
    const late = { now: () => new Date(Date.now() + 3_600_000) };
    const input = {
      provider: "google",
      oauthAttempt: browser.oauthAttempt,
      callbackUrl: callbackUrlWith("google", { claims: google() }),
    };
    expect(
      (await browser.run(completeOAuth, input, { world: world.with({ clock: late }) })).ok,
    ).toBe(true);
  });

  test("a callback from another provider is refused, and does not consume the attempt", async () => {
    const browser = new Browser(world);
    await browser.startOAuth("google");
    const { oauthAttempt } = browser;
    expect(outcomeOf(await browser.finishOAuth("linkedin", google()))).toBe("oauth_state_invalid");
    browser.oauthAttempt = oauthAttempt;
    expect(outcomeOf(await browser.finishOAuth("google", google()))).toBe("sign_in");
    expect(await identitiesOf(world, ada)).toEqual(["google g-1"]);
  });

  test("mallory's callback is refused in ada's browser without an attempt of hers (login CSRF)", async () => {
    for (const oauthAttempt of [null, "", "x".repeat(43)]) {
      const browser = await signedIn();
      browser.oauthAttempt = oauthAttempt;
      expect(await browser.finishOAuth("google", claims("m-1", "mallory@example.com"))).toEqual(
        lost,
      );
      expect(await sessionOf(browser)).toBe(ada);
    }
    expect(await count(world, "users")).toBe(1);
  });

  test("reloading the page loses no pending identity", async () => {
    await new Browser(world).signIn(ada);
    const browser = new Browser(world);
    expect(outcomeOf(await browser.signInWithProvider("google", google()))).toBe("ask_to_sign_in");
    const { pendingIdentity } = browser;
    expect(pendingIdentity).not.toBeNull();
    expect(await browser.finishOAuth("google", google())).toEqual(lost);
    expect(browser.pendingIdentity).toBe(pendingIdentity);
  });

  test("used twice it changes nothing, whether it signed in or left a pending identity", async () => {
    const browser = new Browser(world);
    await browser.startOAuth("google");
    const { oauthAttempt } = browser;
    await browser.finishOAuth("google", google());
    browser.oauthAttempt = oauthAttempt;
    await browser.finishOAuth("google", claims("g-2", leo));
    expect(await sessionOf(browser)).toBe(ada);
    const asked = new Browser(world);
    await asked.signInWithProvider("google", claims("g-2", ada));
    expect(await asked.finishOAuth("google", claims("g-1", ada))).toEqual(lost);
    expect(asked.session).toBeNull();
    expect(await pendingIdentity(world)).toEqual(["google g-2"]);
    expect(await count(world, "users")).toBe(1);
  });
});

describe("a browser repeats a callback, because it has not received the response", () => {
  /** A browser that has the cookies from before the callback. */
  const before = (world: TestWorld, oauthAttempt: string | null) =>
    Object.assign(new Browser(world), { oauthAttempt });

  test.each([
    ["at once", 0, "sign_in"],
    ["after 59 s", 59, "sign_in"],
    ["after 61 s", 61, "oauth_state_invalid"],
  ])("%s", async (_, passed, outcome) => {
    await world.withFrozenTime(async (world) => {
      const browser = new Browser(world);
      await browser.startOAuth("google", { next: "/account/sessions" });
      const { oauthAttempt } = browser;
      await browser.finishOAuth("google", google());
      await world.advance(passed);
      const again = before(world, oauthAttempt);
      const repeated = await again.finishOAuth("google", google());
      expect(outcomeOf(repeated)).toBe(outcome);
      expect([await count(world, "sessions"), await count(world, "users")]).toEqual([1, 1]);
      if (outcome !== "sign_in") return expect(again.session).toBeNull();
      expect(repeated).toMatchObject({ value: { next: "/account/sessions" } });
      // The same session: whichever response arrives last, its cookie is valid.
      expect(again.session).toBe(browser.session);
      expect(again.cookieChanges.session).toMatchObject({
        method: "google",
        lifetime: world.env.lifetimes.session - passed,
      });
      expect((await world.audit()).at(-1)).toMatchObject({
        event: "oauth.complete",
        outcome: "ok",
        cause: "google:repeated",
        subject: expect.any(String) as string,
      });
    });
  });

  test.each([
    ["a session", () => Promise.resolve(), "sign_in"],
    ["a pending identity", () => signedIn(), "ask_to_sign_in"],
  ])("at a server whose TOKEN_KEY is the next one: %s is the same", async (_, given, outcome) => {
    await given();
    const browser = new Browser(world);
    await browser.startOAuth("google");
    const { oauthAttempt } = browser;
    await browser.finishOAuth("google", google());
    const tokenKey = ["n".repeat(43), ...world.env.tokenKey] as const;
    const again = before({ ...world, env: { ...world.env, tokenKey } }, oauthAttempt);
    expect(outcomeOf(await again.finishOAuth("google", google()))).toBe(outcome);
    expect(again.session).toBe(browser.session);
    expect(again.pendingIdentity).toBe(browser.pendingIdentity);
  });

  test("after which it has to decide: the pending identity is the same", async () => {
    await signedIn();
    const browser = new Browser(world);
    await browser.startOAuth("google");
    const { oauthAttempt } = browser;
    await browser.finishOAuth("google", google());
    const again = before(world, oauthAttempt);
    expect(outcomeOf(await again.finishOAuth("google", google()))).toBe("ask_to_sign_in");
    expect(again.pendingIdentity).toBe(browser.pendingIdentity);
    await again.signIn(ada);
    expect((await connect(again)).ok).toBe(true);
    // It has been decided.
    const late = before(world, oauthAttempt);
    expect(await late.finishOAuth("google", google())).toEqual(lost);
    expect(await pendingIdentity(world)).toEqual([]);
  });

  test.each<[string, (browser: Browser, again: Browser) => Promise<unknown>]>([
    ["she has signed out meanwhile", (browser) => browser.run(signOut)],
    ["she is disabled", () => disable(world, ada)],
    ["somebody else has signed in there meanwhile", (_, again) => again.signIn(leo)],
  ])("in vain when %s", async (_, meanwhile) => {
    const browser = new Browser(world);
    await browser.startOAuth("google");
    const { oauthAttempt } = browser;
    await browser.finishOAuth("google", google());
    const again = before(world, oauthAttempt);
    await meanwhile(browser, again);
    const { session } = again;
    expect(await again.finishOAuth("google", google())).toEqual(lost);
    expect(again.session).toBe(session);
  });

  test("and no other browser or provider gets in by it", async () => {
    const browser = new Browser(world);
    await browser.startOAuth("google");
    const { oauthAttempt } = browser;
    await browser.finishOAuth("google", google());
    for (const other of [null, "x".repeat(43), browser.session])
      expect(await before(world, other).finishOAuth("google", google())).toEqual(lost);
    expect(outcomeOf(await before(world, oauthAttempt).finishOAuth("linkedin", google()))).toBe(
      "oauth_state_invalid",
    );
  });

  test("twenty times at once: one session, in which all of them are", async () => {
    const browser = new Browser(world);
    await browser.startOAuth("google");
    const { oauthAttempt } = browser;
    const callbackUrl = callbackUrlWith("google", { claims: google() });
    const responses = await Promise.all(
      Array.from({ length: 20 }, () =>
        browser.run(completeOAuth, { provider: "google", oauthAttempt, callbackUrl }),
      ),
    );
    expect(responses.map(outcomeOf)).toEqual(Array(20).fill("sign_in"));
    expect([await count(world, "sessions"), await count(world, "users")]).toEqual([1, 1]);
    expect(await sessionOf(browser)).toBe(ada);
    const causes = (await world.audit()).map(({ cause }) => cause);
    expect(causes.filter((cause) => cause === "google:repeated")).toHaveLength(19);
  });

  test("at another instance, whose code was used already: it waits for the first one", async () => {
    const browser = new Browser(world);
    await browser.startOAuth("google");
    const { oauthAttempt } = browser;
    let secondAsks = () => {};
    const secondAsked = new Promise<void>((resolve) => (secondAsks = resolve));
    const exchanging = (exchange: TestWorld["oauth"]["exchange"]) =>
      world.with({ oauth: { ...world.oauth, exchange } });
    const first = exchanging(async () => {
      await secondAsked;
      return { claims: google() };
    });
    const second = exchanging(async () => {
      secondAsks();
      return { failure: "oauth_state_invalid", cause: "code" };
    });
    const callbackUrl = callbackUrlWith("google", { claims: {} });
    const input = { provider: "google", oauthAttempt, callbackUrl };
    const other = before(world, oauthAttempt);
    const responses = await Promise.all([
      browser.run(completeOAuth, input, { world: first }),
      other.run(completeOAuth, input, { world: second }),
    ]);
    expect(responses.map(outcomeOf)).toEqual(["sign_in", "sign_in"]);
    expect(other.session).toBe(browser.session);
    expect(await count(world, "sessions")).toBe(1);
  });
});

describe("an OAuth attempt never links by itself (ambient linking)", () => {
  test("started for signing in while ada is signed in: she is asked, and the account is unchanged", async () => {
    const browser = await signedIn();
    const { session } = browser;
    for (const identityClaims of [
      google(),
      claims("g-2", "ada@other.example"),
      claims("g-3", leo),
    ]) {
      const { ok } = await browser.signInWithProvider("google", identityClaims);
      expect(ok).toBe(true);
      expect(browser.session).toBe(session);
      expect(await methodsOf(world, ada)).toEqual(["magic_link"]);
    }
    expect(await count(world, "users")).toBe(1);
  });

  test("started for linking: it waits for her confirmation", async () => {
    const browser = await signedIn();
    await startLinking(browser);
    expect(outcomeOf(await browser.finishOAuth("google", google()))).toBe("ask_to_link");
    expect(await methodsOf(world, ada)).toEqual(["magic_link"]);
    expect((await connect(browser)).ok).toBe(true);
    expect(await identitiesOf(world, ada)).toEqual(["google g-1", "magic_link"]);
  });

  const suspended = refused("session_changed", { provider: "google" });

  test.each<[string, (browser: Browser) => Promise<unknown>]>([
    ["signed out meanwhile", (browser) => browser.run(signOut)],
    ["signed in again meanwhile", (browser) => browser.signIn(ada)],
    ["signed in as leo meanwhile", (browser) => browser.signIn(leo)],
    [
      "whose session has expired",
      () =>
        world
          .advance(86_401)
          .then(() =>
            world.writeDirectly((tx) =>
              tx.execute(sql`update oauth_attempts set expires_at = now() + interval '1 minute'`),
            ),
          ),
    ],
    ["disabled", () => disable(world, ada)],
  ])("linking that one session started is refused in another: %s", async (_, meanwhile) => {
    const browser = await signedIn();
    await startLinking(browser);
    const { oauthAttempt } = browser;
    await meanwhile(browser);
    browser.oauthAttempt = oauthAttempt;
    const before = await count(world, "users");
    expect(await browser.finishOAuth("google", google())).toEqual(suspended);
    expect(browser.cookieChanges).toEqual({ oauthAttempt: "ended" });
    expect([await pendingIdentity(world), await count(world, "users")]).toEqual([[], before]);
    expect(await methodsOf(world, ada)).toEqual(["magic_link"]);
  });

  test("a stranger with the cookie of ada's attempt gets neither her account nor a link to his own", async () => {
    const browser = await signedIn();
    await startLinking(browser);
    const mallory = await signedIn("mallory@example.com");
    mallory.oauthAttempt = browser.oauthAttempt;
    expect(await mallory.finishOAuth("google", claims("m-1", "mallory@example.com"))).toEqual(
      suspended,
    );
    expect(await methodsOf(world, ada)).toEqual(["magic_link"]);
    expect(await methodsOf(world, "mallory@example.com")).toEqual(["magic_link"]);
  });

  test("a session with a new token after step-up is the same session", async () => {
    const browser = new Browser(world);
    await browser.signUpAndVerify(ada, validPassword);
    await startLinking(browser);
    const { session } = browser;
    expect((await browser.run(stepUpByPassword, { password: validPassword })).ok).toBe(true);
    expect(browser.session).not.toBe(session);
    expect(outcomeOf(await browser.finishOAuth("google", google()))).toBe("ask_to_link");
    expect((await connect(browser)).ok).toBe(true);
  });
});

describe("the identity is provider and subject, and never the address (nOAuth)", () => {
  test.each([
    ["another", { email: "ada@new.example" }],
    ["leo's, who has an account", { email: leo }],
    ["unverified", { email_verified: false }],
    ["verified as a text", { email_verified: "true" }],
    ["missing", { email: undefined, email_verified: undefined }],
    ["no address", { email: "not an address" }],
    ["another, of a mailbox that Google runs", hosted("g-1", leo)],
  ])("the same subject with an address that is %s is ada, and changes nothing", async (_, more) => {
    await joined();
    await signedIn(leo);
    const people = () =>
      row(world.db, sql`select array_agg(to_jsonb(u) order by email) as all from users u`);
    const before = await people();
    const browser = new Browser(world);
    expect(outcomeOf(await browser.signInWithProvider("google", google(more)))).toBe("sign_in");
    expect(await sessionOf(browser)).toBe(ada);
    expect(await people()).toEqual(before);
    expect(
      await row(world.db, sql`select address from auth_providers where provider = 'google'`),
    ).toEqual({
      address: ada,
    });
  });

  test.each([
    ["verified", claims("g-666", ada)],
    ["of a mailbox that Google runs", hosted("g-666", ada)],
    ["in capitals", claims("g-666", "ADA@EXAMPLE.COM")],
  ])("another subject with ada's address, %s, is not ada", async (_, identityClaims) => {
    await joined();
    const mallory = new Browser(world);
    expect(outcomeOf(await mallory.signInWithProvider("google", identityClaims))).toBe(
      "ask_to_sign_in",
    );
    expect(mallory.session).toBeNull();
    expect(await connect(mallory)).toEqual(refused("sign_in_required"));
    expect(await identitiesOf(world, ada)).toEqual(["google g-1"]);
    expect(await count(world, "users")).toBe(1);
  });

  test("the same subject at another provider is not ada", async () => {
    await joined();
    const mallory = new Browser(world);
    expect(outcomeOf(await mallory.signInWithProvider("linkedin", google()))).toBe(
      "ask_to_sign_in",
    );
    expect(await identitiesOf(world, ada)).toEqual(["google g-1"]);
  });
});

describe("a disabled account (S5)", () => {
  test("is told so after authentication: no session, and nothing of it changes", async () => {
    await joined();
    await disable(world, ada);
    const browser = new Browser(world);
    await browser.startOAuth("google");
    const saved = async () =>
      row(
        world.db,
        sql`select (select jsonb_agg(p) from auth_providers p) as ways,
        (select jsonb_agg(s) from sessions s) as sessions, (select jsonb_agg(m) from known_devices m) as marks,
        (select jsonb_agg(u) from users u) as users`,
      );
    const stored = await saved();
    expect(await browser.finishOAuth("google", google())).toEqual(refused("account_disabled"));
    expect(browser.cookieChanges).toEqual({ oauthAttempt: "ended" });
    expect(await saved()).toEqual(stored);
    expect(await pendingIdentity(world)).toEqual([]);
    expect((await world.audit()).at(-1)).toMatchObject({
      event: "oauth.complete",
      outcome: "account_disabled",
      cause: "google",
      subject: await world.userIdOf(ada),
    });
  });

  test("loses a session that commits just before, and gets none after", async () => {
    await joined();
    const browser = new Browser(world);
    await browser.startOAuth("google");
    const input = {
      provider: "google",
      oauthAttempt: browser.oauthAttempt,
      callbackUrl: callbackUrlWith("google", { claims: google() }),
    };
    const [completed] = await runDuringCommitOf(
      world,
      (world) => browser.run(completeOAuth, input, { world }),
      () => disable(world, ada),
    );
    expect(completed.ok).toBe(true);
    expect(await sessionOf(browser)).toBeNull();
    const late = new Browser(world);
    expect(outcomeOf(await late.signInWithProvider("google", google()))).toBe("account_disabled");
  });
});

describe("where sign-up is closed", () => {
  const closed = world.with({ env: { ...world.env, signUp: "closed" } });

  test("no new user is let in after authentication; an existing user is", async () => {
    const stranger = new Browser(closed);
    expect(await stranger.signInWithProvider("google", google())).toEqual(
      refused("sign_up_closed"),
    );
    expect(stranger.cookieChanges).toEqual({ oauthAttempt: "ended" });
    expect([await count(world, "users"), await count(world, "sessions")]).toEqual([0, 0]);
    expect((await world.audit()).at(-1)).toMatchObject({
      outcome: "sign_up_closed",
      cause: "google",
    });
    await joined();
    expect(outcomeOf(await new Browser(closed).signInWithProvider("google", google()))).toBe(
      "sign_in",
    );
  });

  test("an address that has an account is asked to sign in, as everywhere", async () => {
    await signedIn();
    expect(outcomeOf(await new Browser(closed).signInWithProvider("google", google()))).toBe(
      "ask_to_sign_in",
    );
  });
});

test.each([
  ["its keys are not set", {}],
  ["it is not among the sign-in methods", { ...keys, SIGN_IN_METHODS: "magic_link,linkedin" }],
])("a provider signs no user in once %s, whatever is linked or in progress", async (_, vars) => {
  await joined();
  const browser = new Browser(world);
  await browser.startOAuth("google");
  const off = world.with({ env: testEnv(vars) });
  const input = {
    provider: "google",
    oauthAttempt: browser.oauthAttempt,
    callbackUrl: callbackUrlWith("google", { claims: google() }),
  };
  expect(await browser.run(completeOAuth, input, { world: off })).toEqual(
    refused("not_found", { method: methodId("google") }),
  );
  expect(browser.session).toBeNull();
  expect(browser.cookieChanges).toEqual({ oauthAttempt: "ended" });
  expect((await world.audit()).at(-1)).toMatchObject({
    event: "oauth.complete",
    outcome: "not_found",
    cause: "google",
  });
  expect((await browser.run(completeOAuth, input)).ok).toBe(true);
});

describe("concurrent requests", () => {
  test("fifty first sign-ins of one identity: one user, one sign-in method, and all are signed in (A1, I1, I2)", async () => {
    const browsers = Array.from({ length: 50 }, () => new Browser(world));
    for (const browser of browsers) await browser.startOAuth("google");
    const responses = await Promise.all(browsers.map((b) => b.finishOAuth("google", google())));
    expect(responses.map(outcomeOf)).toEqual(Array(50).fill("sign_in"));
    expect([await count(world, "users"), await count(world, "auth_providers")]).toEqual([1, 1]);
    expect(await count(world, "sessions")).toBe(50);
    const made = (await world.audit()).filter(
      ({ cause }) => cause === "google:signed_up_unverified",
    );
    expect(made).toHaveLength(1);
  });

  test("the last use is the latest, in whatever order they commit", async () => {
    await joined();
    await world.writeDirectly((tx) =>
      tx.execute(sql`update auth_providers set last_used_at = now() + interval '1 minute'`),
    );
    const at = () => row(world.db, sql`select last_used_at from auth_providers`);
    const before = await at();
    await Promise.all(Array.from({ length: 10 }, () => joined()));
    expect(await at()).toEqual(before);
  });

  test("fifty different identities for one free address: one gets it, the others are asked to sign in", async () => {
    const browsers = Array.from({ length: 50 }, () => new Browser(world));
    for (const browser of browsers) await browser.startOAuth("google");
    const responses = await Promise.all(
      browsers.map((browser, n) => browser.finishOAuth("google", claims(`g-${n}`, ada))),
    );
    expect(responses.map(outcomeOf).sort()).toEqual([
      ...Array<string>(49).fill("ask_to_sign_in"),
      "sign_in",
    ]);
    expect([await count(world, "users"), await count(world, "auth_providers")]).toEqual([1, 1]);
    expect(await count(world, "sessions")).toBe(1);
  });

  test("a first sign-in and a link for the same address: one account, whichever is first", async () => {
    for (let round = 0; round < 5; round += 1) {
      const phone = new Browser(world);
      await phone.requestLink(ada);
      const letter = await world.letterTo(ada);
      const browser = new Browser(world);
      await browser.startOAuth("google");
      const [completedOAuth, redeemed] = await Promise.all([
        browser.finishOAuth("google", google()),
        phone.openLink(letter),
      ]);
      expect(redeemed.ok).toBe(true);
      expect(["sign_in", "ask_to_sign_in"]).toContain(outcomeOf(completedOAuth));
      expect(await count(world, "users")).toBe(1);
      expect(await sessionOf(phone)).toBe(ada);
      // A session from an unverified address is gone after the verification (A5).
      expect(await sessionOf(browser)).toBeNull();
      expect(await identitiesOf(world, ada)).toEqual(
        outcomeOf(completedOAuth) === "sign_in" ? ["google g-1 ?", "magic_link"] : ["magic_link"],
      );
      await world.reset();
    }
  });

  test("a first sign-in about to commit: the link revokes its session", async () => {
    const phone = new Browser(world);
    await phone.requestLink(ada);
    const letter = await world.letterTo(ada);
    const browser = new Browser(world);
    await browser.startOAuth("google");
    const input = {
      provider: "google",
      oauthAttempt: browser.oauthAttempt,
      callbackUrl: callbackUrlWith("google", { claims: google() }),
    };
    const [completedOAuth, redeemed] = await runDuringCommitOf(
      world,
      (world) => browser.run(completeOAuth, input, { world }),
      () => phone.openLink(letter),
    );
    expect(completedOAuth.ok).toBe(true);
    expect(redeemed).toEqual({ ok: true, value: { next: "", needsConfirmation: true } });
    expect(await sessionOf(browser)).toBeNull();
    expect(await identitiesOf(world, ada)).toEqual(["google g-1 ?", "magic_link"]);
  });

  test("a link about to commit: the first sign-in is asked to sign in", async () => {
    const phone = new Browser(world);
    await phone.requestLink(ada);
    const letter = await world.letterTo(ada);
    const browser = new Browser(world);
    await browser.startOAuth("google");
    const [redeemed, completedOAuth] = await runDuringCommitOf(
      world,
      (world) => phone.run(redeemMagicLink, { token: letter.token }, { world }),
      () => browser.finishOAuth("google", google()),
    );
    expect(redeemed).toEqual({ ok: true, value: { next: "" } });
    expect(outcomeOf(completedOAuth)).toBe("ask_to_sign_in");
    expect(await identitiesOf(world, ada)).toEqual(["magic_link"]);
  });

  test.each([
    ["Google runs", hosted("g-1", ada)],
    ["Google does not run", google()],
  ])(
    "a first sign-in and the code of a sign-up, at a mailbox %s: one account",
    async (which, identityClaims) => {
      for (let round = 0; round < 5; round += 1) {
        const phone = new Browser(world);
        await phone.signUp(ada, otherPassword);
        const { code } = await world.letterTo(ada);
        const browser = new Browser(world);
        await browser.startOAuth("google");
        const [completedOAuth, typed] = await Promise.all([
          browser.finishOAuth("google", identityClaims),
          phone.verify(code, ada),
        ]);
        const first = outcomeOf(completedOAuth) === "sign_in";
        const late = which === "Google runs" ? "code_invalid" : "already_signed_up";
        expect([outcomeOf(completedOAuth), typed.ok || typed.refusal.code]).toEqual(
          first ? ["sign_in", late] : ["ask_to_sign_in", true],
        );
        expect(await methodsOf(world, ada)).toEqual([first ? "google" : "email"]);
        expect(await hashOf(world, ada)).toEqual(first ? null : expect.any(String));
        await world.reset();
      }
    },
  );

  test("a sign-in while the provider is being disconnected: it succeeds before, or is refused", async () => {
    for (let round = 0; round < 5; round += 1) {
      const home = await signedIn();
      await writeIdentityDirectly(world, ada, "google", "g-1");
      const browser = new Browser(world);
      await browser.startOAuth("google");
      const [completedOAuth, disconnected] = await Promise.all([
        browser.finishOAuth("google", google()),
        home.run(unlinkProvider, { provider: "google" }),
      ]);
      expect(disconnected.ok).toBe(true);
      expect(["sign_in", "oauth_state_invalid", "ask_to_sign_in"]).toContain(
        outcomeOf(completedOAuth),
      );
      expect(browser.session !== null).toBe(outcomeOf(completedOAuth) === "sign_in");
      expect(await methodsOf(world, ada)).toEqual(["magic_link"]);
      await world.reset();
    }
  });

  test("a provider about to be disconnected signs no user in", async () => {
    const home = await signedIn();
    await writeIdentityDirectly(world, ada, "google", "g-1");
    const browser = new Browser(world);
    await browser.startOAuth("google");
    const [disconnected, completedOAuth] = await runDuringCommitOf(
      world,
      (world) => home.run(unlinkProvider, { provider: "google" }, { world }),
      () => browser.finishOAuth("google", google()),
    );
    expect(disconnected.ok).toBe(true);
    expect(["oauth_state_invalid", "ask_to_sign_in"]).toContain(outcomeOf(completedOAuth));
    expect(browser.session).toBeNull();
    expect(await methodsOf(world, ada)).toEqual(["magic_link"]);
  });

  test("an account about to be disabled is signed in to no more", async () => {
    await joined();
    const browser = new Browser(world);
    await browser.startOAuth("google");
    const [, completedOAuth] = await runDuringCommitOf(
      world,
      (world) => disable(world, ada),
      () => browser.finishOAuth("google", google()),
    );
    expect(["oauth_state_invalid", "account_disabled"]).toContain(outcomeOf(completedOAuth));
    expect(browser.session).toBeNull();
  });
});

describe("whatever statement the database fails at: everything happened, or nothing", () => {
  test.each<[string, () => Promise<Browser>, Record<string, unknown>, string]>([
    ["signing up", () => Promise.resolve(new Browser(world)), hosted("g-1", ada), "sign_in"],
    ["signing in", async () => (await joined(), new Browser(world)), google(), "sign_in"],
    ["being asked", async () => (await signedIn(), new Browser(world)), google(), "ask_to_sign_in"],
  ])("%s", async (_, prepare, identityClaims, outcome) => {
    const browser = await prepare();
    await browser.startOAuth("google");
    await forgetLimits(world);
    const before = await dump(world);
    const { oauthAttempt, session } = browser;
    let after = 0;
    for (; ; after += 1) {
      world.failDatabaseAfter(after);
      const input = {
        provider: "google",
        oauthAttempt,
        callbackUrl: callbackUrlWith("google", { claims: identityClaims }),
      };
      const result = await browser.run(completeOAuth, input);
      world.restoreDatabase();
      if (result.ok) {
        expect(result.value.outcome).toBe(outcome);
        break;
      }
      expect(result).toEqual(refused("unavailable"));
      expect([browser.session, browser.oauthAttempt]).toEqual([session, oauthAttempt]);
      await forgetLimits(world);
      expect(await dump(world)).toBe(before);
    }
    expect(after).toBeGreaterThan(4);
  });
});
