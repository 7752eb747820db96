import { describe, expect, test } from "vitest";
import { startLinkingProvider } from "@/lib/flows/oauth/start-linking-provider";
import { redeemPasswordResetCode } from "@/lib/flows/password/redeem-password-reset-code";
import { requestPasswordReset } from "@/lib/flows/password/request-password-reset";
import { setPassword } from "@/lib/flows/password/set-password";
import { Browser } from "@/test/support/browser";
import { claims, keys, linksOff, writeIdentityDirectly } from "@/test/support/oauth-fixtures";
import { otherPassword, validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { testEnv, type TestWorld } from "@/test/support/world";
import { linkProvider } from "./link-provider";
import { listAuthProviders } from "./list-auth-providers";

const world = await setUpWorld(keys);
const ada = "ada@example.com";

const listed = async (browser: Browser, where: TestWorld = world) => {
  const result = await browser.run(listAuthProviders, {}, { world: where });
  if (!result.ok) throw new Error(result.refusal.code);
  return result.value;
};

test("ada sees her sign-in methods, each with the dates of its first and last use (A1)", async () => {
  const browser = new Browser(world);
  await browser.signIn(ada);
  const [first, ...none] = await listed(browser);
  expect(none).toEqual([]);
  expect(first).toMatchObject({ provider: "magic_link" });
  await world.advance(120);
  const [older] = await listed(browser);
  await browser.signIn(ada);
  const [used] = await listed(browser);
  expect(used!.createdAt).toEqual(older!.createdAt);
  expect(used!.lastUsedAt!.getTime()).toBeGreaterThan(older!.lastUsedAt!.getTime());
});

test("what ada only set or connected was never used, until she signs in with it", async () => {
  const used = async (browser: Browser) =>
    (await listed(browser)).map(({ provider, lastUsedAt }) => [provider, lastUsedAt !== null]);
  const browser = new Browser(world);
  await browser.signIn(ada);
  expect((await browser.run(setPassword, { password: validPassword })).ok).toBe(true);
  expect((await browser.run(startLinkingProvider, { provider: "google" })).ok).toBe(true);
  await browser.finishOAuth("google", claims("g-1", ada));
  const { pendingIdentity = "" } = browser;
  expect((await browser.run(linkProvider, { pendingIdentity })).ok).toBe(true);
  expect(await used(browser)).toEqual([
    ["magic_link", true],
    ["email", false],
    ["google", false],
  ]);
  // A second password is no use of the first one.
  await browser.run(setPassword, { password: otherPassword });
  await browser.signInWithProvider("google", claims("g-1", ada));
  expect(await used(browser)).toEqual([
    ["google", true],
    ["magic_link", true],
    ["email", false],
  ]);
  await browser.signInWithPassword(ada, otherPassword);
  expect((await used(browser))[0]).toEqual(["email", true]);
});

test("a reset signs in with the new password, which is a use of it", async () => {
  const browser = new Browser(world);
  await browser.signIn(ada);
  await browser.run(requestPasswordReset, { email: ada });
  const { code } = await world.letterTo(ada);
  const reset = await browser.run(redeemPasswordResetCode, {
    email: ada,
    code,
    password: validPassword,
  });
  expect(reset.ok).toBe(true);
  const [latest] = await listed(browser);
  expect(latest).toMatchObject({ provider: "email", lastUsedAt: expect.any(Date) as Date });
});

test("leo sees only his own", async () => {
  await new Browser(world).signIn(ada);
  const leos = new Browser(world);
  await leos.signIn("leo@example.com");
  expect(await listed(leos)).toHaveLength(1);
});

test("a signed-out user is asked to sign in", async () => {
  expect(await new Browser(world).run(listAuthProviders)).toEqual(refused("sign_in_required"));
});

describe("what each method can do (A4)", () => {
  /** Ada with a password, Google and a LinkedIn that needs confirmation. */
  const settled = async () => {
    const browser = new Browser(world);
    await browser.signUpAndVerify(ada, validPassword);
    await writeIdentityDirectly(world, ada, "google", "g-1");
    await writeIdentityDirectly(world, ada, "linkedin", "l-1", { needsConfirmation: true });
    return browser;
  };

  /** The methods that open the account, the last one marked with "!". */
  const good = async (browser: Browser, vars: Record<string, string>) =>
    (await listed(browser, world.with({ env: testEnv(vars) })))
      .filter(({ isUsable }) => isUsable)
      .map(({ provider, isLast }) => (isLast ? `${provider}!` : provider))
      .sort();

  test.each([
    ["all methods enabled", keys, ["email", "google"]],
    ["links disabled", linksOff, ["email", "google"]],
    ["links disabled, Google without keys", { SIGN_IN_METHODS: "password" }, ["email!"]],
    ["links and Google disabled", { ...keys, SIGN_IN_METHODS: "password,linkedin" }, ["email!"]],
    ["only links", { SIGN_IN_METHODS: "magic_link" }, []],
    ["links and Google", { ...keys, SIGN_IN_METHODS: "magic_link,google" }, ["google"]],
    ["links, and an unconfirmed provider", { ...keys, SIGN_IN_METHODS: "magic_link,linkedin" }, []],
  ])("with %s", async (_, vars, usableMethods) => {
    expect(await good(await settled(), vars)).toEqual(usableMethods);
  });

  test("an unconfirmed one says so, with her account there, and is never the last", async () => {
    const [google, linkedin] = (
      await listed(await settled(), world.with({ env: testEnv(linksOff) }))
    )
      .filter(({ provider }) => provider !== "email")
      .sort((a, b) => a.provider.localeCompare(b.provider));
    expect(google).toMatchObject({ address: ada, needsConfirmation: false, isUsable: true });
    expect(linkedin).toMatchObject({
      address: ada,
      needsConfirmation: true,
      isUsable: false,
      isLast: false,
    });
  });
});

test("her account there is shown as it was when it was linked, whatever Google says later", async () => {
  const browser = new Browser(world);
  await browser.signInWithProvider("google", claims("g-1", ada));
  await browser.signInWithProvider("google", claims("g-1", "ada@new.example"));
  expect(await listed(browser)).toMatchObject([{ provider: "google", address: ada }]);
});
