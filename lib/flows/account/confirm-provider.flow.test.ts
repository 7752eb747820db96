import { describe, expect, test } from "vitest";
import { redeemMagicLink } from "@/lib/flows/sign-in/redeem-magic-link";
import { Browser } from "@/test/support/browser";
import { withChangeBeforeWrite } from "@/test/support/interleave";
import {
  claims,
  identitiesOf,
  keys,
  writeIdentityDirectly,
  outcomeOf,
} from "@/test/support/oauth-fixtures";
import { dump } from "@/test/support/invariants";
import { lettersOf } from "@/test/support/queries";
import { refused, setUpWorld } from "@/test/support/setup";
import type { TestWorld } from "@/test/support/world";
import { confirmProvider } from "./confirm-provider";

const world = await setUpWorld(keys);
const ada = "ada@example.com";

const confirm = (browser: Browser, provider: unknown = "google") =>
  browser.run(confirmProvider, { provider });

/**
 * Ada signed up with Google, then verified her email on another machine. There she is asked to
 * confirm Google.
 */
const signInUnconfirmed = async (where: TestWorld = world) => {
  await new Browser(where).signInWithProvider("google", claims("g-1", ada));
  const browser = new Browser(where);
  await browser.requestLink(ada);
  const redeemed = await browser.openLink(await where.letterTo(ada));
  expect(redeemed).toEqual({ ok: true, value: { next: "", needsConfirmation: true } });
  return browser;
};

test("ada confirms: Google opens her account again, and nothing else changes (O3)", async () => {
  const browser = await signInUnconfirmed();
  expect(await identitiesOf(world, ada)).toEqual(["google g-1 ?", "magic_link"]);
  const phone = new Browser(world);
  expect(outcomeOf(await phone.signInWithProvider("google", claims("g-1", ada)))).toBe(
    "ask_to_sign_in",
  );
  expect(await confirm(browser)).toEqual({ ok: true, value: { provider: "google" } });
  expect(await identitiesOf(world, ada)).toEqual(["google g-1", "magic_link"]);
  expect(outcomeOf(await phone.signInWithProvider("google", claims("g-1", ada)))).toBe("sign_in");
  // The requested link, and the sign-ins from two new devices; the confirmation sends none.
  expect(await lettersOf(world, ada)).toEqual([
    "magic_link sent",
    "new_device_sign_in queued",
    "new_device_sign_in queued",
  ]);
  expect(
    (await world.audit()).find(({ event }) => event === "auth_provider.confirm"),
  ).toMatchObject({
    outcome: "ok",
    cause: "google",
    subject: await world.userIdOf(ada),
  });
});

test("only an unconfirmed provider can be confirmed: not a linked, a confirmed, another user's or a missing one", async () => {
  const browser = await signInUnconfirmed();
  expect(await confirm(browser, "linkedin")).toEqual(refused("not_found"));
  await confirm(browser);
  expect(await confirm(browser)).toEqual(refused("not_found"));
  await new Browser(world).signInWithProvider("linkedin", claims("l-leo", "leo@example.com"));
  await writeIdentityDirectly(world, "leo@example.com", "google", "g-leo", {
    needsConfirmation: true,
  });
  const before = await identitiesOf(world, "leo@example.com");
  expect(await confirm(browser)).toEqual(refused("not_found"));
  expect(await identitiesOf(world, "leo@example.com")).toEqual(before);
});

test.each(["email", "magic_link", "", null, ["google"]])(
  "%j cannot be confirmed",
  async (provider) =>
    expect(await confirm(await signInUnconfirmed(), provider)).toEqual(refused("not_found")),
);

describe("requires a recent sign-in", () => {
  test.each([
    ["599 s", 599, { ok: true, value: { provider: "google" } }],
    ["601 s", 601, refused("step_up_required")],
  ])("%s after signing in", async (_, passed, outcome) => {
    await world.withFrozenTime(async (world) => {
      const browser = await signInUnconfirmed(world);
      await world.advance(passed);
      expect(await confirm(browser)).toEqual(outcome);
      expect(await identitiesOf(world, ada)).toContain(
        passed < 600 ? "google g-1" : "google g-1 ?",
      );
    });
  });

  test("a signed-out user is asked to sign in", async () => {
    expect(await confirm(new Browser(world))).toEqual(refused("sign_in_required"));
  });
});

test("a session from before the email verification confirms nothing, however quick the request (A5)", async () => {
  const mallory = new Browser(world);
  await mallory.signInWithProvider("google", claims("g-1", ada));
  const owner = new Browser(world);
  await owner.requestLink(ada);
  const { token } = await world.letterTo(ada);
  // Mallory's session is read, then Ada verifies her email, then Mallory's request goes on.
  const late = withChangeBeforeWrite(world, () => owner.run(redeemMagicLink, { token }));
  expect(await mallory.run(confirmProvider, { provider: "google" }, { world: late })).toEqual(
    refused("sign_in_required"),
  );
  expect(await identitiesOf(world, ada)).toEqual(["google g-1 ?", "magic_link"]);
});

test("whatever statement the database fails at: the provider is confirmed, or nothing happened", async () => {
  const browser = await signInUnconfirmed();
  const before = await dump(world);
  let after = 0;
  for (; ; after += 1) {
    world.failDatabaseAfter(after);
    const result = await confirm(browser);
    world.restoreDatabase();
    if (result.ok) break;
    expect(result).toEqual(refused("unavailable"));
    expect(await dump(world)).toBe(before);
  }
  expect(after).toBeGreaterThan(3);
});
