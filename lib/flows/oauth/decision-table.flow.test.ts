import { randomUUID } from "node:crypto";
import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { row, rows } from "@/db/rows";
import type { OAuthProvider } from "@/lib/core/oauth-providers";
import { digest } from "@/lib/core/crypto";
import { Browser } from "@/test/support/browser";
import { claims, hosted, keys, parked, plantIdentity, told } from "@/test/support/oauth-fixtures";
import { count } from "@/test/support/queries";
import { sound } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { type Situation, situations } from "@/test/support/oauth-decision-table";
import { beginLink } from "./start-linking-provider";

/**
 * Every cell of the decision table on a database: what a person gets, and what the tables hold then.
 * Ada is whoever is signed in here, leo another; mia has an account, and neither of them is she.
 */

const world = await setUpWorld(keys);

const [ada, leo, mia, nobody] = ["ada", "leo", "mia", "new"].map((name) => `${name}@example.com`);

/** Three people who came by link, without a proof in the log. */
const settle = () =>
  world.plant((tx) =>
    tx.execute(sql`with made as (
        insert into users (email) select unnest(${sql.raw(`array['${ada}', '${leo}', '${mia}']`)}) returning id)
      insert into auth_providers (user_id, provider) select id, 'magic_link' from made`),
  );

