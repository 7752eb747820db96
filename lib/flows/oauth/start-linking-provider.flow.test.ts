import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { row } from "@/db/rows";
import { Browser } from "@/test/support/browser";
import { keys, writeIdentityDirectly } from "@/test/support/oauth-fixtures";
import { count } from "@/test/support/queries";
import { refused, setUpWorld } from "@/test/support/setup";
import { testEnv } from "@/test/support/world";
import { startLinkingProvider } from "./start-linking-provider";

const world = await setUpWorld(keys);
const ada = "ada@example.com";

const set = (browser: Browser, provider: unknown = "google") =>
  browser.run(startLinkingProvider, { provider });

const signedIn = async (where = world) => {
  const browser = new Browser(where);
  await browser.signIn(ada);
  return browser;
};

test("ada starts linking: the attempt belongs to this session alone", async () => {
  const browser = await signedIn();
  expect(await set(browser)).toEqual({
    ok: true,
    value: { provider: "google", url: "https://google.example/authorize" },
  });
  expect(browser.cookieChanges).toEqual({
    oauthAttempt: browser.oauthAttempt,
    oauthProtocol: { provider: "google", state: "a-state", checks: "" },
  });
  expect(
    await row(
      world.db,
      sql`select session_id = (select id from sessions) as hers, remember, next from oauth_attempts`,
    ),
  ).toEqual({ hers: true, remember: false, next: "" });
  expect((await world.audit()).at(-1)).toMatchObject({
    event: "oauth.start_linking",
    outcome: "ok",
    cause: "google",
    subject: await world.userIdOf(ada),
  });
});

test("a linked provider cannot be linked again; another provider can", async () => {
  const browser = await signedIn();
  await writeIdentityDirectly(world, ada, "google", "g-1");
  expect(await set(browser)).toEqual(refused("provider_already_linked", { provider: "google" }));
  expect(browser.cookieChanges).toEqual({});
  expect(await count(world, "oauth_attempts")).toBe(0);
  expect((await set(browser, "linkedin")).ok).toBe(true);
});

test("an unconfirmed provider can be linked again", async () => {
  const browser = await signedIn();
  await writeIdentityDirectly(world, ada, "google", "g-1", { needsConfirmation: true });
  expect((await set(browser)).ok).toBe(true);
});

describe("requires a recent sign-in (A2)", () => {
  test.each([
    [
      "599 s",
      599,
      { ok: true, value: { provider: "google", url: "https://google.example/authorize" } },
    ],
    ["601 s", 601, refused("step_up_required")],
  ])("%s after signing in", async (_, passed, result) => {
    await world.withFrozenTime(async (world) => {
      const browser = await signedIn(world);
      await world.advance(passed);
      expect(await set(browser)).toEqual(result);
      expect(browser.oauthAttempt !== null).toBe(passed < 600);
    });
  });

  test("a signed-out user is asked to sign in", async () => {
    expect(await set(new Browser(world))).toEqual(refused("sign_in_required"));
  });
});

test.each(["", "facebook", "email", null, ["google"], { toString: "google" }])(
  "there is no provider %j",
  async (provider) => expect(await set(await signedIn(), provider)).toEqual(refused("not_found")),
);

test("a disabled provider cannot be started", async () => {
  const browser = await signedIn();
  for (const vars of [{}, { ...keys, SIGN_IN_METHODS: "magic_link,linkedin" }])
    expect(
      await browser.run(
        startLinkingProvider,
        { provider: "google" },
        { world: world.with({ env: testEnv(vars) }) },
      ),
    ).toEqual(refused("not_found"));
  expect(await count(world, "oauth_attempts")).toBe(0);
});
