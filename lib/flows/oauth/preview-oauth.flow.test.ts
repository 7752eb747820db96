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

/** Somebody whose Google account has the address of ada's account, and who is not signed in. */
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
  },
});

test("who was brought back, and who is signed in here: both addresses are shown before a press (A3)", async () => {
  const browser = await asked();
  expect(await look(browser)).toEqual(seen(null));
  await browser.signIn("leo@example.com");
  expect(await look(browser)).toEqual(seen("leo@example.com"));
  await browser.signIn(ada);
  expect(await look(browser)).toEqual(seen(ada));
});

test("an identity that waits to be kept is for its owner, whatever its address, and for nobody else (O3)", async () => {
  const came = new Browser(world);
  await came.signInWithProvider("google", claims("g-1", ada));
  const unvouched = claims("g-1", "leo@example.com", { email_verified: false });
  await new Browser(world).signIn(ada);
  const browser = new Browser(world);
  await browser.signInWithProvider("google", unvouched);
  const asks = { address: null, hasOwner: true, isForSession: false };
  expect(await look(browser)).toMatchObject({ value: asks });
  await browser.signIn("leo@example.com");
  expect(await look(browser)).toMatchObject({ value: asks });
  await browser.signIn(ada);
  expect(await look(browser)).toMatchObject({ value: { ...asks, isForSession: true } });
});

test("what one session set out to connect is for that one alone, and said to be so", async () => {
  const browser = new Browser(world);
  await browser.signIn(ada);
  await browser.run(startLinkingProvider, { provider: "google" });
  await browser.finishOAuth("google", claims("g-1", "ada@other.example"));
  expect(await look(browser)).toMatchObject({ value: { isForSession: true, isLink: true } });
  await browser.signIn(ada);
  expect(await look(browser)).toMatchObject({ value: { isForSession: false, isLink: true } });
});

test("no address is shown that the provider does not vouch for", async () => {
  await new Browser(world).signInWithProvider("google", claims("g-1", ada));
  const browser = new Browser(world);
  await browser.signIn("leo@example.com");
  await browser.signInWithProvider(
    "google",
    claims("g-1", "mallory@example.com", { email_verified: false }),
  );
  expect(await look(browser)).toMatchObject({ value: { address: null } });
});

test("looking changes nothing, however often", async () => {
  const browser = await asked();
  const before = await dump(world);
  for (let n = 0; n < 3; n += 1) await look(browser);
  expect(browser.cookieChanges).toEqual({});
  expect(await dump(world)).toBe(before);
});

test("nothing waits in another browser, nor before the return, nor once it was used", async () => {
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
])("what was proven waits ten minutes, counted from the return: %s", async (_, passed, waits) => {
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
