import { randomUUID } from "node:crypto";
import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { row, rows } from "@/db/rows";
import { digest } from "@/lib/core/crypto";
import { Browser } from "@/test/support/browser";
import {
  claims,
  hosted,
  keys,
  pendingIdentity,
  writeIdentityDirectly,
  outcomeOf,
} from "@/test/support/oauth-fixtures";
import { count } from "@/test/support/queries";
import { validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { type Situation, situations } from "@/test/support/oauth-decision-table";
import { startLinkingProvider } from "./start-linking-provider";

/**
 * Runs every cell of the decision table on a database, and checks what a person gets and what the
 * tables contain. Ada is the signed-in user, Leo another one. Mia has an account and is neither.
 */

const world = await setUpWorld(keys);

const [ada, leo, mia, newcomer] = ["ada", "leo", "mia", "new"].map((name) => `${name}@example.com`);

/** Three users who signed up by link, without rows in the audit log. */
const createUsers = () =>
  world.writeDirectly((tx) =>
    tx.execute(sql`with inserted as (
        insert into users (email) select unnest(${sql.raw(`array['${ada}', '${leo}', '${mia}']`)}) returning id)
      insert into auth_providers (user_id, provider) select id, 'magic_link' from inserted`),
  );

/** A browser in which ada is signed in. */
async function signedIn() {
  const browser = new Browser(world);
  browser.session = world.random.token();
  const tokenDigest = digest("session", browser.session);
  await world.writeDirectly((tx) =>
    tx.execute(sql`insert into sessions (token_digest, user_id, method, browser, idle_seconds, ends_at)
      select ${tokenDigest}, id, 'magic_link', '', 600, now() + interval '1 hour' from users where email = ${ada}`),
  );
  return browser;
}

const usersNow = () =>
  rows<{ email: string; verified: boolean }>(
    world.db,
    sql`select email, email_verified_at is not null as verified from users order by created_at, email`,
  );

/** All sign-in methods, without when they were used. */
const methodsNow = () =>
  rows(
    world.db,
    sql`select email, provider, subject, confirmation_required_at from auth_providers join users on id = user_id
        order by 1, 2`,
  );

const sessionsNow = () =>
  rows(
    world.db,
    sql`select s.id, email, method from sessions s join users u on u.id = user_id order by 1`,
  );

const startAttempt = async ({ linking, signedIn: isSignedIn }: Situation, provider: string) => {
  const browser = isSignedIn ? await signedIn() : new Browser(world);
  const started = linking
    ? await browser.run(startLinkingProvider, { provider })
    : await browser.startOAuth(provider);
  expect(started.ok).toBe(true);
  return browser;
};

/** Starts an OAuth attempt, sets up the situation, and completes the attempt. */
async function signInWithProvider(at: Situation) {
  await createUsers();
  const provider = at.emailAssurance === "authoritative" ? "google" : "linkedin";
  const browser = await startAttempt(at, provider);
  const owner = { none: null, own: ada!, other: leo! }[at.identity];
  const { needsConfirmation } = at;
  if (owner) await writeIdentityDirectly(world, owner, provider, "p-1", { needsConfirmation });
  // The address of an identity that opens an account is irrelevant, so it is another user's.
  const address = owner ? mia! : { none: newcomer!, own: ada!, other: leo! }[at.account];
  const identityClaims = {
    authoritative: hosted("p-1", address),
    verified: claims("p-1", address),
    unverified: claims("p-1", address, { email_verified: "true" }),
    missing: claims("p-1", "", { email: undefined }),
  }[at.emailAssurance];
  const before = {
    users: await usersNow(),
    linkedMethods: await methodsNow(),
    sessions: await sessionsNow(),
    events: (await world.audit()).length,
  };
  const token = browser.oauthAttempt;
  const result = await browser.finishOAuth(provider, identityClaims);
  const events = (await world.audit()).slice(before.events);
  return { browser, provider, owner, address, identityClaims, before, result, token, events };
}
type Attempt = Awaited<ReturnType<typeof signInWithProvider>>;

const completed = (outcome: string, { provider }: Attempt) => ({
  ok: true,
  value: { provider, outcome, next: "" },
});

const who = async (email: string | null) => (email ? world.userIdOf(email) : null);

/** Users, sign-in methods and sessions are unchanged. */
async function expectNothingChanged({ before }: Attempt) {
  expect(await usersNow()).toEqual(before.users);
  expect(await methodsNow()).toEqual(before.linkedMethods);
  expect(await sessionsNow()).toEqual(before.sessions);
}

/** This browser has one session, of this user, by this provider; its former session is gone. */
async function expectSignedInAs(email: string, attempt: Attempt) {
  const { browser, provider } = attempt;
  expect(browser.newSession.method).toBe(provider);
  expect(await sessionsNow()).toEqual([
    { id: expect.any(String) as string, email, method: provider },
  ]);
  expect(await sessionsNow()).not.toEqual(attempt.before.sessions);
}

async function expectAsked(outcome: string, at: Situation, attempt: Attempt) {
  const { browser, provider, token } = attempt;
  const pendingIdentityToken = expect.stringMatching(/^[\w-]{43}$/) as string;
  expect(attempt.result).toEqual(completed(outcome, attempt));
  await expectNothingChanged(attempt);
  // Under a new token: knowing the attempt's token is not enough for the pending identity.
  expect(browser.cookieChanges).toEqual({
    oauthAttempt: "ended",
    pendingIdentity: pendingIdentityToken,
  });
  expect(browser.pendingIdentity).not.toBe(token);
  expect(await pendingIdentity(world)).toEqual([`${provider} p-1`]);
  expect(
    await row(world.db, sql`select email, is_authoritative as authoritative from oauth_attempts`),
  ).toEqual({
    email:
      at.emailAssurance === "authoritative" || at.emailAssurance === "verified"
        ? attempt.address
        : null,
    authoritative: at.emailAssurance === "authoritative",
  });
  return `${provider}:${outcome}`;
}

async function expectRefused(
  code: "identity_already_in_use" | "provider_email_unverified",
  at: Situation,
  attempt: Attempt,
) {
  expect(attempt.result).toEqual(refused(code, { provider: attempt.provider }));
  await expectNothingChanged(attempt);
  expect(attempt.browser.cookieChanges).toEqual({ oauthAttempt: "ended" });
  expect(await pendingIdentity(world)).toEqual([]);
  return `${attempt.provider}:${at.emailAssurance}`;
}

/** The checks for each decision; returns the cause in the audit log. */
const becomes: Record<Situation["becomes"], (at: Situation, attempt: Attempt) => Promise<string>> =
  {
    async sign_up({ emailAssurance }, attempt) {
      const isVerified = emailAssurance === "authoritative";
      expect(attempt.result).toEqual(completed("sign_in", attempt));
      expect(await usersNow()).toEqual([
        ...attempt.before.users,
        { email: newcomer, verified: isVerified },
      ]);
      const linkedMethod = {
        email: newcomer,
        provider: attempt.provider,
        subject: "p-1",
        confirmation_required_at: null,
      };
      expect(await methodsNow()).toEqual(
        expect.arrayContaining([...attempt.before.linkedMethods, linkedMethod]),
      );
      expect(await count(world, "auth_providers")).toBe(attempt.before.linkedMethods.length + 1);
      await expectSignedInAs(newcomer!, attempt);
      expect([attempt.browser.oauthAttempt, attempt.browser.pendingIdentity]).toEqual([null, null]);
      expect(await pendingIdentity(world)).toEqual([]);
      return `${attempt.provider}:${isVerified ? "signed_up" : "signed_up_unverified"}`;
    },
    async sign_in(_, attempt) {
      expect(attempt.result).toEqual(completed("sign_in", attempt));
      expect(await usersNow()).toEqual(attempt.before.users);
      expect(await methodsNow()).toEqual(attempt.before.linkedMethods);
      await expectSignedInAs(attempt.owner!, attempt);
      expect([attempt.browser.oauthAttempt, attempt.browser.pendingIdentity]).toEqual([null, null]);
      expect(await pendingIdentity(world)).toEqual([]);
      return attempt.provider;
    },
    async already_linked(_, attempt) {
      expect(attempt.result).toEqual(completed("already_linked", attempt));
      await expectNothingChanged(attempt);
      expect(attempt.browser.cookieChanges).toEqual({
        oauthAttempt: "ended",
      });
      expect(await pendingIdentity(world)).toEqual([]);
      return `${attempt.provider}:already_linked`;
    },
    ask_to_link: (at, attempt) => expectAsked("ask_to_link", at, attempt),
    ask_to_sign_in: (at, attempt) => expectAsked("ask_to_sign_in", at, attempt),
    ask_to_switch: (at, attempt) => expectAsked("ask_to_switch", at, attempt),
    identity_already_in_use: (at, attempt) => expectRefused("identity_already_in_use", at, attempt),
    provider_email_unverified: (at, attempt) =>
      expectRefused("provider_email_unverified", at, attempt),
  };

const subjectOf = ({ account }: Situation, { owner, browser, provider }: Attempt) =>
  owner ??
  (browser.cookieChanges.session && provider
    ? newcomer!
    : { none: null, own: ada!, other: leo! }[account]);

test.each(situations)("$name", async (at) => {
  const attempt = await signInWithProvider(at);
  const cause = await becomes[at.becomes](at, attempt);
  const hasVerifiedEmail =
    at.emailAssurance === "authoritative" || at.emailAssurance === "verified";
  expect(attempt.events).toEqual([
    expect.objectContaining({
      event: "oauth.complete",
      outcome: attempt.result.ok ? "ok" : attempt.result.refusal.code,
      cause,
      subject: await who(subjectOf(at, attempt)),
      caller: await who(at.signedIn ? ada! : null),
      identifier: hasVerifiedEmail ? attempt.address : null,
    }),
  ]);
  // Only a sign-in from a browser that is new to the account is told by email.
  expect(await count(world, "outbox")).toBe(Number(at.becomes === "sign_in" && !at.signedIn));
  // The attempt is over, whatever its outcome: after a minute the same callback works in no browser.
  await world.advance(61);
  const again = new Browser(world);
  again.oauthAttempt = attempt.token;
  expect(await again.finishOAuth(attempt.provider, attempt.identityClaims)).toEqual(
    refused("oauth_state_invalid"),
  );
  expect(again.session).toBeNull();
});

/** A stranger began to sign up at the address and never typed the code: that is no account (P1). */
test.each(situations.filter(({ identity, account }) => identity === "none" && account === "none"))(
  "with a stranger's sign-up that waits for its code at the address: $name",
  async (at) => {
    const mallory = new Browser(world);
    await mallory.signUp(newcomer!, validPassword);
    const { code } = await world.letterTo(newcomer!);
    const attempt = await signInWithProvider(at);
    expect(outcomeOf(attempt.result)).toBe(at.becomes === "sign_up" ? "sign_in" : at.becomes);
    const typed = await mallory.verify(code, newcomer!);
    // An authoritative provider voids the stranger's sign-up (A5). With a merely verified address
    // the account already exists; and without an account, the code creates one.
    const known = at.emailAssurance === "authoritative" ? "code_invalid" : "already_signed_up";
    const refusalCode = at.becomes === "sign_up" ? known : undefined;
    expect(typed.ok ? undefined : typed.refusal.code).toBe(refusalCode);
    expect(await count(world, "users")).toBe(4);
    expect(await row(world.db, sql`select count(password_hash)::int as n from users`)).toEqual({
      n: typed.ok ? 1 : 0,
    });
  },
);

test("a subject that differs in one letter, or is at another provider, is another identity", async () => {
  await createUsers();
  const known = `p-${randomUUID()}`;
  await writeIdentityDirectly(world, leo!, "google", known);
  for (const [provider, sub] of [
    ["google", known.toUpperCase()],
    ["google", known.slice(0, -1)],
    ["google", `${known}0`],
    ["linkedin", known],
  ] as const) {
    const stranger = new Browser(world);
    expect(await stranger.signInWithProvider(provider, claims(sub, leo!))).toMatchObject({
      value: { outcome: "ask_to_sign_in" },
    });
    expect(stranger.session).toBeNull();
  }
});
