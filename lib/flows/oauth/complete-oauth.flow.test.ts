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
  told,
} from "@/test/support/oauth-fixtures";
import { dump } from "@/test/support/invariants";
import { count, disable, forgetLimits, hashOf, methodsOf } from "@/test/support/queries";
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

/** Ada, who came by Google before. */
const joined = async (where: TestWorld = world) => {
  const browser = new Browser(where);
  expect(told(await browser.signInWithProvider("google", google()))).toBe("sign_in");
  return browser;
};

const setOutToConnect = async (browser: Browser) => {
  expect((await browser.run(startLinkingProvider, { provider: "google" })).ok).toBe(true);
};

const connect = (browser: Browser) =>
  browser.run(linkProvider, { pendingIdentity: browser.pendingIdentity ?? "" });

describe("ada comes by Google", () => {
  test("for the first time: she is in, and this browser is known from now on (O3)", async () => {
    const browser = await joined();
    expect(browser.cookieChanges).toMatchObject({ device: true, oauthAttempt: "ended" });
    expect(await sessionOf(browser)).toBe(ada);
    expect(await identitiesOf(world, ada)).toEqual(["google g-1"]);
    expect(await count(world, "known_devices")).toBe(1);
    expect(await browser.run(listSessions)).toMatchObject({ value: [{ method: "google" }] });
    expect(await world.deliver()).toEqual([]);
  });

  test("and again: nothing is another but when she was last here (A1)", async () => {
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

  test("with a new token each time; the one before is worth nothing (fixation)", async () => {
    const browser = await joined();
    const thief = new Browser(world);
    thief.session = browser.session;
    await browser.signInWithProvider("google", google());
    expect(browser.session).not.toBe(thief.session);
    expect([await sessionOf(browser), await sessionOf(thief)]).toEqual([ada, null]);
  });

  test("nothing else that Google says of her is kept: name, picture, tokens (O6)", async () => {
    const said = { name: "Canary Name", picture: "https://canary.example/p", at_hash: "canary" };
    const browser = new Browser(world);
    await browser.signInWithProvider("google", google({ ...said, nested: { deep: ["canary"] } }));
    await browser.signInWithProvider("linkedin", { ...google(said), sub: "l-1" });
    expect(await dump(world)).not.toMatch(/canary/i);
  });
});

describe("what comes back instead of claims (O5)", () => {
  test.each([
    ["provider_cancelled", "access_denied", undefined],
    ["oauth_state_invalid", "state", undefined],
    ["provider_unavailable", "timeout", intervals.providerAway],
    ["provider_failed", "signature", undefined],
  ] as const)(
    "%s: told, the trip is over, and nothing happened",
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

  test("whoever is signed in stays so, and what they set out for is not done", async () => {
    const browser = await signedIn();
    await setOutToConnect(browser);
    const callbackResult = { failure: "provider_cancelled", cause: "access_denied" } as const;
    await browser.finishOAuthWith("google", callbackResult);
    expect(await sessionOf(browser)).toBe(ada);
    expect(await methodsOf(world, ada)).toEqual(["magic_link"]);
  });

  test.each([
    ["nobody", {}],
    ["a number", { sub: 1 }],
    ["an object", { sub: { $ne: null } }],
    ["a NUL", { sub: "g-1\0" }],
    ["256 characters", { sub: "1".repeat(256) }],
  ])("claims that name %s open nothing", async (_, more) => {
    const browser = new Browser(world);
    const { sub: __, ...nobody } = google();
    expect(await browser.signInWithProvider("google", { ...nobody, ...more })).toEqual(
      refused("provider_failed", { provider: "google", cause: "claims" }),
    );
    expect([await count(world, "users"), await pendingIdentity(world)]).toEqual([0, []]);
  });

  test.each([null, [], "claims", {}, { claims: google() }])(
    "%j is no way of asking a provider, and ends no trip",
    async (exchange) => {
      const browser = new Browser(world);
      await browser.startOAuth("google");
      const { oauthAttempt } = browser;
      const outcome = await browser.run(completeOAuth, {
        provider: "google",
        oauthAttempt,
        exchange,
      });
      expect(outcome).toEqual(refused("invalid_input"));
      expect(told(await browser.finishOAuth("google", google()))).toBe("sign_in");
    },
  );
});

describe("who may have us ask a provider", () => {
  /** Comes back with an answer that counts how often the provider was asked for it. */
  const mailRequest = () => {
    const asked = { times: 0 };
    const exchange = async () => {
      asked.times += 1;
      return { claims: google() };
    };
    const finishOAuth = (browser: Browser, oauthAttempt = browser.oauthAttempt ?? "") =>
      browser.run(completeOAuth, { provider: "google", oauthAttempt, exchange });
    return { asked, finishOAuth };
  };

  test("only whoever is on a trip there: without one, after it, and too late nobody is asked", async () => {
    await world.withFrozenTime(async (world) => {
      const { asked, finishOAuth } = mailRequest();
      expect(await finishOAuth(new Browser(world))).toEqual(lost);
      const elsewhere = new Browser(world);
      await elsewhere.startOAuth("linkedin");
      expect(await finishOAuth(elsewhere)).toEqual(lost);
      const late = new Browser(world);
      await late.startOAuth("google");
      await world.advance(601);
      expect(await finishOAuth(late)).toEqual(lost);
      expect(asked.times).toBe(0);
      const browser = new Browser(world);
      await browser.startOAuth("google");
      const { oauthAttempt } = browser;
      expect(told(await finishOAuth(browser))).toBe("sign_in");
      expect(await finishOAuth(browser, oauthAttempt!)).toEqual(lost);
      expect(asked.times).toBe(1);
    });
  });

  test("within the limit of one network, whatever trips it is on", async () => {
    const { asked, finishOAuth } = mailRequest();
    const browser = new Browser(world);
    await browser.startOAuth("google");
    for (let n = 0; n < 30; n += 1) await finishOAuth(browser, "x".repeat(43));
    expect(await finishOAuth(browser)).toMatchObject({ refusal: { code: "too_many_requests" } });
    expect(asked.times).toBe(0);
  });
});

test("who is told no is still on their way to where they were going", async () => {
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

test("to sign in first may be by another provider: what waits is still there (O4)", async () => {
  const home = await signedIn();
  await home.signInWithProvider("linkedin", claims("l-1", ada));
  expect((await connect(home)).ok).toBe(true);
  const browser = new Browser(world);
  expect(told(await browser.signInWithProvider("google", google()))).toBe("ask_to_sign_in");
  await browser.startOAuth("linkedin");
  await browser.finishOAuthWith("linkedin", {
    failure: "provider_cancelled",
    cause: "access_denied",
  });
  expect(told(await browser.signInWithProvider("linkedin", claims("l-1", ada)))).toBe("sign_in");
  expect((await connect(browser)).ok).toBe(true);
  expect(await identitiesOf(world, ada)).toEqual(["google g-1", "linkedin l-1", "magic_link"]);
});

describe("a trip is of one browser, to one provider, once, and in time (O1)", () => {
  test.each([
    ["9:59", 599, "sign_in"],
    ["10:01", 601, "oauth_state_invalid"],
  ])("%s after setting out", async (_, passed, outcome) => {
    await world.withFrozenTime(async (world) => {
      const browser = new Browser(world);
      await browser.startOAuth("google");
      await world.advance(passed);
      expect(told(await browser.finishOAuth("google", google()))).toBe(outcome);
      expect(browser.session !== null).toBe(outcome === "sign_in");
    });
  });

  test("our own clock has no say in it", async () => {
    const browser = new Browser(world);
    await browser.startOAuth("google");
    const late = { now: () => new Date(Date.now() + 3_600_000) };
    const input = {
      provider: "google",
      oauthAttempt: browser.oauthAttempt,
      exchange: async () => ({ claims: google() }),
    };
    expect(
      (await browser.run(completeOAuth, input, { world: world.with({ clock: late }) })).ok,
    ).toBe(true);
  });

  test("another provider's answer is none to it, and does not spend it", async () => {
    const browser = new Browser(world);
    await browser.startOAuth("google");
    const { oauthAttempt } = browser;
    expect(told(await browser.finishOAuth("linkedin", google()))).toBe("oauth_state_invalid");
    browser.oauthAttempt = oauthAttempt;
    expect(told(await browser.finishOAuth("google", google()))).toBe("sign_in");
    expect(await identitiesOf(world, ada)).toEqual(["google g-1"]);
  });

  test("mallory's answer in ada's browser, which made no such trip (login CSRF)", async () => {
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

  test("a page that is loaded again loses nothing that waits", async () => {
    await new Browser(world).signIn(ada);
    const browser = new Browser(world);
    expect(told(await browser.signInWithProvider("google", google()))).toBe("ask_to_sign_in");
    const { pendingIdentity } = browser;
    expect(pendingIdentity).not.toBeNull();
    expect(told(await browser.finishOAuth("google", google()))).toBe("oauth_state_invalid");
    expect(browser.pendingIdentity).toBe(pendingIdentity);
  });

  test("used twice it brings nobody in, whether it let somebody in or was parked", async () => {
    const browser = new Browser(world);
    await browser.startOAuth("google");
    const { oauthAttempt } = browser;
    await browser.finishOAuth("google", google());
    browser.oauthAttempt = oauthAttempt;
    expect(await browser.finishOAuth("google", google())).toEqual(lost);
    expect(await sessionOf(browser)).toBe(ada);
    const asked = new Browser(world);
    await asked.signInWithProvider("google", claims("g-2", ada));
    expect(await asked.finishOAuth("google", claims("g-1", ada))).toEqual(lost);
    expect(asked.session).toBeNull();
    expect(await pendingIdentity(world)).toEqual(["google g-2"]);
  });

  test("twenty returns of one trip at once: one is let in", async () => {
    const browser = new Browser(world);
    await browser.startOAuth("google");
    const { oauthAttempt } = browser;
    const exchange = async () => ({ claims: google() });
    const responses = await Promise.all(
      Array.from({ length: 20 }, () =>
        browser.run(completeOAuth, { provider: "google", oauthAttempt, exchange }),
      ),
    );
    expect(responses.filter(({ ok }) => ok)).toHaveLength(1);
    expect(responses.filter(({ ok }) => !ok)).toEqual(Array(19).fill(lost));
    expect(await count(world, "sessions")).toBe(1);
  });
});

describe("a trip never connects by itself (ambient linking)", () => {
  test("begun for signing in while ada is signed in: she is asked, and the account is as before", async () => {
    const browser = await signedIn();
    const { session } = browser;
    for (const said of [google(), claims("g-2", "ada@other.example"), claims("g-3", leo)]) {
      const { ok } = await browser.signInWithProvider("google", said);
      expect(ok).toBe(true);
      expect(browser.session).toBe(session);
      expect(await methodsOf(world, ada)).toEqual(["magic_link"]);
    }
    expect(await count(world, "users")).toBe(1);
  });

  test("begun for connecting: it waits for a press", async () => {
    const browser = await signedIn();
    await setOutToConnect(browser);
    expect(told(await browser.finishOAuth("google", google()))).toBe("ask_to_link");
    expect(await methodsOf(world, ada)).toEqual(["magic_link"]);
    expect((await connect(browser)).ok).toBe(true);
    expect(await identitiesOf(world, ada)).toEqual(["google g-1", "magic_link"]);
  });

  const suspended = refused("session_changed", { provider: "google" });

  test.each<[string, (browser: Browser) => Promise<unknown>]>([
    ["signed out on the way", (browser) => browser.run(signOut)],
    ["signed in anew on the way", (browser) => browser.signIn(ada)],
    ["in as leo by now", (browser) => browser.signIn(leo)],
    [
      "whose session is over",
      () =>
        world
          .advance(86_401)
          .then(() =>
            world.writeDirectly((tx) =>
              tx.execute(sql`update oauth_attempts set expires_at = now() + interval '1 minute'`),
            ),
          ),
    ],
    ["switched off", () => disable(world, ada)],
  ])("what one session set out to connect is nothing to another: %s", async (_, meanwhile) => {
    const browser = await signedIn();
    await setOutToConnect(browser);
    const { oauthAttempt } = browser;
    await meanwhile(browser);
    browser.oauthAttempt = oauthAttempt;
    const before = await count(world, "users");
    expect(await browser.finishOAuth("google", google())).toEqual(suspended);
    expect(browser.cookieChanges).toEqual({ oauthAttempt: "ended" });
    expect([await pendingIdentity(world), await count(world, "users")]).toEqual([[], before]);
    expect(await methodsOf(world, ada)).toEqual(["magic_link"]);
  });

  test("a stranger with the cookie of ada's trip gets in nowhere, and neither does his own session", async () => {
    const browser = await signedIn();
    await setOutToConnect(browser);
    const mallory = await signedIn("mallory@example.com");
    mallory.oauthAttempt = browser.oauthAttempt;
    expect(await mallory.finishOAuth("google", claims("m-1", "mallory@example.com"))).toEqual(
      suspended,
    );
    expect(await methodsOf(world, ada)).toEqual(["magic_link"]);
    expect(await methodsOf(world, "mallory@example.com")).toEqual(["magic_link"]);
  });

  test("a session that goes on under another token is the same one (step-up)", async () => {
    const browser = new Browser(world);
    await browser.join(ada, validPassword);
    await setOutToConnect(browser);
    const { session } = browser;
    expect((await browser.run(stepUpByPassword, { password: validPassword })).ok).toBe(true);
    expect(browser.session).not.toBe(session);
    expect(told(await browser.finishOAuth("google", google()))).toBe("ask_to_link");
    expect((await connect(browser)).ok).toBe(true);
  });
});

describe("who it is, is provider and subject, and never the address (nOAuth)", () => {
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
    expect(told(await browser.signInWithProvider("google", google(more)))).toBe("sign_in");
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
  ])("another subject with ada's address, %s, is not ada", async (_, said) => {
    await joined();
    const mallory = new Browser(world);
    expect(told(await mallory.signInWithProvider("google", said))).toBe("ask_to_sign_in");
    expect(mallory.session).toBeNull();
    expect(await connect(mallory)).toEqual(refused("sign_in_required"));
    expect(await identitiesOf(world, ada)).toEqual(["google g-1"]);
    expect(await count(world, "users")).toBe(1);
  });

  test("nor is the same subject at another provider", async () => {
    await joined();
    const mallory = new Browser(world);
    expect(told(await mallory.signInWithProvider("linkedin", google()))).toBe("ask_to_sign_in");
    expect(await identitiesOf(world, ada)).toEqual(["google g-1"]);
  });
});

describe("an account that is switched off (S5)", () => {
  test("is told so after the proof: no session, and nothing of it is touched", async () => {
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
    const there = await saved();
    expect(await browser.finishOAuth("google", google())).toEqual(refused("account_disabled"));
    expect(browser.cookieChanges).toEqual({ oauthAttempt: "ended" });
    expect(await saved()).toEqual(there);
    expect(await pendingIdentity(world)).toEqual([]);
    expect((await world.audit()).at(-1)).toMatchObject({
      event: "oauth.complete",
      outcome: "account_disabled",
      cause: "google",
      subject: await world.userIdOf(ada),
    });
  });

  test("a moment before it is switched off, ada's session is over with it; a moment after, there is none", async () => {
    await joined();
    const browser = new Browser(world);
    await browser.startOAuth("google");
    const input = {
      provider: "google",
      oauthAttempt: browser.oauthAttempt,
      exchange: async () => ({ claims: google() }),
    };
    const [completed] = await runDuringCommitOf(
      world,
      (world) => browser.run(completeOAuth, input, { world }),
      () => disable(world, ada),
    );
    expect(completed.ok).toBe(true);
    expect(await sessionOf(browser)).toBeNull();
    const late = new Browser(world);
    expect(told(await late.signInWithProvider("google", google()))).toBe("account_disabled");
  });
});

describe("where sign-up is closed", () => {
  const closed = world.with({ env: { ...world.env, signUp: "closed" } });

  test("nobody new is let in, after the proof; who was here before is", async () => {
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
    expect(told(await new Browser(closed).signInWithProvider("google", google()))).toBe("sign_in");
  });

  test("an address that has an account is asked to sign in, as everywhere", async () => {
    await signedIn();
    expect(told(await new Browser(closed).signInWithProvider("google", google()))).toBe(
      "ask_to_sign_in",
    );
  });
});

test.each([
  ["its keys are gone", {}],
  ["it is not among the ways in", { ...keys, SIGN_IN_METHODS: "magic_link,linkedin" }],
])("a provider lets nobody in once %s, whatever is connected and under way", async (_, vars) => {
  await joined();
  const browser = new Browser(world);
  await browser.startOAuth("google");
  const off = world.with({ env: testEnv(vars) });
  const input = {
    provider: "google",
    oauthAttempt: browser.oauthAttempt,
    exchange: async () => ({ claims: google() }),
  };
  expect(await browser.run(completeOAuth, input, { world: off })).toEqual(refused("not_found"));
  expect(browser.session).toBeNull();
  expect((await browser.run(completeOAuth, input)).ok).toBe(true);
});

describe("many at once", () => {
  test("fifty first sign-ins of one identity: one user, one way in, and everybody is in (A1, I1, I2)", async () => {
    const browsers = Array.from({ length: 50 }, () => new Browser(world));
    for (const browser of browsers) await browser.startOAuth("google");
    const responses = await Promise.all(browsers.map((b) => b.finishOAuth("google", google())));
    expect(responses.map(told)).toEqual(Array(50).fill("sign_in"));
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

  test("fifty different identities for one free address: one has it, the others are asked to sign in", async () => {
    const browsers = Array.from({ length: 50 }, () => new Browser(world));
    for (const browser of browsers) await browser.startOAuth("google");
    const responses = await Promise.all(
      browsers.map((browser, n) => browser.finishOAuth("google", claims(`g-${n}`, ada))),
    );
    expect(responses.map(told).sort()).toEqual([
      ...Array<string>(49).fill("ask_to_sign_in"),
      "sign_in",
    ]);
    expect([await count(world, "users"), await count(world, "auth_providers")]).toEqual([1, 1]);
    expect(await count(world, "sessions")).toBe(1);
  });

  test("a first sign-in and a link of the same address: one account, whoever is first", async () => {
    for (let round = 0; round < 5; round += 1) {
      const phone = new Browser(world);
      await phone.requestLink(ada);
      const letter = await world.letterTo(ada);
      const browser = new Browser(world);
      await browser.startOAuth("google");
      const [came, pressed] = await Promise.all([
        browser.finishOAuth("google", google()),
        phone.openLink(letter),
      ]);
      expect(pressed.ok).toBe(true);
      expect(["sign_in", "ask_to_sign_in"]).toContain(told(came));
      expect(await count(world, "users")).toBe(1);
      expect(await sessionOf(phone)).toBe(ada);
      // Whoever came by a word for the address before its proof has nothing after it (A5).
      expect(await sessionOf(browser)).toBeNull();
      expect(await identitiesOf(world, ada)).toEqual(
        told(came) === "sign_in" ? ["google g-1 ?", "magic_link"] : ["magic_link"],
      );
      await world.reset();
    }
  });

  test("a first sign-in about to commit: the link drops what it planted", async () => {
    const phone = new Browser(world);
    await phone.requestLink(ada);
    const letter = await world.letterTo(ada);
    const browser = new Browser(world);
    await browser.startOAuth("google");
    const input = {
      provider: "google",
      oauthAttempt: browser.oauthAttempt,
      exchange: async () => ({ claims: google() }),
    };
    const [came, pressed] = await runDuringCommitOf(
      world,
      (world) => browser.run(completeOAuth, input, { world }),
      () => phone.openLink(letter),
    );
    expect(came.ok).toBe(true);
    expect(pressed).toEqual({ ok: true, value: { next: "", needsConfirmation: true } });
    expect(await sessionOf(browser)).toBeNull();
    expect(await identitiesOf(world, ada)).toEqual(["google g-1 ?", "magic_link"]);
  });

  test("a link about to commit: the first sign-in is asked to sign in", async () => {
    const phone = new Browser(world);
    await phone.requestLink(ada);
    const letter = await world.letterTo(ada);
    const browser = new Browser(world);
    await browser.startOAuth("google");
    const [pressed, came] = await runDuringCommitOf(
      world,
      (world) => phone.run(redeemMagicLink, { token: letter.token }, { world }),
      () => browser.finishOAuth("google", google()),
    );
    expect(pressed).toEqual({ ok: true, value: { next: "" } });
    expect(told(came)).toBe("ask_to_sign_in");
    expect(await identitiesOf(world, ada)).toEqual(["magic_link"]);
  });

  test.each([
    ["Google runs", hosted("g-1", ada)],
    ["Google does not run", google()],
  ])(
    "a first sign-in and the code of a sign-up, at a mailbox %s: one account",
    async (which, said) => {
      for (let round = 0; round < 5; round += 1) {
        const phone = new Browser(world);
        await phone.signUp(ada, otherPassword);
        const { code } = await world.letterTo(ada);
        const browser = new Browser(world);
        await browser.startOAuth("google");
        const [came, typed] = await Promise.all([
          browser.finishOAuth("google", said),
          phone.verify(code, ada),
        ]);
        const first = told(came) === "sign_in";
        const late = which === "Google runs" ? "code_invalid" : "already_signed_up";
        expect([told(came), typed.ok || typed.refusal.code]).toEqual(
          first ? ["sign_in", late] : ["ask_to_sign_in", true],
        );
        expect(await methodsOf(world, ada)).toEqual([first ? "google" : "email"]);
        expect(await hashOf(world, ada)).toEqual(first ? null : expect.any(String));
        await world.reset();
      }
    },
  );

  test("a sign-in while the provider is being disconnected: in before, or not at all", async () => {
    for (let round = 0; round < 5; round += 1) {
      const home = await signedIn();
      await writeIdentityDirectly(world, ada, "google", "g-1");
      const browser = new Browser(world);
      await browser.startOAuth("google");
      const [came, gone] = await Promise.all([
        browser.finishOAuth("google", google()),
        home.run(unlinkProvider, { provider: "google" }),
      ]);
      expect(gone.ok).toBe(true);
      expect(["sign_in", "oauth_state_invalid", "ask_to_sign_in"]).toContain(told(came));
      expect(browser.session !== null).toBe(told(came) === "sign_in");
      expect(await methodsOf(world, ada)).toEqual(["magic_link"]);
      await world.reset();
    }
  });

  test("a provider about to be disconnected lets nobody in", async () => {
    const home = await signedIn();
    await writeIdentityDirectly(world, ada, "google", "g-1");
    const browser = new Browser(world);
    await browser.startOAuth("google");
    const [gone, came] = await runDuringCommitOf(
      world,
      (world) => home.run(unlinkProvider, { provider: "google" }, { world }),
      () => browser.finishOAuth("google", google()),
    );
    expect(gone.ok).toBe(true);
    expect(["oauth_state_invalid", "ask_to_sign_in"]).toContain(told(came));
    expect(browser.session).toBeNull();
    expect(await methodsOf(world, ada)).toEqual(["magic_link"]);
  });

  test("an account about to be switched off lets nobody in", async () => {
    await joined();
    const browser = new Browser(world);
    await browser.startOAuth("google");
    const [, came] = await runDuringCommitOf(
      world,
      (world) => disable(world, ada),
      () => browser.finishOAuth("google", google()),
    );
    expect(["oauth_state_invalid", "account_disabled"]).toContain(told(came));
    expect(browser.session).toBeNull();
  });
});

describe("whatever statement the database fails at: all, or nothing", () => {
  test.each<[string, () => Promise<Browser>, Record<string, unknown>, string]>([
    ["signing up", () => Promise.resolve(new Browser(world)), hosted("g-1", ada), "sign_in"],
    ["signing in", async () => (await joined(), new Browser(world)), google(), "sign_in"],
    ["being asked", async () => (await signedIn(), new Browser(world)), google(), "ask_to_sign_in"],
  ])("%s", async (_, prepare, said, outcome) => {
    const browser = await prepare();
    await browser.startOAuth("google");
    await forgetLimits(world);
    const before = await dump(world);
    const { oauthAttempt, session } = browser;
    let after = 0;
    for (; ; after += 1) {
      world.failDatabaseAfter(after);
      const input = { provider: "google", oauthAttempt, exchange: async () => ({ claims: said }) };
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
