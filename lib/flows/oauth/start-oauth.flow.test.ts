import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { row } from "@/db/rows";
import { days } from "@/lib/core/duration";
import { digest } from "@/lib/core/crypto";
import { Browser } from "@/test/support/browser";
import { claims, keys } from "@/test/support/oauth-fixtures";
import { count } from "@/test/support/queries";
import { refused, setUpWorld } from "@/test/support/setup";
import { testEnv } from "@/test/support/world";
import { startOAuth } from "./start-oauth";
import { startLinkingProvider } from "./start-linking-provider";

const world = await setUpWorld(keys);
const ada = "ada@example.com";

test("ada starts: only her browser has the token, and no user is created", async () => {
  const browser = new Browser(world);
  expect(await browser.startOAuth("google")).toEqual({
    ok: true,
    value: { provider: "google", url: "https://google.example/authorize" },
  });
  expect(browser.cookieChanges).toEqual({
    oauthAttempt: expect.stringMatching(/^[\w-]{43}$/) as string,
    oauthProtocol: { provider: "google", state: "a-state", checks: "" },
  });
  expect(
    await row(
      world.db,
      sql`select token_digest as digest, provider, session_id, subject, returned_at from oauth_attempts`,
    ),
  ).toEqual({
    digest: digest("oauth_attempt", browser.oauthAttempt!),
    provider: "google",
    session_id: null,
    subject: null,
    returned_at: null,
  });
  expect(await count(world, "users")).toBe(0);
  expect((await world.audit()).at(-1)).toMatchObject({
    event: "oauth.start",
    outcome: "ok",
    cause: "google",
    subject: null,
  });
});

test("stores the wished session length and the page she wanted", async () => {
  const browser = new Browser(world);
  await browser.run(startOAuth, { provider: "google", remember: "on", next: "/account" });
  expect(await browser.finishOAuth("google", claims("g-1", ada))).toMatchObject({
    value: { next: "/account" },
  });
  expect(browser.newSession.lifetime).toBe(days(90));
  await browser.signInWithProvider("google", claims("g-1", ada));
  expect(browser.newSession.lifetime).toBe(days(30));
});

test.each(["", "Google", " google", "google\0", "email", "magic_link", "__proto__", "constructor"])(
  "there is no provider %j",
  async (provider) => {
    expect(await new Browser(world).run(startOAuth, { provider })).toEqual(refused("not_found"));
  },
);

test.each([
  ["has no keys", {}],
  ["is not among the sign-in methods", { ...keys, SIGN_IN_METHODS: "magic_link,linkedin" }],
])("no user can start with a provider that %s", async (_, vars) => {
  const off = world.with({ env: testEnv(vars) });
  expect(await new Browser(off).startOAuth("google")).toEqual(refused("not_found"));
  expect(await count(world, "oauth_attempts")).toBe(0);
});

describe("thirty in ten minutes from one network, with a refusal (R3)", () => {
  const [home, street] = ["2001:db8:1:2::7", "2001:db8:1:3::7"];
  const startOAuth = (ip: string) => new Browser(world, { ip }).startOAuth("google");
  const tooMany = refused("too_many_requests", { retryAfter: expect.any(Number) as never });

  const thirty = async () => {
    for (let n = 0; n < 30; n += 1)
      expect((await startOAuth(`2001:db8:1:2::${(n + 1).toString(16)}`)).ok).toBe(true);
  };

  test("whatever its addresses (IPv6 by /64) and whichever the provider; the next network is free", async () => {
    await thirty();
    expect(await startOAuth(home)).toEqual(tooMany);
    expect(await new Browser(world, { ip: home }).startOAuth("linkedin")).toEqual(tooMany);
    expect((await startOAuth(street)).ok).toBe(true);
    expect(await count(world, "oauth_attempts")).toBe(31);
    expect(
      await row(
        world.db,
        sql`select sum(count)::int as n from audit_counts
            where event = 'oauth.start' and outcome = 'too_many_requests'`,
      ),
    ).toEqual({ n: 2 });
    await world.advance(601);
    expect((await startOAuth(home)).ok).toBe(true);
  });

  test("starting to link counts as well; callbacks have a limit of thirty of their own", async () => {
    const browser = new Browser(world, { ip: home });
    await browser.signIn(ada);
    await thirty();
    expect(await browser.run(startLinkingProvider, { provider: "google" })).toEqual(tooMany);
    const stranger = new Browser(world, { ip: home });
    stranger.oauthAttempt = "x".repeat(43);
    for (let n = 0; n < 30; n += 1)
      expect(await stranger.finishOAuth("google", {})).toEqual(refused("oauth_state_invalid"));
    expect(await stranger.finishOAuth("google", {})).toEqual(tooMany);
  });

  test("of forty at once, thirty start", async () => {
    const responses = await Promise.all(Array.from({ length: 40 }, () => startOAuth(home)));
    expect(responses.filter(({ ok }) => ok)).toHaveLength(30);
  });
});
