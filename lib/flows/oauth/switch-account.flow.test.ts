import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
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
  told,
} from "@/test/support/oauth-fixtures";
import { dump } from "@/test/support/invariants";
import { count, disable, forgetLimits } from "@/test/support/queries";
import { refused, setUpWorld } from "@/test/support/setup";
import { testEnv, type TestWorld } from "@/test/support/world";
import { startLinkingProvider } from "./start-linking-provider";
import { switchAccount } from "./switch-account";

const world = await setUpWorld(keys);

const ada = "ada@example.com";
const leo = "leo@example.com";
const leos = claims("g-leo", leo);
const lost = refused("oauth_state_invalid", { cause: "no_pending_identity" });

const openLink = (browser: Browser, where: TestWorld = browser.world) =>
  browser.run(switchAccount, { pendingIdentity: browser.pendingIdentity ?? "" }, { world: where });

const sessionOf = async (browser: Browser) => {
  const read = await browser.run(readSession);
  return read.ok ? (read.value?.email ?? null) : read.refusal.code;
};

/** Ada is signed in, and comes back from Google as leo, who may be new. */
const asked = async ({ isNew = false, where = world, said = leos } = {}) => {
  if (!isNew) await new Browser(where).signInWithProvider("google", leos);
  const browser = new Browser(where);
  await browser.signIn(ada);
  await browser.startOAuth("google", { next: "/account" });
  expect(told(await browser.finishOAuth("google", said))).toBe("ask_to_switch");
  return browser;
};

const switched = (outcome: string) => ({
  ok: true,
  value: { provider: "google", outcome, next: "/account" },
});

describe("ada wants to be leo", () => {
  test("who has an account: her session ends, his begins, and nothing was connected", async () => {
    const browser = await asked();
    const thief = new Browser(world);
    thief.session = browser.session;
    expect(await openLink(browser)).toEqual(switched("sign_in"));
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
    const browser = await asked({ isNew: true });
    expect(await count(world, "users")).toBe(1);
    expect(await openLink(browser)).toEqual(switched("sign_in"));
    expect(await sessionOf(browser)).toBe(leo);
    expect((await world.audit()).at(-1)).toMatchObject({ cause: "google:signed_up_unverified" });
  });

  test("whose address has an account that Google does not open: she is out, and asked to sign in as him", async () => {
    await new Browser(world).signIn(leo);
    const browser = await asked({ isNew: true });
    const token = browser.pendingIdentity;
    expect(await openLink(browser)).toEqual(switched("ask_to_sign_in"));
    expect(browser.cookieChanges).toEqual({ session: "ended" });
    expect(browser.pendingIdentity).toBe(token);
    expect(await pendingIdentity(world)).toEqual(["google g-leo"]);
    expect(await identitiesOf(world, leo)).toEqual(["magic_link"]);
    await world.deliver();
    await browser.signIn(leo);
    expect((await browser.run(linkProvider, { pendingIdentity: token })).ok).toBe(true);
    expect(await identitiesOf(world, leo)).toEqual(["google g-leo", "magic_link"]);
  });

  test("whose Google is in question: it opens nothing, and she is asked to sign in as him", async () => {
    const browser = await asked();
    await world.writeDirectly((tx) =>
      tx.execute(
        sql`update auth_providers set confirmation_required_at = now() where provider = 'google'`,
      ),
    );
    expect(await openLink(browser)).toEqual(switched("ask_to_sign_in"));
    expect(await sessionOf(browser)).toBeNull();
  });

  test("once: a second press finds nothing, and neither does one in another browser", async () => {
    const browser = await asked();
    const token = browser.pendingIdentity;
    expect(await openLink(new Browser(world))).toEqual(lost);
    await openLink(browser);
    browser.pendingIdentity = token;
    expect(await openLink(browser)).toEqual(lost);
    expect(await sessionOf(browser)).toBe(leo);
  });

  test.each([
    ["9:59", 599, switched("sign_in")],
    ["10:01", 601, lost],
  ])("%s after she came back", async (_, passed, outcome) => {
    await world.withFrozenTime(async (world) => {
      const browser = await asked({ where: world });
      await world.advance(passed);
      expect(await openLink(browser)).toEqual(outcome);
      expect(await sessionOf(browser)).toBe(passed < 600 ? leo : ada);
    });
  });

  test("signed out meanwhile: he does not wait there for whoever comes next", async () => {
    const browser = await asked();
    await browser.run(signOut);
    expect(browser.pendingIdentity).toBeNull();
    await browser.signIn("mallory@example.com");
    expect(await openLink(browser)).toEqual(lost);
    expect(await sessionOf(browser)).toBe("mallory@example.com");
  });
});

