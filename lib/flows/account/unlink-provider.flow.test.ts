import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { removePassword } from "@/lib/flows/password/remove-password";
import { readSession } from "@/lib/flows/sessions/read-session";
import { Browser } from "@/test/support/browser";
import { runDuringCommitOf, withChangeBeforeWrite } from "@/test/support/interleave";
import {
  claims,
  identitiesOf,
  keys,
  linksOff,
  writeIdentityDirectly,
  outcomeOf,
} from "@/test/support/oauth-fixtures";
import { dump } from "@/test/support/invariants";
import { disable, methodsOf } from "@/test/support/queries";
import { validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { testEnv, type TestWorld } from "@/test/support/world";
import { unlinkProvider } from "./unlink-provider";

const world = await setUpWorld(keys);
const withoutLinks = world.with({ env: testEnv(linksOff) });

const ada = "ada@example.com";
const unlinked = (provider: string) => ({ ok: true, value: { provider } });

const disconnect = (browser: Browser, provider: unknown = "google", where = browser.world) =>
  browser.run(unlinkProvider, { provider }, { world: where });

/** Ada, signed in by a link, with Google. */
const linked = async (where: TestWorld = world) => {
  const browser = new Browser(where);
  await browser.signIn(ada);
  await writeIdentityDirectly(where, ada, "google", "g-1");
  return browser;
};

/** Ada, who can sign in only with providers. */
const byProviders = async (...providers: ("google" | "linkedin")[]) => {
  const [first, ...others] = providers;
  const browser = new Browser(withoutLinks);
  await browser.signInWithProvider(first!, claims(`${first}-1`, ada));
  for (const provider of others) await writeIdentityDirectly(world, ada, provider, `${provider}-1`);
  return browser;
};

test("ada disconnects Google: it no longer opens the account, and she gets an email (A2)", async () => {
  const browser = await linked();
  expect(await disconnect(browser)).toEqual(unlinked("google"));
  expect(await methodsOf(world, ada)).toEqual(["magic_link"]);
  const { message } = await world.letterTo(ada);
  expect(message.subject).toContain("Google");
  expect(message.text).toContain("Firefox on Linux");
  expect((await world.audit()).at(-1)).toMatchObject({
    event: "auth_provider.unlink",
    outcome: "ok",
    cause: "google",
    subject: await world.userIdOf(ada),
  });
  const late = new Browser(world);
  expect(outcomeOf(await late.signInWithProvider("google", claims("g-1", ada)))).toBe(
    "ask_to_sign_in",
  );
  expect(await browser.run(readSession)).toMatchObject({ value: { email: ada } });
});

test("disconnected again, it finds nothing, and no second email is sent", async () => {
  const browser = await linked();
  await disconnect(browser);
  expect(await disconnect(browser)).toEqual(refused("not_found"));
  expect(await world.deliver()).toHaveLength(1);
});

test("leo's Google stays connected", async () => {
  const browser = new Browser(world);
  await browser.signIn(ada);
  await new Browser(world).signInWithProvider("google", claims("g-leo", "leo@example.com"));
  expect(await disconnect(browser)).toEqual(refused("not_found"));
  expect(await methodsOf(world, "leo@example.com")).toEqual(["google"]);
});

test.each(["magic_link", "email", "", "Google", null, ["google"]])(
  "%j cannot be disconnected",
  async (provider) =>
    expect(await disconnect(await linked(), provider)).toEqual(refused("not_found")),
);

test("a user who never used a link may disconnect the only provider while links are enabled (A4)", async () => {
  const browser = new Browser(world);
  await browser.signInWithProvider("google", claims("g-1", ada));
  expect(await disconnect(browser)).toEqual(unlinked("google"));
  expect(await methodsOf(world, ada)).toEqual([]);
  await world.deliver();
  const phone = new Browser(world);
  await phone.signIn(ada);
  expect(await methodsOf(world, ada)).toEqual(["magic_link"]);
});

describe("where links are disabled, the last usable sign-in method stays (A4)", () => {
  const stays = async (browser: Browser, where: TestWorld = withoutLinks) => {
    const before = await identitiesOf(world, ada);
    expect(await disconnect(browser, "google", where)).toEqual(refused("last_sign_in_method"));
    expect(await identitiesOf(world, ada)).toEqual(before);
    expect(await world.deliver()).toEqual([]);
  };

  test("Google as the only method", async () => {
    await stays(await byProviders("google"));
    expect((await world.audit()).at(-1)).toMatchObject({
      event: "auth_provider.unlink",
      outcome: "last_sign_in_method",
      cause: "google",
    });
  });

  test("Google beside a link that was used before", async () => {
    const browser = await linked();
    await world.deliver();
    await stays(browser);
  });

  test("Google beside a LinkedIn that needs confirmation", async () => {
    const browser = await byProviders("google");
    await writeIdentityDirectly(world, ada, "linkedin", "l-1", { needsConfirmation: true });
    await stays(browser);
  });

  test.each([
    [
      "has no keys",
      { AUTH_LINKEDIN_ID: "", AUTH_LINKEDIN_SECRET: "", SIGN_IN_METHODS: "password,google" },
    ],
    ["is disabled", { SIGN_IN_METHODS: "password,google" }],
  ])("Google beside a LinkedIn that %s", async (_, vars) => {
    const browser = await byProviders("google", "linkedin");
    await stays(browser, world.with({ env: testEnv({ ...linksOff, ...vars }) }));
  });

  test("Google may go beside another usable method: LinkedIn, a password", async () => {
    expect(await disconnect(await byProviders("google", "linkedin"))).toEqual(unlinked("google"));
    expect(await methodsOf(world, ada)).toEqual(["linkedin"]);
    await world.reset();
    const browser = new Browser(withoutLinks);
    await browser.signUpAndVerify(ada, validPassword);
    await writeIdentityDirectly(world, ada, "google", "g-1");
    expect(await disconnect(browser)).toEqual(unlinked("google"));
    expect(await methodsOf(world, ada)).toEqual(["email"]);
  });

  test("an unconfirmed or disabled provider may always go", async () => {
    const browser = await byProviders("linkedin");
    await writeIdentityDirectly(world, ada, "google", "g-1", { needsConfirmation: true });
    expect(await disconnect(browser)).toEqual(unlinked("google"));
    await writeIdentityDirectly(world, ada, "google", "g-1");
    const off = world.with({ env: testEnv({ ...linksOff, SIGN_IN_METHODS: "password,linkedin" }) });
    expect(await disconnect(browser, "google", off)).toEqual(unlinked("google"));
    expect(await methodsOf(world, ada)).toEqual(["linkedin"]);
  });

  const last = refused("last_sign_in_method");

  test("of two providers disconnected at once, one stays", async () => {
    for (let round = 0; round < 6; round += 1) {
      const browser = await byProviders("google", "linkedin");
      const responses = await Promise.all([
        disconnect(browser, "google"),
        disconnect(browser, "linkedin"),
      ]);
      expect(responses.filter(({ ok }) => ok)).toHaveLength(1);
      expect(responses).toContainEqual(last);
      expect(await methodsOf(world, ada)).toHaveLength(1);
      await world.reset();
    }
  });

  test("a method about to be removed does not count as another", async () => {
    const browser = await byProviders("google", "linkedin");
    expect(
      await runDuringCommitOf(
        world,
        ({ db }) => disconnect(browser, "google", withoutLinks.with({ db })),
        () => disconnect(browser, "linkedin"),
      ),
    ).toEqual([unlinked("google"), last]);
  });

  test("of a provider and the password removed at once, one stays", async () => {
    const home = new Browser(withoutLinks);
    await home.signUpAndVerify(ada, validPassword);
    for (let round = 0; round < 6; round += 1) {
      await world.writeDirectly((tx) =>
        tx.execute(sql`with way as (
            insert into auth_providers (user_id, provider) select id, 'email' from users on conflict do nothing)
          update users set password_hash = '$argon2id$x'`),
      );
      await world.writeDirectly((tx) =>
        tx.execute(sql`delete from auth_providers where provider = 'google'`),
      );
      await writeIdentityDirectly(world, ada, "google", "g-1");
      const responses = await Promise.all([
        round % 2 ? disconnect(home) : home.run(removePassword),
        round % 2 ? home.run(removePassword) : disconnect(home),
      ]);
      expect(responses.filter(({ ok }) => ok)).toHaveLength(1);
      expect(responses).toContainEqual(last);
      expect(await methodsOf(world, ada)).toHaveLength(1);
    }
  });

  test.each([
    ["the password about to be removed, Google stays", true],
    ["Google about to be disconnected, the password stays", false],
  ])("with %s", async (_, passwordFirst) => {
    const home = new Browser(withoutLinks);
    await home.signUpAndVerify(ada, validPassword);
    await writeIdentityDirectly(world, ada, "google", "g-1");
    const remove = (where: TestWorld) => home.run(removePassword, {}, { world: where });
    const drop = (where: TestWorld) => disconnect(home, "google", where);
    const [first, second] = passwordFirst ? [remove, drop] : [drop, remove];
    const [done, refusedThen] = await runDuringCommitOf<{ ok: boolean }, { ok: boolean }>(
      world,
      ({ db }) => first(withoutLinks.with({ db })),
      () => second(withoutLinks),
    );
    expect([done.ok, refusedThen]).toEqual([true, last]);
    expect(await methodsOf(world, ada)).toEqual([passwordFirst ? "google" : "email"]);
  });
});

describe("requires a recent sign-in (A2)", () => {
  test.each([
    ["599 s", 599, unlinked("google")],
    ["601 s", 601, refused("step_up_required")],
  ])("%s after signing in", async (_, passed, outcome) => {
    await world.withFrozenTime(async (world) => {
      const browser = await linked(world);
      await world.advance(passed);
      expect(await disconnect(browser)).toEqual(outcome);
      expect(await methodsOf(world, ada)).toHaveLength(passed < 600 ? 1 : 2);
    });
  });

  test("a signed-out user is asked to sign in", async () => {
    expect(await disconnect(new Browser(world))).toEqual(refused("sign_in_required"));
  });

  test("an account disabled while the request is running loses nothing", async () => {
    const browser = await linked();
    const outcome = await disconnect(
      browser,
      "google",
      withChangeBeforeWrite(world, () => disable(world, ada)),
    );
    expect(outcome).toEqual(refused("sign_in_required"));
    expect(await methodsOf(world, ada)).toEqual(["google", "magic_link"]);
  });
});

test("of twenty requests at once, one succeeds and sends one email", async () => {
  const browser = await linked();
  const responses = await Promise.all(Array.from({ length: 20 }, () => disconnect(browser)));
  expect(responses.filter(({ ok }) => ok)).toHaveLength(1);
  expect(responses.filter(({ ok }) => !ok)).toEqual(Array(19).fill(refused("not_found")));
  expect(await world.deliver()).toHaveLength(1);
});

test("whatever statement the database fails at: the provider is disconnected, or nothing happened", async () => {
  const browser = await linked();
  const before = await dump(world);
  let after = 0;
  for (; ; after += 1) {
    world.failDatabaseAfter(after);
    const result = await disconnect(browser);
    world.restoreDatabase();
    if (result.ok) break;
    expect(result).toEqual(refused("unavailable"));
    expect(await dump(world)).toBe(before);
  }
  expect(after).toBeGreaterThan(4);
});
