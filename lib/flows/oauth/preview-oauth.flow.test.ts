import { expect, test } from "vitest";
import { linkProvider } from "@/lib/flows/account/link-provider";
import { Browser } from "@/test/support/browser";
import { claims, keys } from "@/test/support/oauth-fixtures";
import { dump } from "@/test/support/invariants";
import { refused, setUpWorld } from "@/test/support/setup";
import { startLinkingProvider } from "./start-linking-provider";
import { previewOAuth } from "./preview-oauth";

const world = await setUpWorld(keys);
const ada = "ada@example.com";
const lost = refused("oauth_state_invalid", { cause: "no_pending_identity" });

const look = (browser: Browser) =>
  browser.run(previewOAuth, { pendingIdentity: browser.pendingIdentity ?? "" });

/** A signed-out person whose Google account has the address of Ada's account. */
const asked = async (where = world) => {
  await new Browser(where).signIn(ada);
  const browser = new Browser(where);
  await browser.startOAuth("google", { next: "/account" });
  await browser.finishOAuth("google", claims("g-1", ada));
  return browser;
};

const seen = (signedInAs: string | null) => ({
  ok: true,
  value: {
    ...{ provider: "google", address: ada, signedInAs },
    isForSession: signedInAs === ada,
    isLink: false,
    hasOwner: false,
    isRepeatable: false,
  },
});

test("shows both addresses before the person confirms: the provider's and the signed-in user's (A3)", async () => {
  const browser = await asked();
  expect(await look(browser)).toEqual(seen(null));
  await browser.signIn("leo@example.com");
  expect(await look(browser)).toEqual(seen("leo@example.com"));
  await browser.signIn(ada);
  expect(await look(browser)).toEqual(seen(ada));
});

test("shows an unconfirmed identity only to its owner, whatever its address (O3)", async () => {
  const signedOutBrowser = new Browser(world);
  await signedOutBrowser.signInWithProvider("google", claims("g-1", ada));
  const unverified = claims("g-1", "leo@example.com", { email_verified: false });
  await new Browser(world).signIn(ada);
  const browser = new Browser(world);
  await browser.signInWithProvider("google", unverified);
  const asks = { address: null, hasOwner: true, isForSession: false };
  expect(await look(browser)).toMatchObject({ value: asks });
  await browser.signIn("leo@example.com");
  expect(await look(browser)).toMatchObject({ value: asks });
  await browser.signIn(ada);
  expect(await look(browser)).toMatchObject({ value: { ...asks, isForSession: true } });
});

test("shows a linking only to the session that started it, and says that it is a linking", async () => {
  const browser = new Browser(world);
  await browser.signIn(ada);
  await browser.run(startLinkingProvider, { provider: "google" });
  await browser.finishOAuth("google", claims("g-1", "ada@other.example"));
  expect(await look(browser)).toMatchObject({ value: { isForSession: true, isLink: true } });
  await browser.signIn(ada);
  expect(await look(browser)).toMatchObject({ value: { isForSession: false, isLink: true } });
});

test("shows no address that the provider has not verified", async () => {
  await new Browser(world).signInWithProvider("google", claims("g-1", ada));
  const browser = new Browser(world);
  await browser.signIn("leo@example.com");
  await browser.signInWithProvider(
    "google",
    claims("g-1", "mallory@example.com", { email_verified: false }),
  );
  expect(await look(browser)).toMatchObject({ value: { address: null } });
});

test("changes nothing, however often the page is loaded", async () => {
  const browser = await asked();
  const before = await dump(world);
  for (let n = 0; n < 3; n += 1) await look(browser);
  expect(browser.cookieChanges).toEqual({});
  expect(await dump(world)).toBe(before);
});

test("finds nothing in another browser, before the callback, or after use", async () => {
  const browser = await asked();
  expect(await look(new Browser(world))).toEqual(lost);
  const onTheWay = new Browser(world);
  await onTheWay.startOAuth("google");
  expect(await look(onTheWay)).toEqual(lost);
  await browser.signIn(ada);
  const { pendingIdentity } = browser;
  expect((await browser.run(linkProvider, { pendingIdentity })).ok).toBe(true);
  expect(await browser.run(previewOAuth, { pendingIdentity })).toEqual(lost);
});

test.each([
  ["9:59", 599, true],
  ["10:01", 601, false],
])("a pending identity expires ten minutes after the callback: %s", async (_, passed, waits) => {
  await world.withFrozenTime(async (world) => {
    await new Browser(world).signIn(ada);
    const browser = new Browser(world);
    await browser.startOAuth("google", { next: "/account" });
    await world.advance(500);
    await browser.finishOAuth("google", claims("g-1", ada));
    await world.advance(passed);
    expect(await look(browser)).toEqual(waits ? seen(null) : lost);
  });
});