test("what a session set out to connect signs nobody in", async () => {
  const browser = new Browser(world);
  await browser.signIn(ada);
  await browser.run(startLinkingProvider, { provider: "google" });
  expect(told(await browser.finishOAuth("google", leos))).toBe("ask_to_link");
  expect(await openLink(browser)).toEqual(lost);
  expect(await sessionOf(browser)).toBe(ada);
  expect(await count(world, "users")).toBe(1);
});

test("what changed meanwhile counts: the account is switched off, sign-up closed, the address no longer vouched for", async () => {
  const browser = await asked();
  await disable(world, leo);
  expect(await openLink(browser)).toEqual(refused("account_disabled"));
  expect(await sessionOf(browser)).toBe(ada);
  const late = new Browser(world);
  await world.deliver();
  await late.signIn("mia@example.com");
  await late.signInWithProvider("google", claims("g-new", "new@example.com"));
  const closed = world.with({ env: { ...world.env, signUp: "closed" } });
  expect(await openLink(late, closed)).toEqual(refused("sign_up_closed"));
  expect(await sessionOf(late)).toBe("mia@example.com");
});

test("an identity that was disconnected meanwhile, with an address that nobody vouches for, is nobody's", async () => {
  const said = { ...leos, email_verified: false };
  await plantIdentityOfLeo();
  const browser = await asked({ said });
  await world.writeDirectly((tx) =>
    tx.execute(sql`delete from auth_providers where provider = 'google'`),
  );
  expect(await openLink(browser)).toEqual(
    refused("provider_email_unverified", { provider: "google" }),
  );
  expect(await sessionOf(browser)).toBe(ada);
});

async function plantIdentityOfLeo() {
  await new Browser(world).signIn(leo);
  await writeIdentityDirectly(world, leo, "google", "g-leo");
}

test.each([
  ["its keys are gone", {}],
  ["it is not among the ways in", { ...keys, SIGN_IN_METHODS: "magic_link,linkedin" }],
])("nobody goes on as somebody whom a provider brought once %s", async (_, vars) => {
  const browser = await asked();
  expect(await openLink(browser, world.with({ env: testEnv(vars) }))).toEqual(refused("not_found"));
  expect(await sessionOf(browser)).toBe(ada);
  expect(await pendingIdentity(world)).toEqual(["google g-leo"]);
});

test("pressed twenty times at once: one session, and nobody waits for ever", async () => {
  const browser = await asked();
  const { pendingIdentity: token } = browser;
  const responses = await Promise.all(
    Array.from({ length: 20 }, () => browser.run(switchAccount, { pendingIdentity: token })),
  );
  expect(responses.filter(({ ok }) => ok)).toEqual([switched("sign_in")]);
  expect(responses.filter(({ ok }) => !ok)).toEqual(Array(19).fill(lost));
  expect(await browser.run(listSessions)).toMatchObject({ value: [{ method: "google" }, {}] });
  expect(await count(world, "sessions")).toBe(2);
});

test("whatever statement the database fails at: she is still ada, or leo", async () => {
  const browser = await asked();
  await forgetLimits(world);
  const before = await dump(world);
  let after = 0;
  for (; ; after += 1) {
    world.failDatabaseAfter(after);
    const result = await openLink(browser);
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
