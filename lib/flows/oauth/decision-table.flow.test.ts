import { randomUUID } from "node:crypto";
import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { row, rows } from "@/db/rows";
import type { OAuthProvider } from "@/lib/core/oauth-providers";
import { digest } from "@/lib/core/crypto";
import { Browser } from "@/test/support/browser";
import {
  claims,
  hosted,
  keys,
  pendingIdentity,
  writeIdentityDirectly,
  told,
} from "@/test/support/oauth-fixtures";
import { count } from "@/test/support/queries";
import { validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { type Situation, situations } from "@/test/support/oauth-decision-table";
import { startLinkingProvider } from "./start-linking-provider";

/**
 * Every cell of the decision table on a database: what a person gets, and what the tables hold then.
 * Ada is whoever is signed in here, leo another; mia has an account, and neither of them is she.
 */

const world = await setUpWorld(keys);

const [ada, leo, mia, nobody] = ["ada", "leo", "mia", "new"].map((name) => `${name}@example.com`);

/** Three people who came by link, without a proof in the log. */
const settle = () =>
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
  rows<{ email: string; proven: boolean }>(
    world.db,
    sql`select email, email_verified_at is not null as proven from users order by created_at, email`,
  );

/** All ways in, without when they were used. */
const waysNow = () =>
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

const begin = async ({ linking, signedIn: isHere }: Situation, provider: OAuthProvider) => {
  const browser = isHere ? await signedIn() : new Browser(world);
  const left = linking
    ? await browser.run(startLinkingProvider, { provider })
    : await browser.startOAuth(provider);
  expect(left.ok).toBe(true);
  return browser;
};

/** Leaves, finds things as they are when coming back, and comes back. */
async function signInWithProvider(at: Situation) {
  await settle();
  const provider: OAuthProvider = at.emailAssurance === "authoritative" ? "google" : "linkedin";
  const browser = await begin(at, provider);
  const owner = { none: null, own: ada!, other: leo! }[at.identity];
  const { needsConfirmation } = at;
  if (owner) await writeIdentityDirectly(world, owner, provider, "p-1", { needsConfirmation });
  // Of an identity that opens an account the address is nobody's business, so it is somebody else's.
  const address = owner ? mia! : { none: nobody!, own: ada!, other: leo! }[at.account];
  const said = {
    authoritative: hosted("p-1", address),
    verified: claims("p-1", address),
    unverified: claims("p-1", address, { email_verified: "true" }),
    missing: claims("p-1", "", { email: undefined }),
  }[at.emailAssurance];
  const before = {
    users: await usersNow(),
    linkedMethods: await waysNow(),
    sessions: await sessionsNow(),
    events: (await world.audit()).length,
  };
  const token = browser.oauthAttempt;
  const result = await browser.finishOAuth(provider, said);
  const events = (await world.audit()).slice(before.events);
  return { browser, provider, owner, address, said, before, result, token, events };
}
type Trip = Awaited<ReturnType<typeof signInWithProvider>>;

const completed = (outcome: string, { provider }: Trip) => ({
  ok: true,
  value: { provider, outcome, next: "" },
});

const who = async (email: string | null) => (email ? world.userIdOf(email) : null);

/** Nobody and nothing is another than before. */
async function expectNothingChanged({ before }: Trip) {
  expect(await usersNow()).toEqual(before.users);
  expect(await waysNow()).toEqual(before.linkedMethods);
  expect(await sessionsNow()).toEqual(before.sessions);
}

/** One session in this browser, of this person, by this provider; and none that was here before. */
async function expectInAs(email: string, trip: Trip) {
  const { browser, provider } = trip;
  expect(browser.newSession.method).toBe(provider);
  expect(await sessionsNow()).toEqual([
    { id: expect.any(String) as string, email, method: provider },
  ]);
  expect(await sessionsNow()).not.toEqual(trip.before.sessions);
}

async function expectAsked(outcome: string, at: Situation, trip: Trip) {
  const { browser, provider, token } = trip;
  const pendingIdentityToken = expect.stringMatching(/^[\w-]{43}$/) as string;
  expect(trip.result).toEqual(completed(outcome, trip));
  await expectNothingChanged(trip);
  // Under a new token: whoever knew that of the trip knows nothing of what it brought.
  expect(browser.cookieChanges).toEqual({
    oauthAttempt: "ended",
    pendingIdentity: pendingIdentityToken,
  });
  expect(browser.pendingIdentity).not.toBe(token);
  expect(await pendingIdentity(world)).toEqual([`${provider} p-1`]);
  expect(
    await row(world.db, sql`select email, is_authoritative as proves from oauth_attempts`),
  ).toEqual({
    email:
      at.emailAssurance === "authoritative" || at.emailAssurance === "verified"
        ? trip.address
        : null,
    proves: at.emailAssurance === "authoritative",
  });
  return `${provider}:${outcome}`;
}

async function expectRefused(
  code: "identity_already_in_use" | "provider_email_unverified",
  at: Situation,
  trip: Trip,
) {
  expect(trip.result).toEqual(refused(code, { provider: trip.provider }));
  await expectNothingChanged(trip);
  expect(trip.browser.cookieChanges).toEqual({ oauthAttempt: "ended" });
  expect(await pendingIdentity(world)).toEqual([]);
  return `${trip.provider}:${at.emailAssurance}`;
}

/** What holds for each word of the table; returns the cause that the log tells. */
const becomes: Record<Situation["becomes"], (at: Situation, trip: Trip) => Promise<string>> = {
  async sign_up({ emailAssurance }, trip) {
    const isVerified = emailAssurance === "authoritative";
    expect(trip.result).toEqual(completed("sign_in", trip));
    expect(await usersNow()).toEqual([...trip.before.users, { email: nobody, proven: isVerified }]);
    const linkedMethod = {
      email: nobody,
      provider: trip.provider,
      subject: "p-1",
      confirmation_required_at: null,
    };
    expect(await waysNow()).toEqual(
      expect.arrayContaining([...trip.before.linkedMethods, linkedMethod]),
    );
    expect(await count(world, "auth_providers")).toBe(trip.before.linkedMethods.length + 1);
    await expectInAs(nobody!, trip);
    expect([trip.browser.oauthAttempt, trip.browser.pendingIdentity]).toEqual([null, null]);
    expect(await pendingIdentity(world)).toEqual([]);
    return `${trip.provider}:${isVerified ? "signed_up" : "signed_up_unverified"}`;
  },
  async sign_in(_, trip) {
    expect(trip.result).toEqual(completed("sign_in", trip));
    expect(await usersNow()).toEqual(trip.before.users);
    expect(await waysNow()).toEqual(trip.before.linkedMethods);
    await expectInAs(trip.owner!, trip);
    expect([trip.browser.oauthAttempt, trip.browser.pendingIdentity]).toEqual([null, null]);
    expect(await pendingIdentity(world)).toEqual([]);
    return trip.provider;
  },
  async already_linked(_, trip) {
    expect(trip.result).toEqual(completed("already_linked", trip));
    await expectNothingChanged(trip);
    expect(trip.browser.cookieChanges).toEqual({ oauthAttempt: "ended" });
    expect(await pendingIdentity(world)).toEqual([]);
    return `${trip.provider}:already_linked`;
  },
  ask_to_link: (at, trip) => expectAsked("ask_to_link", at, trip),
  ask_to_sign_in: (at, trip) => expectAsked("ask_to_sign_in", at, trip),
  ask_to_switch: (at, trip) => expectAsked("ask_to_switch", at, trip),
  identity_already_in_use: (at, trip) => expectRefused("identity_already_in_use", at, trip),
  provider_email_unverified: (at, trip) => expectRefused("provider_email_unverified", at, trip),
};

const subjectOf = ({ account }: Situation, { owner, browser, provider }: Trip) =>
  owner ??
  (browser.cookieChanges.session && provider
    ? nobody!
    : { none: null, own: ada!, other: leo! }[account]);

test.each(situations)("$name", async (at) => {
  const trip = await signInWithProvider(at);
  const cause = await becomes[at.becomes](at, trip);
  const isSameOriginVerified =
    at.emailAssurance === "authoritative" || at.emailAssurance === "verified";
  expect(trip.events).toEqual([
    expect.objectContaining({
      event: "oauth.complete",
      outcome: trip.result.ok ? "ok" : trip.result.refusal.code,
      cause,
      subject: await who(subjectOf(at, trip)),
      caller: await who(at.signedIn ? ada! : null),
      identifier: isSameOriginVerified ? trip.address : null,
    }),
  ]);
  expect(await count(world, "outbox")).toBe(0);
  // The trip is over, however it ended: the same return brings nobody anything.
  const again = new Browser(world);
  again.oauthAttempt = trip.token;
  expect(await again.finishOAuth(trip.provider, trip.said)).toEqual(refused("oauth_state_invalid"));
  expect(again.session).toBeNull();
});

/** Somebody began to sign up at the address and never typed the code: that is no account (P1). */
test.each(situations.filter(({ identity, account }) => identity === "none" && account === "none"))(
  "with a sign-up of somebody that waits for its code at the address: $name",
  async (at) => {
    const mallory = new Browser(world);
    await mallory.signUp(nobody!, validPassword);
    const { code } = await world.letterTo(nobody!);
    const trip = await signInWithProvider(at);
    expect(told(trip.result)).toBe(at.becomes === "sign_up" ? "sign_in" : at.becomes);
    const typed = await mallory.verify(code, nobody!);
    // Where the provider runs the mailbox, what others began there is dead (A5). Where it only takes
    // somebody's word, the account is there first; and where there is none, the code makes one.
    const known = at.emailAssurance === "authoritative" ? "code_invalid" : "already_signed_up";
    const no = at.becomes === "sign_up" ? known : undefined;
    expect(typed.ok ? undefined : typed.refusal.code).toBe(no);
    expect(await count(world, "users")).toBe(4);
    expect(await row(world.db, sql`select count(password_hash)::int as n from users`)).toEqual({
      n: typed.ok ? 1 : 0,
    });
  },
);

test("a subject that differs in one letter, or at another provider, is somebody else", async () => {
  await settle();
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
