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
import { beginHandshake } from "./start-oauth";
import { beginLink } from "./start-linking-provider";

const world = await setUpWorld(keys);
const ada = "ada@example.com";

test("ada sets out: her browser alone has the token, and nobody is anybody yet", async () => {
  const browser = new Browser(world);
  expect(await browser.leave("google")).toEqual({ ok: true, value: { provider: "google" } });
  expect(browser.handover).toEqual({ handshake: expect.stringMatching(/^[\w-]{43}$/) as string });
  expect(
    await row(
      world.db,
      sql`select token_digest as digest, provider, session_id, subject, returned_at from handshakes`,
    ),
  ).toEqual({
    digest: digest("handshake", browser.handshake!),
    provider: "google",
    session_id: null,
    subject: null,
    returned_at: null,
  });
  expect(await count(world, "users")).toBe(0);
  expect((await world.audit()).at(-1)).toMatchObject({
    event: "handshake.begin",
    outcome: "ok",
    cause: "google",
    subject: null,
  });
});

test("for as long as she wished, and to the page she wanted", async () => {
  const browser = new Browser(world);
  await browser.run(beginHandshake, { provider: "google", keep: "on", next: "/account" });
  expect(await browser.comeBack("google", claims("g-1", ada))).toMatchObject({
    value: { next: "/account" },
  });
  expect(browser.grant.lifetime).toBe(days(90));
  await browser.travel("google", claims("g-1", ada));
  expect(browser.grant.lifetime).toBe(days(30));
});

test.each(["", "Google", " google", "google\0", "email", "magic_link", "__proto__", "constructor"])(
  "there is no provider %j",
  async (provider) => {
    expect(await new Browser(world).run(beginHandshake, { provider })).toEqual(
      refused("not_found"),
    );
  },
);

test.each([
  ["has no keys", {}],
  ["is not among the ways in", { ...keys, SIGN_IN_METHODS: "magic_link,linkedin" }],
])("nobody sets out for a provider that %s", async (_, vars) => {
  const off = world.but({ env: testEnv(vars) });
  expect(await new Browser(off).leave("google")).toEqual(refused("not_found"));
  expect(await count(world, "handshakes")).toBe(0);
});

describe("thirty in ten minutes from one network, said aloud (R3)", () => {
  const [home, street] = ["2001:db8:1:2::7", "2001:db8:1:3::7"];
  const leave = (ip: string) => new Browser(world, { ip }).leave("google");
  const tooMany = refused("too_many_requests", { retryAfter: expect.any(Number) as never });

  const thirty = async () => {
    for (let n = 0; n < 30; n += 1)
      expect((await leave(`2001:db8:1:2::${(n + 1).toString(16)}`)).ok).toBe(true);
  };

  test("whatever its addresses (IPv6 by /64) and whichever the provider; the next one is free", async () => {
    await thirty();
    expect(await leave(home)).toEqual(tooMany);
    expect(await new Browser(world, { ip: home }).leave("linkedin")).toEqual(tooMany);
    expect((await leave(street)).ok).toBe(true);
    expect(await count(world, "handshakes")).toBe(31);
    expect(
      await row(
        world.db,
        sql`select sum(count)::int as n from audit_counts
            where event = 'handshake.begin' and outcome = 'too_many_requests'`,
      ),
    ).toEqual({ n: 2 });
    await world.age(601);
    expect((await leave(home)).ok).toBe(true);
  });

  test("setting out to connect is one of them; coming back has thirty of its own", async () => {
    const browser = new Browser(world, { ip: home });
    await browser.signIn(ada);
    await thirty();
    expect(await browser.run(beginLink, { provider: "google" })).toEqual(tooMany);
    const stranger = new Browser(world, { ip: home });
    stranger.handshake = "x".repeat(43);
    for (let n = 0; n < 30; n += 1)
      expect(await stranger.comeBack("google", {})).toEqual(refused("handshake_lost"));
    expect(await stranger.comeBack("google", {})).toEqual(tooMany);
  });

  test("forty at once: thirty set out", async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => leave(home)));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(30);
  });
});