/** A browser in which ada is signed in. */
async function signedIn() {
  const browser = new Browser(world);
  browser.session = world.chance.token();
  const tokenDigest = digest("session", browser.session);
  await world.plant((tx) =>
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
    sql`select email, provider, subject, questioned_at from auth_providers join users on id = user_id
        order by 1, 2`,
  );

const sessionsNow = () =>
  rows(
    world.db,
    sql`select s.id, email, method from sessions s join users u on u.id = user_id order by 1`,
  );

const begin = async ({ intent, signedIn: isHere }: Situation, provider: OAuthProvider) => {
  const browser = isHere ? await signedIn() : new Browser(world);
  const left = intent ? await browser.run(beginLink, { provider }) : await browser.leave(provider);
  expect(left.ok).toBe(true);
  return browser;
};

/** Leaves, finds things as they are when coming back, and comes back. */
async function travel(at: Situation) {
  await settle();
  const provider: OAuthProvider = at.vouching === "mailbox" ? "google" : "linkedin";
  const browser = await begin(at, provider);
  const owner = { free: null, mine: ada!, anothers: leo! }[at.identity];
  const { questioned } = at;
  if (owner) await plantIdentity(world, owner, provider, "p-1", { questioned });
  // Of an identity that opens an account the address is nobody's business, so it is somebody else's.
  const address = owner ? mia! : { none: nobody!, mine: ada!, anothers: leo! }[at.account];
  const said = {
    mailbox: hosted("p-1", address),
    verified: claims("p-1", address),
    unverified: claims("p-1", address, { email_verified: "true" }),
    missing: claims("p-1", "", { email: undefined }),
  }[at.vouching];
  const before = {
    users: await usersNow(),
    ways: await waysNow(),
    sessions: await sessionsNow(),
    events: (await world.audit()).length,
  };
  const token = browser.handshake;
  const answer = await browser.comeBack(provider, said);
  const events = (await world.audit()).slice(before.events);
  return { browser, provider, owner, address, said, before, answer, token, events };
}
type Trip = Awaited<ReturnType<typeof travel>>;

const arrived = (outcome: string, { provider }: Trip) => ({
  ok: true,
  value: { provider, outcome, next: "" },
});

const who = async (email: string | null) => (email ? world.userIdOf(email) : null);

/** Nobody and nothing is another than before. */
async function expectNothingChanged({ before }: Trip) {
  expect(await usersNow()).toEqual(before.users);
  expect(await waysNow()).toEqual(before.ways);
  expect(await sessionsNow()).toEqual(before.sessions);
}

/** One session in this browser, of this person, by this provider; and none that was here before. */
async function expectInAs(email: string, trip: Trip) {
  const { browser, provider } = trip;
  expect(browser.grant.method).toBe(provider);
  expect(await sessionsNow()).toEqual([
    { id: expect.any(String) as string, email, method: provider },
  ]);
  expect(await sessionsNow()).not.toEqual(trip.before.sessions);
}

async function expectAsked(outcome: string, at: Situation, trip: Trip) {
  const { browser, provider, token } = trip;
  const parkedToken = expect.stringMatching(/^[\w-]{43}$/) as string;
  expect(trip.answer).toEqual(arrived(outcome, trip));
  await expectNothingChanged(trip);
  // Under a new token: whoever knew that of the trip knows nothing of what it brought.
  expect(browser.handover).toEqual({ handshake: "ended", parked: parkedToken });
  expect(browser.parked).not.toBe(token);
  expect(await parked(world)).toEqual([`${provider} p-1`]);
  expect(await row(world.db, sql`select email, proves_mailbox as proves from handshakes`)).toEqual({
    email: at.vouching === "mailbox" || at.vouching === "verified" ? trip.address : null,
    proves: at.vouching === "mailbox",
  });
  return `${provider}:${outcome}`;
}

async function expectRefused(
  code: "identity_taken" | "provider_email_unverified",
  at: Situation,
  trip: Trip,
) {
  expect(trip.answer).toEqual(refused(code, { provider: trip.provider }));
  await expectNothingChanged(trip);
  expect(trip.browser.handover).toEqual({ handshake: "ended" });
  expect(await parked(world)).toEqual([]);
  return `${trip.provider}:${at.vouching}`;
}

/** What holds for each word of the table; returns the cause that the log tells. */
const becomes: Record<Situation["becomes"], (at: Situation, trip: Trip) => Promise<string>> = {
  async sign_up({ vouching }, trip) {
    const isProven = vouching === "mailbox";
    expect(trip.answer).toEqual(arrived("sign_in", trip));
    expect(await usersNow()).toEqual([...trip.before.users, { email: nobody, proven: isProven }]);
    const way = { email: nobody, provider: trip.provider, subject: "p-1", questioned_at: null };
    expect(await waysNow()).toEqual(expect.arrayContaining([...trip.before.ways, way]));
    expect(await count(world, "auth_providers")).toBe(trip.before.ways.length + 1);
    await expectInAs(nobody!, trip);
    expect([trip.browser.handshake, trip.browser.parked]).toEqual([null, null]);
    expect(await parked(world)).toEqual([]);
    return `${trip.provider}:${isProven ? "signed_up" : "signed_up_unproven"}`;
  },
  async sign_in(_, trip) {
    expect(trip.answer).toEqual(arrived("sign_in", trip));
    expect(await usersNow()).toEqual(trip.before.users);
    expect(await waysNow()).toEqual(trip.before.ways);
    await expectInAs(trip.owner!, trip);
    expect([trip.browser.handshake, trip.browser.parked]).toEqual([null, null]);
    expect(await parked(world)).toEqual([]);
    return trip.provider;
  },
  async connected_already(_, trip) {
    expect(trip.answer).toEqual(arrived("connected_already", trip));
    await expectNothingChanged(trip);
    expect(trip.browser.handover).toEqual({ handshake: "ended" });
    expect(await parked(world)).toEqual([]);
    return `${trip.provider}:connected_already`;
  },
  ask_to_connect: (at, trip) => expectAsked("ask_to_connect", at, trip),
  ask_to_sign_in: (at, trip) => expectAsked("ask_to_sign_in", at, trip),
  ask_to_switch: (at, trip) => expectAsked("ask_to_switch", at, trip),
  identity_taken: (at, trip) => expectRefused("identity_taken", at, trip),
  provider_email_unverified: (at, trip) => expectRefused("provider_email_unverified", at, trip),
};

const subjectOf = ({ account }: Situation, { owner, browser, provider }: Trip) =>
  owner ??
  (browser.handover.session && provider
    ? nobody!
    : { none: null, mine: ada!, anothers: leo! }[account]);

test.each(situations)("$name", async (at) => {
  const trip = await travel(at);
  const cause = await becomes[at.becomes](at, trip);
  const isVouched = at.vouching === "mailbox" || at.vouching === "verified";
  expect(trip.events).toEqual([
    expect.objectContaining({
      event: "handshake.complete",
      outcome: trip.answer.ok ? "ok" : trip.answer.refusal.code,
      cause,
      subject: await who(subjectOf(at, trip)),
      caller: await who(at.signedIn ? ada! : null),
      identifier: isVouched ? trip.address : null,
    }),
  ]);
  expect(await count(world, "outbox")).toBe(0);
  // The trip is over, however it ended: the same return brings nobody anything.
  const again = new Browser(world);
  again.handshake = trip.token;
  expect(await again.comeBack(trip.provider, trip.said)).toEqual(refused("handshake_lost"));
  expect(again.session).toBeNull();
});

/** Somebody began to sign up at the address and never typed the code: that is no account (P1). */
test.each(situations.filter(({ identity, account }) => identity === "free" && account === "none"))(
  "with a sign-up of somebody that waits for its code at the address: $name",
  async (at) => {
    const mallory = new Browser(world);
    await mallory.signUp(nobody!, sound);
    const { code } = await world.letterTo(nobody!);
    const trip = await travel(at);
    expect(told(trip.answer)).toBe(at.becomes === "sign_up" ? "sign_in" : at.becomes);
    const typed = await mallory.verify(code, nobody!);
    // Where the provider runs the mailbox, what others began there is dead (A5). Where it only takes
    // somebody's word, the account is there first; and where there is none, the code makes one.
    const known = at.vouching === "mailbox" ? "code_wrong" : "already_signed_up";
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
  await plantIdentity(world, leo!, "google", known);
  for (const [provider, sub] of [
    ["google", known.toUpperCase()],
    ["google", known.slice(0, -1)],
    ["google", `${known}0`],
    ["linkedin", known],
  ] as const) {
    const stranger = new Browser(world);
    expect(await stranger.travel(provider, claims(sub, leo!))).toMatchObject({
      value: { outcome: "ask_to_sign_in" },
    });
    expect(stranger.session).toBeNull();
  }
});
