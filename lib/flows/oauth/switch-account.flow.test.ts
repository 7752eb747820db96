import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { intervals } from "@/lib/core/policy";
import { linkProvider } from "@/lib/flows/account/link-provider";
import { listSessions } from "@/lib/flows/sessions/list-sessions";
import { readSession } from "@/lib/flows/sessions/read-session";
import { signOut } from "@/lib/flows/sessions/sign-out";
import { Browser } from "@/test/support/browser";
import {
  claims,
  identitiesOf,
  keys,
  pendingIdentity,
  writeIdentityDirectly,
  outcomeOf,
} from "@/test/support/oauth-fixtures";
import { withLostCommits } from "@/test/support/interleave";
import { dump } from "@/test/support/invariants";
import { count, disable, forgetLimits } from "@/test/support/queries";
import { refused, setUpWorld } from "@/test/support/setup";
import { testEnv, type TestWorld } from "@/test/support/world";
import { previewOAuth } from "./preview-oauth";
import { startLinkingProvider } from "./start-linking-provider";
import { switchAccount } from "./switch-account";

const world = await setUpWorld(keys);

const ada = "ada@example.com";
const leo = "leo@example.com";
const leos = claims("g-leo", leo);
const lost = refused("oauth_state_invalid", { cause: "no_pending_identity" });

const submitSwitch = (browser: Browser, where: TestWorld = browser.world) =>
  browser.run(switchAccount, { pendingIdentity: browser.pendingIdentity ?? "" }, { world: where });

const sessionOf = async (browser: Browser) => {
  const read = await browser.run(readSession);
  return read.ok ? (read.value?.email ?? null) : read.refusal.code;
};

/** Ada is signed in, and completes Google as Leo, who may be new. */
const completeAsLeo = async ({ isNew = false, where = world, identityClaims = leos } = {}) => {
  if (!isNew) await new Browser(where).signInWithProvider("google", leos);
  const browser = new Browser(where);
  await browser.signIn(ada);
  await browser.startOAuth("google", { next: "/account" });
  expect(outcomeOf(await browser.finishOAuth("google", identityClaims))).toBe("ask_to_switch");
  return browser;
};

const switched = (outcome: string) => ({
  ok: true,
  value: { provider: "google", outcome, next: "/account" },
});

describe("ada switches to leo", () => {
  test("who has an account: her session ends, his begins, and nothing is linked", async () => {
    const browser = await completeAsLeo();
    const thief = new Browser(world);
    thief.session = browser.session;
    expect(await submitSwitch(browser)).toEqual(switched("sign_in"));
    expect(browser.cookieChanges).toMatchObject({
      pendingIdentity: "ended",
      session: { method: "google" },
    });
    expect([await sessionOf(browser), await sessionOf(thief)]).toEqual([leo, null]);
    expect(await identitiesOf(world, ada)).toEqual(["magic_link"]);
    expect(await identitiesOf(world, leo)).toEqual(["google g-leo"]);
    expect((await world.audit()).at(-1)).toMatchObject({
      event: "oauth.switch_account",
      outcome: "ok",
      cause: "google",
      subject: await world.userIdOf(leo),
      caller: await world.userIdOf(ada),
    });
  });

  test("who is new: he signs up", async () => {
    const browser = await completeAsLeo({ isNew: true });
    expect(await count(world, "users")).toBe(1);
    expect(await submitSwitch(browser)).toEqual(switched("sign_in"));
    expect(await sessionOf(browser)).toBe(leo);
    expect((await world.audit()).at(-1)).toMatchObject({ cause: "google:signed_up_unverified" });
  });

  test("whose address has an account without that Google: she is signed out, and asked to sign in as him", async () => {
    await new Browser(world).signIn(leo);
    const browser = await completeAsLeo({ isNew: true });
    const token = browser.pendingIdentity;
    expect(await submitSwitch(browser)).toEqual(switched("ask_to_sign_in"));
    expect(browser.cookieChanges).toEqual({ session: "ended" });
    expect(browser.pendingIdentity).toBe(token);
    expect(await pendingIdentity(world)).toEqual(["google g-leo"]);
    expect(await identitiesOf(world, leo)).toEqual(["magic_link"]);
    await world.deliver();
    await browser.signIn(leo);
    expect((await browser.run(linkProvider, { pendingIdentity: token })).ok).toBe(true);
    expect(await identitiesOf(world, leo)).toEqual(["google g-leo", "magic_link"]);
  });

  test("whose Google needs confirmation: it opens nothing, and she is asked to sign in as him", async () => {
    const browser = await completeAsLeo();
    await world.writeDirectly((tx) =>
      tx.execute(
        sql`update auth_providers set confirmation_required_at = now() where provider = 'google'`,
      ),
    );
    expect(await submitSwitch(browser)).toEqual(switched("ask_to_sign_in"));
    expect(await sessionOf(browser)).toBeNull();
  });

  test("once: after a minute a second request finds nothing, and neither does one in another browser", async () => {
    await world.withFrozenTime(async (world) => {
      const browser = await completeAsLeo({ where: world });
      const token = browser.pendingIdentity;
      expect(await submitSwitch(new Browser(world))).toEqual(lost);
      await submitSwitch(browser);
      expect(await submitSwitch(new Browser(world))).toEqual(lost);
      browser.pendingIdentity = token;
      await world.advance(intervals.repeat);
      expect(await submitSwitch(browser)).toEqual(lost);
      expect(await sessionOf(browser)).toBe(leo);
    });
  });

  test.each([
    ["9:59", 599, switched("sign_in")],
    ["10:01", 601, lost],
  ])("%s after the callback", async (_, passed, outcome) => {
    await world.withFrozenTime(async (world) => {
      const browser = await completeAsLeo({ where: world });
      await world.advance(passed);
      expect(await submitSwitch(browser)).toEqual(outcome);
      expect(await sessionOf(browser)).toBe(passed < 600 ? leo : ada);
    });
  });

  test("signed out meanwhile: the pending identity is not left for the next user", async () => {
    const browser = await completeAsLeo();
    await browser.run(signOut);
    expect(browser.pendingIdentity).toBeNull();
    await browser.signIn("mallory@example.com");
    expect(await submitSwitch(browser)).toEqual(lost);
    expect(await sessionOf(browser)).toBe("mallory@example.com");
  });
});

test("an identity for linking signs nobody in", async () => {
  const browser = new Browser(world);
  await browser.signIn(ada);
  await browser.run(startLinkingProvider, { provider: "google" });
  expect(outcomeOf(await browser.finishOAuth("google", leos))).toBe("ask_to_link");
  expect(await submitSwitch(browser)).toEqual(lost);
  expect(await sessionOf(browser)).toBe(ada);
  expect(await count(world, "users")).toBe(1);
});

test("current state decides: a disabled account, a closed sign-up, an address no longer verified", async () => {
  const browser = await completeAsLeo();
  await disable(world, leo);
  expect(await submitSwitch(browser)).toEqual(refused("account_disabled"));
  expect(await sessionOf(browser)).toBe(ada);
  const late = new Browser(world);
  await world.deliver();
  await late.signIn("mia@example.com");
  await late.signInWithProvider("google", claims("g-new", "new@example.com"));
  const closed = world.with({ env: { ...world.env, signUp: "closed" } });
  expect(await submitSwitch(late, closed)).toEqual(refused("sign_up_closed"));
  expect(await sessionOf(late)).toBe("mia@example.com");
});

test("an identity that was disconnected meanwhile, with an unverified address, opens no account", async () => {
  const identityClaims = { ...leos, email_verified: false };
  await plantIdentityOfLeo();
  const browser = await completeAsLeo({ identityClaims });
  await world.writeDirectly((tx) =>
    tx.execute(sql`delete from auth_providers where provider = 'google'`),
  );
  expect(await submitSwitch(browser)).toEqual(
    refused("provider_email_unverified", { provider: "google" }),
  );
  expect(await sessionOf(browser)).toBe(ada);
});

async function plantIdentityOfLeo() {
  await new Browser(world).signIn(leo);
  await writeIdentityDirectly(world, leo, "google", "g-leo");
}

test.each([
  ["its keys are not set", {}],
  ["it is not among the sign-in methods", { ...keys, SIGN_IN_METHODS: "magic_link,linkedin" }],
])("no user can switch by a provider once %s", async (_, vars) => {
  const browser = await completeAsLeo();
  expect(await submitSwitch(browser, world.with({ env: testEnv(vars) }))).toEqual(
    refused("not_found"),
  );
  expect(await sessionOf(browser)).toBe(ada);
  expect(await pendingIdentity(world)).toEqual(["google g-leo"]);
});

test("of twenty requests at once, one has the effect, and all get its session", async () => {
  const browser = await completeAsLeo();
  const { pendingIdentity: token } = browser;
  const responses = await Promise.all(
    Array.from({ length: 20 }, () => browser.run(switchAccount, { pendingIdentity: token })),
  );
  expect(responses).toEqual(Array(20).fill(switched("sign_in")));
  expect(await browser.run(listSessions)).toMatchObject({ value: [{ method: "google" }, {}] });
  expect(await count(world, "sessions")).toBe(2);
  const causes = (await world.audit())
    .filter(({ event }) => event === "oauth.switch_account")
    .map(({ cause }) => cause);
  expect(causes.sort()).toEqual(["google", ...Array<string>(19).fill("google:repeated")]);
});

describe("a switch whose response was lost", () => {
  const offers = async (browser: Browser) => {
    const { pendingIdentity } = browser;
    const read = await browser.run(previewOAuth, { pendingIdentity: pendingIdentity ?? "" });
    return read.ok && read.value.isRepeatable;
  };

  const loseSwitch = async (options = {}) => {
    const browser = await completeAsLeo(options);
    expect(await offers(browser)).toBe(false);
    expect(await submitSwitch(browser, withLostCommits(world))).toEqual(refused("unavailable"));
    expect(await sessionOf(browser)).toBeNull();
    return browser;
  };

  test.each([
    ["has an account", false],
    ["is new", true],
  ])("is offered and works again where leo %s, with one effect", async (_, isNew) => {
    const browser = await loseSwitch({ isNew });
    expect(await offers(browser)).toBe(true);
    const sessions = await count(world, "sessions");
    expect(await submitSwitch(browser)).toEqual(switched("sign_in"));
    expect(await sessionOf(browser)).toBe(leo);
    expect(browser.pendingIdentity).toBeNull();
    expect([await count(world, "sessions"), await count(world, "users")]).toEqual([sessions, 2]);
    expect((await world.audit()).at(-1)).toMatchObject({
      event: "oauth.switch_account",
      outcome: "ok",
      cause: "google:repeated",
      subject: await world.userIdOf(leo),
    });
  });

  test("is neither offered nor repeated in a browser without its cookie", async () => {
    await loseSwitch();
    const mallory = Object.assign(new Browser(world), { pendingIdentity: world.random.token() });
    expect(await offers(mallory)).toBe(false);
    expect(await submitSwitch(mallory)).toEqual(lost);
  });

  test.each<[string, (browser: Browser) => Promise<unknown>]>([
    ["leo has signed out everywhere", () => endSessionsOf(leo)],
    ["leo is disabled", () => disable(world, leo)],
    ["somebody else has signed in there", (browser) => browser.signIn("mia@example.com")],
  ])("is neither offered nor repeated once %s", async (_, meanwhile) => {
    const browser = await loseSwitch();
    await meanwhile(browser);
    const { session } = browser;
    expect(await offers(browser)).toBe(false);
    expect(await submitSwitch(browser)).toEqual(lost);
    expect(browser.session).toBe(session);
  });

  const endSessionsOf = (email: string) =>
    world.writeDirectly((tx) =>
      tx.execute(
        sql`delete from sessions where user_id = (select id from users where email = ${email})`,
      ),
    );

  test("is no switch where the identity was connected instead", async () => {
    const browser = new Browser(world);
    await browser.signIn(ada);
    await browser.signInWithProvider("google", claims("g-ada", ada));
    const token = browser.pendingIdentity;
    expect((await browser.run(linkProvider, { pendingIdentity: token })).ok).toBe(true);
    await browser.run(signOut);
    browser.pendingIdentity = token;
    expect(await offers(browser)).toBe(false);
    expect(await submitSwitch(browser)).toEqual(lost);
  });
});

test("whatever statement the database fails at: she is still ada, or she is leo", async () => {
  const browser = await completeAsLeo();
  await forgetLimits(world);
  const before = await dump(world);
  let after = 0;
  for (; ; after += 1) {
    world.failDatabaseAfter(after);
    const result = await submitSwitch(browser);
    world.restoreDatabase();
    if (result.ok) break;
    expect(result).toEqual(refused("unavailable"));
    expect(await sessionOf(browser)).toBe(ada);
    await forgetLimits(world);
    expect(await dump(world)).toBe(before);
  }
  expect(after).toBeGreaterThan(4);
  expect(await sessionOf(browser)).toBe(leo);
});
